"""One line of the table: what is now, what is normal, what alarms, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ops.errors import CouldNotFindOut, Refused
from ops.monitoring import Range

Verdict = Literal["good", "unusual", "bad", "unknown", "not judged"]
"""`unusual` does not alarm yet. `not judged`: there is nothing to compare with."""

NO_DATA: Final = "no data"
BOTH: Final = "both"
"""What a row is of that concerns no single color."""

_HEADINGS: Final = ("", "of", "now", "normal", "alarms", "verdict")


@dataclass(frozen=True)
class Row:
    """One line of the table. `why` says more where the verdict is not good."""

    name: str
    of: str
    now: str
    normal: str
    alarms: str
    verdict: Verdict
    why: str = ""

    def unknown(self, why: str) -> Row:
        """The same row where the value is not known."""
        return replace(self, now=NO_DATA, verdict="unknown", why=why)


def judge(name: str, of: str, value: float | None, limits: Range, unit: str) -> Row:
    """A value against its range; None is unknown."""
    row = Row(
        name,
        of,
        NO_DATA,
        f"up to {limits.normal:g} {unit}",
        f"above {limits.alert:g} {unit}",
        "good",
    )
    if value is None:
        return row.unknown("Prometheus has no data")
    verdict: Verdict = "good"
    if value > limits.normal:
        verdict = "bad" if value > limits.alert else "unusual"
    return replace(row, now=f"{value:.3g} {unit}", verdict=verdict)


def table(rows: Sequence[Row]) -> str:
    """The rows as text, in columns."""
    lines = [_HEADINGS, *((r.name, r.of, r.now, r.normal, r.alarms, r.verdict) for r in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def enforce(rows: Sequence[Row]) -> None:
    """Raise Refused if a row is bad, CouldNotFindOut if one is unknown, with each such row."""
    verdicts = {row.verdict for row in rows}
    if not verdicts & {"bad", "unknown"}:
        return
    told = "\n".join(
        f"  - {row.name} of {row.of}: {row.why or f'{row.now}, it alarms {row.alarms}'}"
        for row in rows
        if row.verdict in {"bad", "unknown"}
    )
    if "bad" in verdicts:
        raise Refused(f"the stack is not well:\n{told}\nWhat to do: docs/alerts.md")
    raise CouldNotFindOut(f"whether the stack is well could not be found out:\n{told}")
