"""What a release needs of the world; tests give their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops.checklist import Line
    from ops.config import Reconfigured
    from ops.journal import ClusterJournal
    from ops.notify import Event, Failure
    from ops.release.entry import Release
    from ops.shift.tools import Alive, Traffic
    from ops.shift.tools import Tools as Shifting
    from ops.verdict import Finding

Say = Callable[[str], None]


class Checks(Protocol):
    """Looking, without changing. Each raises Refused for bad, CouldNotFindOut for unknown."""

    def preflight(self, release: Release) -> list[Line]:
        """The checklist."""
        ...

    def warm_up(self, release: Release) -> str:
        """Warm the color up through its preview host."""
        ...

    def smoke(self, release: Release) -> list[Line]:
        """The smoke tests on its preview host."""
        ...

    def digests(self, release: Release) -> Mapping[str, tuple[str, ...]]:
        """What its images turned out to be, by service, as far as pods say it."""
        ...

    def images(self, release: Release) -> list[Line]:
        """Whether they are those that passed staging; no line where no staging is known."""
        ...

    def browse(self, release: Release) -> list[Line]:
        """The manual checklist in a browser, on its preview host."""
        ...

    def background(self) -> Sequence[Finding]:
        """Why it is not exactly one color that runs workers and cron jobs."""
        ...


class Data(Protocol):
    """The database."""

    def back_up(self, label: str) -> str:
        """Take a backup, or find the one with this label; its id."""
        ...

    def verify(self, backup: str) -> str:
        """Prove it by a restore, unless that was done."""
        ...

    def expand(self, release: Release) -> list[str]:
        """Run what is pending up to the first contract; what was run, and what is left."""
        ...


class Silences(Protocol):
    """Warnings that are kept from people meanwhile."""

    def put(self, label: str, minutes: int) -> str:
        """Make the silence, or renew it; a sentence on it."""
        ...

    def end(self, label: str) -> str:
        """End it if it stands; a sentence on it, also where that is not to be had."""
        ...


@dataclass(frozen=True)
class Tools:
    """All of it.

    `shifting` connects anew, since a deployment changes what it knows. `report` draws the report
    and never raises. `exclusive` keeps a second run out.
    """

    stack: Reconfigured
    traffic: Traffic
    journal: ClusterJournal[Release]
    checks: Checks
    data: Data
    silences: Silences
    shifting: Callable[[], Shifting]
    exclusive: Callable[[], AbstractContextManager[Alive]]
    tell: Callable[[Event], Sequence[Failure]]
    report: Callable[[Release], None]
    now: Callable[[], datetime]
    by: str
    say: Say
