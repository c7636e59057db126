"""A server's clock, read through this machine's own: the one that all who write there share.

What machines write down and others compare (who gained traffic when) must not depend on whose
machine is an hour off. Nothing here is for waiting: that is for a monotonic clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ops.errors import CouldNotFindOut

SLACK: Final = timedelta(seconds=2)
"""Clocks that differ less are the same: servers tell the time in whole seconds."""
ASKED_AGAIN_SECONDS: Final = 60.0


def own() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


def ahead(theirs: datetime, ours: datetime) -> timedelta:
    """How far another clock is ahead of ours; nothing for as little as nobody can tell."""
    found = theirs - ours
    return found if abs(found) > SLACK else timedelta()


@dataclass
class SharedClock:
    """The server's clock; `ask` gives its time, None where it tells none: our own counts then."""

    ask: Callable[[], datetime | None]
    wall: Callable[[], datetime] = lambda: own()  # noqa: PLW0108 looked up when it is asked
    monotonic: Callable[[], float] = time.monotonic
    _ahead: timedelta | None = field(init=False, default=None)
    _asked: float = field(init=False, default=0.0)

    def now(self) -> datetime:
        """The time there. Raises CouldNotFindOut where it was never told yet."""
        if self._ahead is None or self.monotonic() - self._asked > ASKED_AGAIN_SECONDS:
            self._ahead = self._measured()
            self._asked = self.monotonic()
        return self.wall() + self._ahead

    def _measured(self) -> timedelta:
        try:
            theirs = self.ask()
        except CouldNotFindOut:
            if self._ahead is None:
                raise
            return self._ahead
        return timedelta() if theirs is None else ahead(theirs, self.wall())
