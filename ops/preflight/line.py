"""One line of the checklist and its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ops.errors import CouldNotFindOut, OpsError, Refused


class Verdict(StrEnum):
    """`UNKNOWN` is not `GOOD`: it blocks."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """What was looked at, the verdict, what was seen."""

    name: str
    verdict: Verdict
    detail: str


def line(name: str, look: Callable[[], str]) -> Line:
    """Judge by how `look` ends: what it returns is good, Refused is bad, no answer is unknown."""
    try:
        return Line(name, Verdict.GOOD, look())
    except Refused as error:
        return Line(name, Verdict.BAD, str(error))
    except OpsError as error:
        return Line(name, Verdict.UNKNOWN, str(error))


def enforce(lines: list[Line]) -> None:
    """Raise Refused where a line is bad, CouldNotFindOut where some are only unknown."""
    stops = [each for each in lines if each.verdict is not Verdict.GOOD]
    if not stops:
        return
    told = "\n".join(f"  - {each.name} ({each.verdict}): {each.detail}" for each in stops)
    kind = Refused if any(each.verdict is Verdict.BAD for each in stops) else CouldNotFindOut
    raise kind(f"not ready to be released:\n{told}")
