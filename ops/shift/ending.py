"""How a shift ends other than by arriving: closed with its outcome, people told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import Refused
from ops.notify import Event
from ops.noting import note
from ops.shift.mending import mend
from ops.shift.paging import OPTIONS, Paged, facts, page
from ops.times import stamp

if TYPE_CHECKING:
    from ops.shift.entry import Shift
    from ops.shift.tools import Tools
    from ops.watching.judging import Verdict


def close(tools: Tools, shift: Shift, outcome: str, reason: str = "") -> Shift:
    """It is over: into the journal's history."""
    closed = shift.updated(
        outcome=outcome,
        reason=reason or shift.reason,
        finished=stamp(tools.now()),
    )
    tools.journal.close(closed)
    if shift.paged:
        tools.tell(
            Event(
                kind="acknowledged",
                title=f"The shift of traffic to {shift.target} {shift.version} is {outcome}",
                text=closed.reason,
                severity="info",
                fields=facts(closed),
                dedup=f"shift-{shift.id}",
            )
        )
    return closed


def overruled(tools: Tools, shift: Shift, reason: str) -> Refused:
    """Somebody else moved traffic (the agent, a person): theirs stands, and this one is over.

    They have told people what they did, and why.
    """
    closed = close(tools, shift, "overruled", reason)
    return Refused(
        f"{closed}: somebody else moved traffic meanwhile, and that stays: {reason}. To make "
        f"the configuration say what is live: {mend(tools.traffic)}"
    )


def unsure(tools: Tools, shift: Shift, verdict: Verdict) -> Paged:
    """It can't be told whether the target fails: traffic stays, the shift stays open, people told.

    Going back blindly may be going back to what fails as well.
    """
    what = (
        f"{verdict.reason}. Nothing is moved: {shift.target} keeps "
        f"{shift.weights[shift.target]} %, {shift.origin} {shift.weights[shift.origin]} %"
    )
    # The page first: where the API server is what gives no answer, the journal can't be written.
    page(tools, shift, what)
    note(tools.journal, shift.updated(paged=True), tools.say)
    return Paged(f"{what}.\n{OPTIONS}")


def stays(tools: Tools, shift: Shift, reason: str) -> Refused:
    """The origin failed before: going back to it would be going from bad to bad."""
    closed = close(tools, shift, "stayed", reason)
    what = (
        f"{reason}. But {shift.origin} was no better before ({shift.origin_problem}), so nothing "
        f"is moved: {shift.target} keeps all traffic"
    )
    tools.tell(
        Event(
            kind="stayed",
            title=f"Both colors fail; traffic stays on {shift.target} {shift.version}",
            text=f"{what}. Look at what they share: the database, Redis, the gateway",
            severity="critical",
            fields=facts(closed),
            dedup=f"shift-{shift.id}",
        )
    )
    return Refused(f"{what}. Look at what both share: the database, Redis, the gateway")
