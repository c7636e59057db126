"""Watching the new color once it has all traffic, and sending traffic back where it fails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops import failpoint
from ops.config import serial
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.journal import TakenOver
from ops.notify import Event
from ops.shift import back
from ops.shift.applying import moved
from ops.shift.entry import Phase, Shift
from ops.shift.paging import Paged, may_serve
from ops.watching.judging import Kind

if TYPE_CHECKING:
    from ops.release.entry import Release
    from ops.release.tools import Tools
    from ops.shift.tools import Tools as Shifting


class Away(Refused):
    """The new color does not have the traffic any more: the release is back before the shift."""


class Unsure(CouldNotFindOut):
    """The new color keeps all traffic, and it can't be told whether it fails, or it does.

    Also where it has none any more, and that could not be journaled.
    """


def watch(tools: Tools, release: Release, seconds: float) -> str:
    """Watch for so long; what was seen last. Raises Away, traffic being back, Unsure and Refused.

    No lease is held meanwhile: somebody who wants traffic elsewhere need not wait for this.
    """
    shifting = tools.shifting()
    _finish(shifting, release)
    shift = arrived(tools, release, seconds)
    verdict = shifting.watcher.step(shift, partial(moved, shifting, shift))
    failpoint.reach(f"release.{release.step}.watched")
    if verdict.kind is Kind.GOOD:
        return verdict.reason
    if verdict.kind is Kind.MOVED:
        raise Away(f"somebody else moved traffic, and that stays: {verdict.reason}")
    if verdict.kind not in {Kind.BAD, Kind.SHARED}:
        raise Unsure(f"{verdict.reason}. Nothing is moved: {release.color} keeps all traffic")
    if release.origin_problem:
        raise _stays(tools, release, verdict.reason)
    try:
        tools.journal.fence()
        away = send_back(shifting, shift, verdict.reason, failing=True)
    except (TakenOver, Paged):
        raise
    except OpsError as error:
        what = (
            "Traffic could not be sent back"
            if may_serve(tools.traffic, release.color)
            else f"Traffic is back with {release.color.other}; its journal could not be closed"
        )
        raise Unsure(f"{verdict.reason}. {what}: {error}") from error
    raise away


def require_arrived(tools: Tools, release: Release) -> None:
    """Raise Away unless the new color has all traffic, and nobody holds it."""
    shift = arrived(tools, release, 0)
    if reason := moved(tools.shifting(), shift):
        raise Away(reason)


def arrived(tools: Tools, release: Release, seconds: float) -> Shift:
    """The release as a shift that has arrived, to be watched or to be gone back from."""
    return Shift(
        id=release.id,
        target=release.color,
        version=release.version,
        origin_version=release.from_version,
        switch_seconds=seconds,
        phase=Phase.WATCHING,
        serial=serial(tools.stack.config()),
        origin_problem=release.origin_problem,
        started=release.started,
        by=tools.by,
    )


def send_back(shifting: Shifting, shift: Shift, reason: str, *, failing: bool) -> Away:
    """Give the old color all traffic, by Pulumi or past it. Raises Refused for another's shift."""
    with shifting.exclusive():
        other = shifting.journal.read()
        if other is not None:
            raise Refused(f"{reason}; and a shift is open: {other}. `scripts/canary.py --abort`")
        closed = back.go_back(shifting, shift, reason, failing=failing)
    return Away(f"{reason}. {closed.origin} has all traffic again")


def _finish(shifting: Shifting, release: Release) -> None:
    """Go on with a way back that was killed."""
    found = shifting.journal.read()
    if found is None:
        return
    if found.target is not release.color or found.phase is not Phase.BACK:
        raise Refused(
            f"a shift of traffic is open: {found}. Go on with it, or end it by `scripts/canary.py "
            "--abort`, then go on with the release"
        )
    with shifting.exclusive():
        closed = back.go_back(shifting, found, found.reason)
    raise Away(f"{found.reason}. {closed.origin} has all traffic again")


def _stays(tools: Tools, release: Release, reason: str) -> Refused:
    what = (
        f"{reason}. But {release.color.other} was no better before ({release.origin_problem}), so "
        f"nothing is moved: {release.color} keeps all traffic. Look at what both share: the "
        "database, Redis, the gateway"
    )
    title = f"Both colors fail; traffic stays on {release.color} {release.version}"
    tools.tell(Event("stayed", title, what, "critical", dedup=release.incident))
    return Refused(what)
