"""A rollback that a person asks for: which color is meant, and whoever else is at it already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.color import Color
from ops.errors import Refused, UsageError
from ops.rollback.decide import decide
from ops.rollback.facts import Facts
from ops.rollback.journal import Operation, Outcome, TakenOver
from ops.rollback.request import Decision, Limits, Request
from ops.rollback.run import Rollback
from ops.state import LiveTraffic

POLL_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Wish:
    """What a person asks for; no color: the one that is newer in traffic."""

    color: Color | None
    reason: str
    by: str
    force: bool = False


def suspect(live: LiveTraffic) -> Color:
    """The color that a person means who names none: the canary, or the one that has everything.

    Raises UsageError where the route does not say which is the canary.
    """
    serving = [color for color in Color if live.has_traffic(color)]
    if len(serving) == 1:
        return serving[0]
    if live.active is None or not serving:
        raise UsageError(
            f"which color fails? The route gives {dict(live.weights)} and names no active one: "
            "say --from blue or --from green"
        )
    return live.active.other


def considered(rollback: Rollback, wish: Wish) -> tuple[Request, Decision, Facts]:
    """What would be done, by what is live; changes nothing. Raises Refused with the reason."""
    facts = rollback.facts()
    request = Request(wish.color or suspect(facts.live), wish.reason, wish.by)
    decision = decide(request, facts, datetime.now(UTC), Limits(force=wish.force))
    if decision.is_refused:
        hint = ". If you know better, add --force" if decision.may_be_forced else ""
        raise Refused(f"{decision.reason}{hint}")
    return request, decision, facts


def roll_back(rollback: Rollback, wish: Wish) -> Operation | Decision:
    """Roll back, and return what was done; or the decision, where there was nothing to do.

    One that is open is brought to its end first, whoever began it. Raises Refused where traffic
    had to stay.
    """
    found = rollback.open()
    if found is not None:
        return _ended(_together(rollback, found))
    request, decision, facts = considered(rollback, wish)
    if not decision.moves:
        return decision
    try:
        return _ended(rollback.resume(rollback.begin(request, decision, facts)))
    except TakenOver:
        return roll_back(rollback, wish)


def _together(rollback: Rollback, found: Operation) -> Operation:
    """Let whoever is at it finish; go on with it where nobody has been for a while."""
    rollback.say(f"{found} is open: waiting for it")
    while rollback.open() is not None:
        if rollback.is_abandoned(found):
            rollback.say(f"nobody is at it any more: going on from step `{found.step}`")
            try:
                return rollback.resume(found)
            except TakenOver:
                continue
        rollback.sleep(POLL_SECONDS)
    return next(each for each in reversed(rollback.done()) if each.id == found.id)


def _ended(operation: Operation) -> Operation:
    if operation.outcome is Outcome.STAYED:
        raise Refused(
            f"traffic stays on {operation.color}: {'; '.join(operation.notes)}. Mend "
            f"{operation.target} (`scripts/diagnose.py pods --color {operation.target}`), or "
            f"{operation.color}, then run this again"
        )
    return operation
