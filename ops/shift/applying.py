"""A step made real: the journal, the configuration, `pulumi up`; and whether it still is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ops import failpoint
from ops.config import configured, serial
from ops.live import gone
from ops.shift.entry import Phase, Shift
from ops.weights import receiving, told

if TYPE_CHECKING:
    from ops.shift.tools import Tools

SECONDS: Final = 900.0
"""Of a `pulumi up` that moves traffic: one that hangs must not keep a way back from beginning."""


def apply(tools: Tools, shift: Shift) -> Shift:
    """Write the journal, then the configuration if it differs, then `pulumi up`."""
    config = tools.stack.config()
    wanted = {"activeColor": str(shift.active), "canaryWeight": str(shift.canary_weight)}
    differs = configured(config) != wanted
    shift = shift.updated(serial=serial(config) + differs)
    tools.journal.write(shift)
    at = "back" if shift.phase is Phase.BACK else shift.step
    failpoint.reach(f"shift.{at}.journaled")
    if differs:
        tools.stack.set({**wanted, "serial": str(shift.serial)})
        failpoint.reach(f"shift.{at}.configured")
    tools.stack.up(tools.say, seconds=SECONDS)
    failpoint.reach(f"shift.{at}.applied")
    return shift


def moved(tools: Tools, shift: Shift) -> str:
    """Who moved traffic since this shift did; empty: it is where the shift left it."""
    hold = tools.traffic.hold()
    if hold is not None and hold.color == shift.target and shift.phase is not Phase.BACK:
        return str(hold)
    live = tools.traffic.live()
    if live is None:
        raise gone()
    if live.receiving == receiving(shift.weights):
        return ""
    return (
        f"the route gives {told(live.receiving)}, and this shift left it at {told(shift.weights)}"
    )
