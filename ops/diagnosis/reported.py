"""Issue 2 of the runbook, by Sentry: kinds of errors that were never seen before a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ops.diagnosis.cause import Cause, Weight
from ops.sentry import UNSET, Sentry

if TYPE_CHECKING:
    from ops.color import Color
    from ops.release_facts import SentryFacts

AREA: Final = "errors"
SHOWN: Final = 10


def look(facts: SentryFacts | None, versions: Mapping[Color, str]) -> Iterator[Cause]:
    """The new kinds of errors of each color's version. Raises CouldNotFindOut.

    A stack without Sentry is told so, as a hint: its other errors are looked at all the same.
    """
    if facts is None:
        found, _, mend = UNSET.partition(": ")
        yield Cause(AREA, Weight.HINT, found, mend)
        return
    sentry = Sentry(facts)
    for color, version in versions.items():
        issues = sentry.new_issues(version)
        if issues:
            yield Cause(
                AREA,
                Weight.BAD,
                f"{color}: {len(issues)} kinds of errors are new in {version}",
                f"if {color} was released just now: `scripts/emergency_rollback.py` gives "
                f"{color.other} the traffic; then mend them, or resolve them in Sentry",
                tuple(map(str, issues[:SHOWN])),
            )
