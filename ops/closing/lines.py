"""The closing checklist's lines that a machine can look at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from ops import checklist
from ops.checklist import Line
from ops.closing.entry import RUNBOOK_SECONDS, Closing, clock
from ops.errors import CouldNotFindOut, Refused
from ops.preflight.line import line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ops.closing.tools import Tools
    from ops.vitals.row import Row

NORMAL: Final = {"errors": "Error rate", "latency": "P95 latency"}
"""Lines for which beyond normal is bad, though it does not alarm yet, and the table's rows."""
METRICS: Final = "metrics"
NAMES: Final = ("serves", "smoke", *NORMAL, "alerts", METRICS, "sentry", "watched")


def look(tools: Tools, version: str, watched: Closing | None) -> list[Line]:
    """All of them; `watched` is what the journal knows of the version."""
    found: list[Sequence[Row]] = []

    def rows() -> Sequence[Row]:
        if not found:
            found.append(tools.rows())
        return found[0]

    looks: tuple[Callable[[], str], ...] = (
        lambda: _serves(tools, version),
        lambda: _smoked(tools),
        *(partial(_normal, rows, title) for title in NORMAL.values()),
        lambda: _nothing_fires(rows()),
        lambda: _is_collected(rows()),
        tools.reported,
        lambda: _was_watched(watched),
    )
    lines = []
    for name, ask in zip(NAMES, looks, strict=True):
        tools.say(f"looking at {name}")
        lines.append(line(name, ask))
    return lines


def _serves(tools: Tools, version: str) -> str:
    if astray := tools.astray():
        raise Refused(astray)
    return f"{tools.color} {version} has all traffic"


def _smoked(tools: Tools) -> str:
    lines = tools.smoke()
    checklist.enforce(lines, "the smoke tests did not pass")
    return f"{len(lines)} checks of the public host are good"


def _normal(rows: Callable[[], Sequence[Row]], title: str) -> str:
    found = [row for row in rows() if row.name == title]
    if not found:
        raise CouldNotFindOut(f"nobody measures it: no color with traffic has a row {title}")
    for row in found:
        if row.verdict == "unknown":
            raise CouldNotFindOut(f"{row.of}: {row.why}")
        if row.verdict != "good":
            raise Refused(f"{row.of}: {row.now}, normal is {row.normal}")
    return ", ".join(f"{row.of}: {row.now}" for row in found)


def _nothing_fires(rows: Sequence[Row]) -> str:
    """Everything in the table that alarms, besides what has a line of its own."""
    own = set(NORMAL.values())
    bad = [row for row in rows if row.verdict == "bad" and row.name not in own]
    if bad:
        raise Refused("; ".join(f"{row.name} of {row.of}: {row.why or row.now}" for row in bad))
    if not any(row.name == "Alerts" and row.verdict == "good" for row in rows):
        raise CouldNotFindOut("what fires is not known, see the line `metrics`")
    return "none fires"


def _is_collected(rows: Sequence[Row]) -> str:
    own = set(NORMAL.values())
    others = [row for row in rows if row.verdict == "unknown" and row.name not in own]
    unknown = [f"{row.name} of {row.of}: {row.why}" for row in others]
    if unknown:
        raise CouldNotFindOut("; ".join(unknown))
    return f"{len(rows)} quantities are measured"


def _was_watched(watched: Closing | None) -> str:
    if watched is None or watched.watched_seconds < RUNBOOK_SECONDS:
        so_far = clock(watched.watched_seconds) if watched else "0:00:00"
        raise CouldNotFindOut(
            f"watched for {so_far} h, and the runbook wants {clock(RUNBOOK_SECONDS)} h: "
            "--watch-hours 2 watches for the rest"
        )
    return watched.told()
