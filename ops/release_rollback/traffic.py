"""Traffic off the color that failed: by `pulumi up`, and where that fails without it.

What people are served counts: a Pulumi that hangs, is locked or refuses keeps no bad color.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import config
from ops.config import ColorConfig
from ops.errors import OpsError, Refused
from ops.journal import TakenOver
from ops.live import gone
from ops.release_rollback.beginning import runs
from ops.shift import procedure
from ops.shift.applying import SECONDS
from ops.shift.beginning import Wish
from ops.shift.ending import close

if TYPE_CHECKING:
    from ops.release_rollback.entry import Undoing
    from ops.release_rollback.tools import Tools


def take_back(tools: Tools, entry: Undoing) -> list[str]:
    """Give the other color everything; what was done. Raises Refused where it did not work."""
    told = [f"{entry.color} has none"]
    if has_traffic(tools, entry):
        told = _past_pulumi(tools, entry, "") if entry.force else _moved(tools, entry)
    tools.journal.fence()
    _settle(tools, entry)
    require_none(tools, entry)
    tools.journal.fence()
    tools.past_pulumi.forget_proof(entry.color)
    return told


def has_traffic(tools: Tools, entry: Undoing) -> bool:
    """Whether the public reaches the color that failed."""
    live = tools.release.traffic.live()
    if live is None:
        raise gone()
    return live.has_traffic(entry.color)


def require_none(tools: Tools, entry: Undoing) -> None:
    """Raise Refused while the color has traffic: what runs there stays as it is."""
    if has_traffic(tools, entry):
        raise Refused(
            f"{entry.color} has traffic: somebody gave it some meanwhile. Look who "
            "(`scripts/canary.py --status`, `scripts/emergency_rollback.py --status`)"
        )


def _moved(tools: Tools, entry: Undoing) -> list[str]:
    try:
        return _by_pulumi(tools, entry)
    except TakenOver:
        raise
    except OpsError as error:
        tools.release.say(f"{error}")
        if not has_traffic(tools, entry):
            return [f"{entry.target} has all of it, though `pulumi up` did not end well: {error}"]
        return _past_pulumi(tools, entry, str(error))


def _by_pulumi(tools: Tools, entry: Undoing) -> list[str]:
    stack = tools.release.stack
    there = config.of_color(stack.config(), entry.target)
    if not runs(there.replicas) and entry.origin_replicas is not None:
        # In an `up` of its own: the gate asks that it is ready before it gets traffic.
        wanted = ColorConfig(version=there.version, replicas=entry.origin_replicas)
        config.write(stack, entry.target, wanted)
        stack.up(tools.release.say, seconds=SECONDS)
        tools.journal.fence()
    wish = Wish(entry.target, switch_seconds=0.0)
    done = procedure.run(tools.release.shifting(), wish)
    return [str(done) if done else f"{entry.target} has all of it"]


def _past_pulumi(tools: Tools, entry: Undoing, trouble: str) -> list[str]:
    tools.release.say("taking traffic back without Pulumi")
    tools.journal.fence()
    try:
        told = tools.past_pulumi.take_back(entry)
    except OpsError as error:
        raise type(error)(
            f"{trouble}\nAnd without Pulumi: {error}" if trouble else f"{error}"
        ) from (error)
    return [told, *([f"not by Pulumi: {trouble}"] if trouble else [])]


def _settle(tools: Tools, entry: Undoing) -> None:
    """End the shift that is open, whose traffic is where it ends by now."""
    shifting = tools.release.shifting()
    found = shifting.journal.read()
    if found is None:
        return
    if found.target is entry.color:
        procedure.abort(shifting)
        return
    with shifting.exclusive():
        close(shifting, found, "overruled", f"{entry}")
