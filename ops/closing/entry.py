"""A closing as its journal has it: how long the version was watched, and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import Field

from ops.color import Color
from ops.journal import JournalEntry, Kept

NAME: Final = "release-closing"
CLOSED: Final = "closed"
OVERTAKEN: Final = "overtaken"
"""Another version was released before this one was closed."""
RUNBOOK_SECONDS: Final = 2 * 3600.0
"""How long the runbook has a release watched."""

ITEMS: Final[Mapping[str, str]] = {
    "features": "All features were seen to work, as a user uses them",
    "tickets": "User reports and support tickets were looked at",
    "docs": "Documentation and on-call runbooks are up to date",
    "stakeholders": "Stakeholders are told that it is done",
    "ticket": "The deployment's ticket is closed",
}
"""What only people know; the runbook's "Post-deployment tasks"."""


class Closing(JournalEntry):
    """`version` in `color`, watched for `watched_seconds` in which it was well, in `looks` looks.

    `since` is when the color's weight last rose from nothing: another time is another release.
    `unusual` counts the looks at which a quantity was beyond its normal range. Times are RFC 3339;
    `outcome` is empty while it is open.
    """

    version: str
    color: Color
    since: str = ""
    by: str
    started: str
    watched_seconds: float = 0.0
    looks: int = 0
    unusual: dict[str, int] = Field(default_factory=dict)
    seen: str = ""
    paged: bool = False
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        where = f", {self.outcome} {self.finished}" if self.outcome else ""
        return (
            f"closing of {self.version}, begun {self.started} by {self.by}, watched for "
            f"{clock(self.watched_seconds)} h{where}"
        )

    @property
    def incident(self) -> str:
        """What those who are told of it know it by."""
        return f"closing-{self.version}"

    def watched(self, seconds: float, unusual: Iterable[str], seen: str) -> Closing:
        """One look more, so long after the one before, at which the version was well."""
        counted = dict(self.unusual)
        for name in unusual:
            counted[name] = counted.get(name, 0) + 1
        return self.updated(
            watched_seconds=self.watched_seconds + seconds,
            looks=self.looks + 1,
            unusual=counted,
            seen=seen,
        )

    def told(self) -> str:
        """What the watching came to, for people."""
        often = [f"{name} in {count}" for name, count in sorted(self.unusual.items())]
        beyond = f"; beyond its normal range: {', '.join(often)}" if often else ""
        return f"well for {clock(self.watched_seconds)} h in {self.looks} looks{beyond}"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: `1:05:00`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


KEPT: Final = Kept(NAME, Closing, "scripts/close_release.py VERSION")
