"""Pure: what a look at the colors means. Alone against fixed limits, a canary against its twin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ops.color import Color
from ops.watching.reading import NOTHING, Look, Reading, milliseconds, percent


class Kind(StrEnum):
    """What a look means.

    `BAD`: the color fails. `SHARED`: the other color fails as well, so it is not this one's
    doing. `FEW`: too few requests to say. `SILENT`: no data. `MOVED`: somebody else moved traffic.
    """

    GOOD = "good"
    BAD = "bad"
    SHARED = "shared"
    FEW = "few"
    SILENT = "silent"
    MOVED = "moved"


@dataclass(frozen=True)
class Verdict:
    """The kind, and the reason in a sentence for people."""

    kind: Kind
    reason: str


@dataclass(frozen=True)
class Limits:
    """Above these a color fails. Ratios are from 0 to 1.

    Fixed: `error_ratio` and `p95_seconds`. Against the other color both may be `times_worse`, and
    differences up to `error_noise` and `p95_noise_seconds` don't count at all. Below
    `minimum_requests` in the window nothing is judged, and fewer errors than `minimum_errors` are
    chance.
    """

    error_ratio: float = 0.01
    p95_seconds: float = 5.0
    times_worse: float = 1.5
    error_noise: float = 0.001
    p95_noise_seconds: float = 0.05
    minimum_requests: int = 100
    minimum_errors: int = 5


def judge_alone(look: Look, color: Color, limits: Limits) -> Verdict:
    """A color that has all traffic: there is nothing to compare it with but the limits."""
    reading = look.get(color, NOTHING)
    unfit = _unfit(color, reading, limits)
    if unfit is not None:
        return unfit
    failing = _failing(reading, limits)
    if failing:
        return Verdict(Kind.BAD, f"{color} {failing}")
    return Verdict(Kind.GOOD, f"{color} is well: {reading}")


def judge_canary(look: Look, canary: Color, limits: Limits) -> Verdict:
    """A canary against the active color in the same window.

    Where both fail the limits alike, something shared does: taking the canary away would mend
    nothing, and going on with it is no good either.
    """
    here, there = look.get(canary, NOTHING), look.get(canary.other, NOTHING)
    unfit = _unfit(canary, here, limits) or _unfit(canary.other, there, limits)
    if unfit is not None:
        return unfit
    worse = _worse(here, there, limits)
    if worse:
        return Verdict(Kind.BAD, f"{canary} {worse}")
    failing, others = _failing(here, limits), _failing(there, limits)
    if failing and others:
        return Verdict(Kind.SHARED, f"{canary} {failing}, and {canary.other} {others}")
    if others:
        return Verdict(Kind.SHARED, f"{canary.other}, which serves the others, {others}")
    if failing:
        return Verdict(Kind.BAD, f"{canary} {failing}")
    return Verdict(Kind.GOOD, f"{canary} is as good as {canary.other}: {here}; {there}")


def _unfit(color: Color, reading: Reading, limits: Limits) -> Verdict | None:
    """Why a reading can't be judged."""
    if not reading.counted or reading.requests is None:
        return Verdict(Kind.SILENT, f"there are no numbers of {color}")
    if reading.requests < limits.minimum_requests:
        return Verdict(
            Kind.FEW,
            f"{color} had {reading.requests:,.0f} requests within the window, and "
            f"{limits.minimum_requests:,} are needed to judge it",
        )
    if reading.error_ratio is None or reading.p95_seconds is None:
        lacking = "error ratio" if reading.error_ratio is None else "P95"
        return Verdict(Kind.SILENT, f"there is no {lacking} of {color}, which has requests")
    return None


def _failing(reading: Reading, limits: Limits) -> str:
    """What is above a fixed limit; empty if nothing is."""
    if _errors(reading) >= limits.minimum_errors and reading.errors_still > limits.error_ratio:
        return (
            f"answers {percent(reading.errors_still)} of its requests with errors "
            f"({reading}), and {percent(limits.error_ratio)} is the limit"
        )
    if reading.p95_still > limits.p95_seconds:
        return (
            f"has a P95 of {milliseconds(reading.p95_still)}, and "
            f"{milliseconds(limits.p95_seconds)} is the limit"
        )
    return ""


def _worse(here: Reading, there: Reading, limits: Limits) -> str:
    """What is much worse than with the other color; empty if nothing is."""
    failing = _is_worse(here.errors_still, there.errors_still, limits.error_noise, limits)
    if _errors(here) >= limits.minimum_errors and failing:
        return (
            f"answers {percent(here.errors_still)} of its requests with errors ({here}), the other "
            f"color {percent(there.errors_still)} in the same window; {limits.times_worse:g} times "
            f"that, and {percent(limits.error_noise)} more, is the limit"
        )
    if _is_worse(here.p95_still, there.p95_still, limits.p95_noise_seconds, limits):
        return (
            f"has a P95 of {milliseconds(here.p95_still)}, the other color "
            f"{milliseconds(there.p95_still)} in the same window; {limits.times_worse:g} times as "
            "long is the limit"
        )
    return ""


def _is_worse(here: float, there: float, noise: float, limits: Limits) -> bool:
    return here - there > noise and here > limits.times_worse * there


def _errors(reading: Reading) -> float:
    return round((reading.error_ratio or 0.0) * (reading.requests or 0.0))
