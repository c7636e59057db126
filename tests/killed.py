"""A run that dies at a place of its own choosing."""

from __future__ import annotations

import pytest

from ops import failpoint


class Killed(BaseException):
    """What `kill -9` is to a process: nothing of ours catches it, nothing tidies up after it."""


class Places:
    """The places that were reached; at the one that is armed the run dies."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached: list[str] = []
        self.armed = ""
        monkeypatch.setattr(failpoint, "reach", self.reach)

    def reach(self, name: str) -> None:
        self.reached.append(name)
        if name == self.armed:
            self.armed = ""
            raise Killed(name)
