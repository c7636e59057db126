"""One step forward, and what must still be true before a shift that was begun goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import failpoint
from ops.config import serial, version_of
from ops.errors import Refused
from ops.journal import TakenOver
from ops.shift import back
from ops.shift.applying import apply, moved
from ops.shift.ending import close, overruled
from ops.shift.entry import Phase, Shift
from ops.weights import told

if TYPE_CHECKING:
    from ops.shift.tools import Tools


def move(tools: Tools, shift: Shift) -> Shift:
    """Bring configuration and route to the shift's step; it is to be watched then.

    What `pulumi up` refuses is a reason to go back: the target is not fit for more, and the
    configuration must not go on asking for it.
    """
    tools.say(f"moving to {shift.where}: {told(shift.weights)}")
    try:
        shift = apply(tools, shift)
    except TakenOver:
        raise
    except Refused as error:
        hold = tools.traffic.hold()
        if hold is not None and hold.color == shift.target:
            raise overruled(tools, shift, str(hold)) from error
        closed = back.go_back(tools, shift, f"{shift.where} was refused")
        raise Refused(f"{error}\n{closed.origin} has all traffic, as before") from error
    if reason := moved(tools, shift):
        raise overruled(tools, shift, reason)
    shift = shift.updated(phase=Phase.WATCHING)
    tools.journal.write(shift)
    failpoint.reach(f"shift.{shift.step}.moved")
    return shift


def require_current(tools: Tools, shift: Shift) -> None:
    """Whether what is open still goes on from where configuration and traffic are.

    Raises Refused, and closes what somebody else has overtaken: by a rollback, or by a later
    change of the configuration.
    """
    config = tools.stack.config()
    now, begun = serial(config), shift.phase is not Phase.WATCHING
    if now < shift.serial - begun:
        raise Refused(
            f"this configuration is older than {shift}: legal-ai:serial is {now}, and it has "
            f"written {shift.serial}. Get the current stack file (`git pull`), then run this again"
        )
    hold = tools.traffic.hold()
    if hold is not None and hold.color == shift.target and shift.phase is not Phase.BACK:
        raise overruled(tools, shift, str(hold))
    if now > shift.serial:
        reason = f"the configuration was changed since: legal-ai:serial is {now}"
    elif version_of(config, shift.target) != shift.version:
        reason = f"legal-ai:{shift.target}.version is {version_of(config, shift.target)} now"
    else:
        return
    closed = close(tools, shift, "overtaken", reason)
    raise Refused(
        f"{closed}: {reason}, so it is over. Look where traffic is (`pulumi stack output "
        "weights`), then run the same command again to begin anew"
    )
