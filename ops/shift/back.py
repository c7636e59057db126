"""The way back: by configuration and `pulumi up`, and where that fails past Pulumi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import failpoint
from ops.config import serial
from ops.errors import OpsError
from ops.journal import TakenOver
from ops.notify import Event
from ops.shift.applying import apply, moved
from ops.shift.ending import close
from ops.shift.entry import Phase, Shift
from ops.shift.mending import mend
from ops.shift.paging import Paged, facts
from ops.verdict import judge_serial

if TYPE_CHECKING:
    from ops.shift.tools import Tools


class Stuck(Paged):
    """No way back worked."""


def go_back(tools: Tools, shift: Shift, reason: str, *, failing: bool = False) -> Shift:
    """Give the origin all traffic again; gives the shift, closed.

    `failing`: the target was seen failing requests; else it is nobody's incident. Raises Stuck
    where no way back worked: the shift stays open.
    """
    shift = shift.updated(phase=Phase.BACK, reason=reason, failing=shift.failing or failing)
    tools.journal.write(shift)
    failpoint.reach("shift.back.begun")
    tools.say(f"going back to {shift.origin}: {reason}")
    trouble = _by_pulumi(tools, shift)
    if trouble:
        _past_pulumi(tools, shift, trouble)
    closed = close(tools, shift, "went back")
    failpoint.reach("shift.back.closed")
    tools.tell(
        Event(
            kind="rollback" if shift.failing else "release",
            title=f"{shift.origin} has all traffic again: {shift.target} {shift.version} is out",
            text=f"{reason}. {trouble}".strip(),
            severity="error" if shift.failing else "warning",
            fields=facts(shift),
            dedup=f"shift-{shift.id}",
        )
    )
    return closed


def _by_pulumi(tools: Tools, shift: Shift) -> str:
    """What kept Pulumi from giving the origin everything; empty if nothing did."""
    try:
        live = tools.traffic.live()
        stale = judge_serial(serial(tools.stack.config()), live) if live else []
        if stale:
            # The gate would refuse the route, but Secrets of then have no gate and come before it.
            return f"no `pulumi up` from here: {stale[0].reason}"
        apply(tools, shift)
        return moved(tools, shift)
    except TakenOver:
        raise
    except OpsError as error:
        return f"`pulumi up` could not: {error}"


def _past_pulumi(tools: Tools, shift: Shift, trouble: str) -> None:
    """Take the traffic back without Pulumi, unless the route is right already."""
    tools.say(trouble)
    try:
        if moved(tools, shift):
            tools.say("going back without Pulumi")
            tools.journal.fence()
            tools.emergency(shift, shift.reason)
            failpoint.reach("shift.back.past-pulumi")
        still = moved(tools, shift)
    except TakenOver:
        raise
    except OpsError as error:
        still = str(error)
    if still:
        raise _stuck(tools, shift, trouble, still)
    tools.say(
        f"{shift.origin} has all traffic again, but Pulumi did not end well. To make configuration "
        f"and state say so: {mend(tools.traffic)}"
    )


def _stuck(tools: Tools, shift: Shift, trouble: str, still: str) -> Stuck:
    what = (
        f"{shift.reason}. Traffic could not be taken back to {shift.origin}: {trouble}; and past "
        f"Pulumi: {still}"
    )
    todo = (
        f"Run `scripts/emergency_rollback.py --from {shift.target}`, or the same command again: "
        f"{shift.target} may still have traffic"
    )
    tools.tell(
        Event(
            kind="stayed",
            title=f"{shift.target} {shift.version} fails and traffic could not be taken back",
            text=f"{what}. {todo}",
            severity="critical",
            fields=facts(shift),
            dedup=f"shift-{shift.id}",
        )
    )
    return Stuck(f"{what}.\n{todo}")
