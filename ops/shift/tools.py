"""What a shift needs of the world; tests give their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops.color import Color
    from ops.config import Configured
    from ops.hold import Hold
    from ops.journal import ClusterJournal
    from ops.notify import Event
    from ops.shift.entry import Shift
    from ops.state import LiveTraffic
    from ops.watching.judging import Verdict

Say = Callable[[str], None]
Alive = Callable[[], None]
"""Raises if another run could be at work by now."""


class Traffic(Protocol):
    """The public's traffic as it is live. Each raises CouldNotFindOut."""

    def live(self) -> LiveTraffic | None:
        """By the route; None where there is none."""
        ...

    def hold(self) -> Hold | None:
        """The hold that stands, if one does."""
        ...


class Watcher(Protocol):
    """Looks at the colors."""

    def before(self, origin: Color) -> Verdict:
        """How the color does that serves, before anything moves."""
        ...

    def step(self, shift: Shift, moved: Callable[[], str]) -> Verdict:
        """Watch a step until its time is over. `moved` says who moved traffic meanwhile."""
        ...


@dataclass(frozen=True)
class Tools:
    """All of it.

    `deployed` has the version that was deployed last for each color. `emergency` takes all traffic
    from the shift's target without Pulumi, or raises. `exclusive` keeps a second run out.
    """

    stack: Configured
    deployed: Mapping[Color, str]
    traffic: Traffic
    journal: ClusterJournal[Shift]
    watcher: Watcher
    emergency: Callable[[Shift, str], None]
    exclusive: Callable[[], AbstractContextManager[Alive]]
    tell: Callable[[Event], object]
    now: Callable[[], datetime]
    by: str
    say: Say
