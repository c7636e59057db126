"""What a diagnosis says: a cause that was found, or a question that got no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ops.errors import OpsError


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
