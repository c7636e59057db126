"""Pure: may traffic be taken from a failing color, and to where? When in doubt, a human decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ops import verdict
from ops.color import Color
from ops.rollback.facts import Facts
from ops.rollback.journal import Outcome
from ops.rollback.request import Decision, Kind, Limits, Request

SKEW: Final = timedelta(minutes=2)
"""How far the clocks of whoever moves traffic and of Prometheus may be apart."""

_Reasons = Iterator[str]


def decide(request: Request, facts: Facts, now: datetime, limits: Limits) -> Decision:
    """What to do about the request. `now` has a time zone."""
    color = request.color
    if color is None:
        return Decision(Kind.PAGE, f"{_what(request)} names no color, so nothing was moved")
    target = color.other
    done = next(_settled(request, color, facts), None)
    if done:
        return Decision(Kind.NOTHING, done, color, target)
    never = next(_impossible(target, facts), None)
    if never:
        return Decision(Kind.PAGE, _left(color, never), color, target)
    doubt = next(_doubts(request, color, facts, now, limits), None)
    if doubt and not limits.force:
        return Decision(Kind.PAGE, _left(color, doubt), color, target, may_be_forced=True)
    if facts.live.active is target:
        told = f"the canary on {color} is taken back: {request.reason}"
        return Decision(Kind.ABORT_CANARY, told, color, target)
    told = f"traffic goes back from {color} to {target}: {request.reason}"
    return Decision(Kind.SWITCH_BACK, told, color, target)


def decide_hold(facts: Facts) -> Decision:
    """What a hold that stands asks for, while no rollback is open."""
    hold = facts.hold
    if hold is None:
        return Decision(Kind.NOTHING, "nothing is held")
    written_by = next((each for each in facts.ended if each.id == hold.operation), None)
    if written_by is not None and written_by.outcome is Outcome.STAYED:
        told = f"rollback {hold.operation} moved nothing, so its hold goes"
        return Decision(Kind.LIFT, told, hold.color, hold.target)
    if facts.live.has_traffic(hold.color):
        told = f"{hold.color} has {facts.live.weights[hold.color]} % again, and {hold}"
        return Decision(Kind.REASSERT, told, hold.color, hold.target)
    return Decision(Kind.NOTHING, "the route follows the hold", hold.color, hold.target)


def _settled(request: Request, color: Color, facts: Facts) -> _Reasons:
    """Why nothing is left to do."""
    for ended in facts.ended:
        same = (ended.fingerprint, ended.starts_at) == (request.fingerprint, request.starts_at)
        if request.fingerprint and same:
            yield f"{_what(request)} was answered by {ended}"
    if not facts.live.has_traffic(color):
        yield f"{color} has no traffic, so there is none to take from it"
    began, fired = _time(facts.history.began.get(color)), _time(request.starts_at)
    if began and fired and fired < began - SKEW:
        yield (
            f"{_what(request)} fired at {request.starts_at}, before {color} got its traffic at "
            f"{facts.history.began[color]}: it is about an earlier version"
        )


def _impossible(target: Color, facts: Facts) -> _Reasons:
    """Why the target can't get traffic, whoever asks."""
    there = facts.colors.get(target)
    if there is None or any(state is None for state in there.workloads.values()):
        yield f"{target} is not deployed"
        return
    for finding in verdict.judge_schema(target, there.fit):
        if finding.severity is verdict.Severity.REFUSED:
            yield str(finding)


def _doubts(
    request: Request, color: Color, facts: Facts, now: datetime, limits: Limits
) -> _Reasons:
    """Why a human should look first. The order is that of the answers' weight."""
    checks: tuple[Callable[[], _Reasons], ...] = (
        lambda: _held(color.other, facts),
        lambda: _both(request, color.other, facts),
        lambda: _unproven(color.other, facts),
        lambda: _unknown_schema(color.other, facts),
        lambda: _outside(color, facts, now, limits),
    )
    for check in checks:
        yield from check()


def _held(target: Color, facts: Facts) -> _Reasons:
    """Never back and forth: the other color was rolled back itself."""
    if facts.hold is not None and facts.hold.color is target:
        yield f"{facts.hold}, so there is no color to go to"


def _both(request: Request, target: Color, facts: Facts) -> _Reasons:
    """A move helps only against what one color alone has."""
    if target in facts.failing:
        yield f"{target} fails too"
    shared = [name for name in facts.shared if name != request.alert]
    if shared:
        yield f"what both colors stand on fails ({', '.join(shared)})"


def _unproven(target: Color, facts: Facts) -> _Reasons:
    """Back means to what has served all traffic, and is still the same."""
    was = facts.history.whole.get(target)
    if was is None:
        yield f"{target} is not proven: it never served all traffic, or was rolled back since"
        return
    for service, state in facts.colors[target].workloads.items():
        image, proven = state.image if state else "", was.images.get(service)
        if image != proven:
            yield (
                f"{target} is not proven: {service} is {image} now, and was "
                f"{proven or 'not there'} when {target} served all traffic ({was.at})"
            )


def _unknown_schema(target: Color, facts: Facts) -> _Reasons:
    for finding in verdict.judge_schema(target, facts.colors[target].fit):
        yield str(finding)


def _outside(color: Color, facts: Facts, now: datetime, limits: Limits) -> _Reasons:
    """Long after a release it is hardly the release that fails."""
    if limits.window_minutes is None:
        return
    gained = _time(facts.history.gained.get(color))
    if gained is None:
        yield f"nobody wrote down when {color} got its traffic"
    elif now - gained > timedelta(minutes=limits.window_minutes):
        yield (
            f"{color} last gained traffic at {facts.history.gained[color]}, more than "
            f"{limits.window_minutes} minutes ago: that is hardly its release"
        )


def _left(color: Color, why: str) -> str:
    return f"{color} keeps its traffic: {why}"


def _what(request: Request) -> str:
    return f"alert {request.alert}" if request.alert else "the request"


def _time(text: str | None) -> datetime | None:
    """RFC 3339; None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
