"""One way of telling people, and the one error it may end with."""

from typing import Protocol

from ops.notify.model import Event


class Undelivered(Exception):
    """The message did not arrive, or nobody knows that it did."""


class Channel(Protocol):
    """A way of telling people. `name` is what failures and counters call it."""

    @property
    def name(self) -> str:
        """Its name."""

    def wants(self, event: Event) -> bool:
        """Whether such an event is told here."""

    def send(self, event: Event) -> None:
        """Tell it, within seconds. Raises Undelivered."""
