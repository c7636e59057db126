"""A rollback that a person asks for: which color is meant, and whoever else is at it already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.rollback.decide import decide
from ops.rollback.facts import Facts
from ops.rollback.journal import SEE, Operation, Outcome, TakenOver
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

    One that is open is brought to its end first, whoever began it. Where it went the other way,
    what is wished is decided after it, by what is live then. Raises Refused where traffic had to
    stay.
    """
    ended = None
    while (found := rollback.open()) is not None:
        ended = _together(rollback, found, wish)
    if ended is not None and wish.color in {None, ended.color}:
        return _ended(ended)
    request, decision, facts = considered(rollback, wish)
    if not decision.moves:
        return decision
    try:
        return _ended(rollback.resume(rollback.begin(request, decision, facts)))
    except TakenOver:
        return roll_back(rollback, wish)


def _together(rollback: Rollback, found: Operation, wish: Wish) -> Operation:
    """Let whoever is at it finish; where nobody has been for a while go on with it, or give it up.

    It is given up where it would give everything to the color that fails by the wish. Raises
    CouldNotFindOut where the journal does not say how it ended.
    """
    rollback.say(f"{found} is open: waiting for it")
    while (there := rollback.open()) is not None and there.id == found.id:
        try:
            if rollback.is_abandoned(there):
                return _taken_up(rollback, there, wish)
        except TakenOver:
            continue
        rollback.sleep(POLL_SECONDS)
    for ended in rollback.done():
        if ended.id == found.id:
            return ended
    raise CouldNotFindOut(
        f"{found} is gone, and the journal does not say how it ended: see `{SEE}`"
    )


def _taken_up(rollback: Rollback, found: Operation, wish: Wish) -> Operation:
    if wish.color == found.target:
        reason = f"{wish.by} says that {wish.color} fails: {wish.reason}"
        rollback.say(f"nobody is at it any more, and {reason}: giving it up")
        return rollback.give_up(found, reason)
    rollback.say(f"nobody is at it any more: going on from step `{found.step}`")
    return rollback.resume(found)


def _ended(operation: Operation) -> Operation:
    if operation.outcome is Outcome.STAYED:
        raise Refused(
            f"traffic stays on {operation.color}: {'; '.join(operation.notes)}. Mend "
            f"{operation.target} (`scripts/diagnose.py pods --color {operation.target}`), or "
            f"{operation.color}, then run this again"
        )
    return operation
