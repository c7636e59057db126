"""A list of checks, each with a verdict; what could not be found out is never good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ops.errors import CouldNotFindOut, Refused

Verdict = Literal["good", "bad", "unknown"]


class Judged(Protocol):
    """Anything with a verdict."""

    @property
    def verdict(self) -> Verdict:
        """Good, bad, or not known."""
        ...


@dataclass(frozen=True)
class Line:
    """One thing that was looked at. `unknown`: it could not be, or (`tried` False) was not.

    `retries` counts requests that were sent once more since their connection broke: flaky.
    """

    name: str
    verdict: Verdict
    detail: str
    seconds: float = 0.0
    retries: int = 0
    tried: bool = True

    def __str__(self) -> str:
        flaky = f" (flaky: {self.retries} broken connections)" if self.retries else ""
        return f"{self.verdict:<7} {self.seconds:6.2f} s  {self.name}: {self.detail}{flaky}"


def not_tried(name: str, why: str) -> Line:
    """The line of a check that had nothing to stand on."""
    return Line(name, "unknown", f"not tried: {why}", tried=False)


def worst(lines: Iterable[Judged]) -> Verdict:
    """Bad if one is bad, unknown if one is unknown or there is none, else good."""
    verdicts = {line.verdict for line in lines}
    if "bad" in verdicts:
        return "bad"
    return "good" if verdicts == {"good"} else "unknown"


def as_data(lines: Sequence[Line]) -> dict[str, Any]:
    """As it is printed with --json; seconds to the millisecond."""
    return {
        "verdict": worst(lines),
        "flaky": sum(line.retries for line in lines),
        "checks": [
            {
                "name": line.name,
                "verdict": line.verdict,
                "detail": line.detail,
                "seconds": round(line.seconds, 3),
                "retries": line.retries,
                "tried": line.tried,
            }
            for line in lines
        ],
    }


def enforce(lines: Sequence[Line], title: str) -> None:
    """Raise Refused if a line is bad, CouldNotFindOut if one is unknown, with all such lines."""
    verdict = worst(lines)
    if verdict == "good":
        return
    told = [f"  - {line.name}: {line.detail}" for line in lines if line.verdict != "good"]
    text = "\n".join([title, *(told or ["  - no check ran"])])
    raise (Refused if verdict == "bad" else CouldNotFindOut)(text)
