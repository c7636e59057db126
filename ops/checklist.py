"""A list of checks, each with a verdict; what could not be found out is never good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ops.errors import CouldNotFindOut, Refused, UsageError

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


def require_known(accept: Iterable[str], known: Sequence[str]) -> None:
    """Raise UsageError for a name that no line has."""
    if strange := sorted(set(accept) - set(known)):
        told = ", ".join(known)
        raise UsageError(f"--accept {', '.join(strange)}: the checklist has {told}")


def accepted(lines: Sequence[Line], accept: Mapping[str, str]) -> list[Line]:
    """The lines, an unknown one good where somebody accepted it with a reason.

    A name that none of them has is no error: what was accepted once may no longer be asked.
    """
    return [
        Line(line.name, "good", f"accepted as unknown: {accept[line.name]} ({line.detail})")
        if line.name in accept and line.verdict == "unknown"
        else line
        for line in lines
    ]


def table(lines: Sequence[Line]) -> str:
    """The lines as text: verdict, name, and what was seen, cut to one line each."""
    width = max((len(line.name) for line in lines), default=0)

    def brief(line: Line) -> str:
        first, _, rest = line.detail.partition("\n")
        return f"{first} …" if rest else first

    return "\n".join(f"{line.verdict:<7}  {line.name:<{width}}  {brief(line)}" for line in lines)


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
