"""What a diagnosis says: a cause that was found, or a question that got no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.errors import CouldNotFindOut, OpsError, Refused


class Weight(StrEnum):
    """`BAD`: this is wrong. `HINT`: it may be the reason. `UNKNOWN`: it could not be looked at."""

    BAD = "bad"
    HINT = "hint"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Cause:
    """One thing found: in which area, what, the lines that show it, and the command that mends."""

    area: str
    weight: Weight
    found: str
    mend: str
    evidence: tuple[str, ...] = ()


def looked(area: str, mend: str, look: Callable[[], Iterable[Cause]]) -> list[Cause]:
    """What a look found; where it got no answer that is said, and the others still look."""
    try:
        return list(look())
    except OpsError as error:
        return [Cause(area, Weight.UNKNOWN, f"could not look: {error}", mend)]


def text(causes: Sequence[Cause]) -> str:
    """The causes for people, the worst first."""
    order = list(Weight)
    lines = []
    for cause in sorted(causes, key=lambda each: order.index(each.weight)):
        lines.append(f"{cause.weight}: [{cause.area}] {cause.found}")
        lines += [f"      {line}" for line in cause.evidence]
        lines.append(f"    mend: {cause.mend}")
    return "\n".join(lines) or "nothing wrong was found"


def enforce(causes: Sequence[Cause]) -> None:
    """Raise Refused if something is bad, CouldNotFindOut if something could not be looked at."""
    weights = {cause.weight for cause in causes}
    if Weight.BAD in weights:
        count = sum(cause.weight is Weight.BAD for cause in causes)
        raise Refused(f"{count} things are wrong, see above")
    if Weight.UNKNOWN in weights:
        raise CouldNotFindOut("not everything could be looked at, see above")
