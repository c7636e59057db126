"""Small plots as SVG paths: a line with gaps where there was no data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 300
HEIGHT: Final = 60
GAP_STEPS: Final = 1.5
"""Points further apart than that many steps are not joined: nobody knows what was in between."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Span:
    """What a plot shows: from `begin` to `end` (Unix seconds), 0 to `top` (the value's unit)."""

    begin: float
    end: float
    step: float
    top: float


def top_of(series: Iterable[Sequence[Point]], least: float) -> float:
    """A round value that no point is above, and no less than `least`: 1, 2 or 5 by tens."""
    highest = max((value for points in series for _, value in points), default=0.0)
    wanted = max(highest, least)
    scale = 10.0 ** _exponent(wanted)
    return next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= wanted * 0.999999)


def path(points: Sequence[Point], span: Span) -> str:
    """The `d` of an SVG path; empty where there is no point. A point alone is a short dash."""
    parts: list[str] = []
    before: float | None = None
    for index, (at, value) in enumerate(points):
        joined = before is not None and at - before <= GAP_STEPS * span.step
        following = points[index + 1][0] if index + 1 < len(points) else None
        alone = not joined and (following is None or following - at > GAP_STEPS * span.step)
        parts.append(f"{'L' if joined else 'M'}{_x(at, span)} {_y(value, span)}")
        if alone:
            parts.append("h1")
        before = at
    return "".join(parts)


def _x(at: float, span: Span) -> str:
    return f"{WIDTH * (at - span.begin) / (span.end - span.begin):.1f}"


def _y(value: float, span: Span) -> str:
    return f"{HEIGHT * (1 - min(value, span.top) / span.top):.1f}"


def _exponent(value: float) -> int:
    exponent = 0
    while 10.0 ** (exponent + 1) <= value:
        exponent += 1
    while 10.0**exponent > value:
        exponent -= 1
    return exponent
