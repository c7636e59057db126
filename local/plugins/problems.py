"""What goes wrong in a provider stand-in, whichever cloud it is for."""

from __future__ import annotations

from local.plugins.values import Properties


class RefusedError(Exception):
    """What the program asks for is wrong, or not done by this provider; shown as it is."""


class InitFailedError(Exception):
    """The object exists, but is not what it should be: kept in the state, reported as failed."""

    def __init__(self, message: str, resource_id: str, state: Properties, reasons: list[str]):
        super().__init__(message)
        self.resource_id = resource_id
        self.state = state
        self.reasons = reasons
        self.inputs: Properties | None = None
