"""The safe way back from a release that is open: traffic, replicas, silence; in that order.

Only what this release began is undone. The schema stays expanded, and a hold stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ops import config, failpoint, names
from ops.errors import Refused
from ops.notify import Event
from ops.release.entry import ABORTED, Release
from ops.release.step import Step
from ops.release.watching import arrived, send_back
from ops.shift import procedure
from ops.times import stamp

if TYPE_CHECKING:
    from ops.color import Color
    from ops.hold import Hold
    from ops.release.tools import Tools
    from ops.shift.tools import Alive


def abort(tools: Tools, release: Release, reason: str, alive: Alive) -> Release:
    """Undo what was begun; the release, closed. Killed anywhere, the same does the rest.

    Raises TakenOver before the next part where another run has gone on with it, Refused before
    anything is changed where somebody else gave its color traffic.
    """
    if not release.has_begun(Step.SHIFT):
        _require_standby(tools, release)
    release = release.updated(aborting=True, reason=release.reason or reason)
    tools.journal.write(release)
    failpoint.reach("release.abort.begun")
    said = []
    for name, undo in PARTS.items():
        alive()
        tools.journal.fence()
        told = undo(tools, release)
        tools.say(f"abort, {name}: {told}")
        said.append(f"abort, {name}: {told}")
        failpoint.reach(f"release.abort.{name}")
    at = stamp(tools.now())
    event = Event(
        kind="resolved" if release.paged else "release",
        title=f"The release of {release.version} was aborted by {tools.by}",
        text=f"{release.reason}. {'; '.join(said)}",
        severity="warning",
        fields={"color": str(release.color), "version": release.version},
        dedup=release.incident,
    )
    failures = tuple(str(failure) for failure in tools.tell(event))
    notes = (*release.notes, *said, *failures)
    closed = release.updated(notes=notes, outcome=ABORTED, finished=at)
    tools.journal.close(closed.brief())
    failpoint.reach("release.abort.closed")
    tools.report(closed)
    return closed


def _old_color(tools: Tools, release: Release) -> str:
    """Its replicas first: traffic goes only to what is ready."""
    if not release.has_begun(Step.DECOMMISSION):
        return "it was left as it is"
    config.write(tools.stack, release.color.other, release.origin)
    tools.stack.up(tools.say)
    return f"{release.color.other} has its replicas again"


def _traffic(tools: Tools, release: Release) -> str:
    if not release.has_begun(Step.SHIFT):
        return "it was not touched"
    color, origin = release.color, release.color.other
    hold = tools.traffic.hold()
    if hold is not None and hold.color is color:
        if config.configured(tools.stack.config()) != config.all_to(origin):
            raise Refused(
                f"{hold}. Let configuration say so first, by `{names.ACKNOWLEDGE}`; then abort "
                "again"
            )
        return f"a rollback took it to {origin} already, and its hold stays"
    shifting = tools.shifting()
    found = shifting.journal.read()
    if found is not None and found.target is color:
        return str(procedure.abort(shifting))
    live = tools.traffic.live()
    is_back = live is not None and live.active is origin and not live.has_traffic(color)
    if is_back and config.configured(tools.stack.config()) == config.all_to(origin):
        return f"{origin} has all of it"
    shift = arrived(tools, release, 0)
    return str(send_back(shifting, shift, f"{tools.by} aborted the release", failing=False))


def _standby(tools: Tools, release: Release) -> str:
    if not release.has_begun(Step.DEPLOY):
        return "it was left as it is"
    _require_standby(tools, release)
    config.write(tools.stack, release.color, release.standby)
    tools.stack.up(tools.say)
    version = release.standby.version or "no version"
    return f"{release.color} is configured as before: {version}, {release.standby.replicas or 0}"


def _require_standby(tools: Tools, release: Release) -> None:
    """Raise Refused where its color serves, or is configured to, and would be deployed anew."""
    color, origin = release.color, release.color.other
    live = tools.traffic.live()
    is_live = live is not None and live.has_traffic(color)
    is_meant = config.configured(tools.stack.config()) != config.all_to(origin)
    if release.has_begun(Step.DEPLOY) and (is_live or is_meant):
        raise Refused(
            f"{color} has traffic, or is configured to have some, so its version and replicas stay "
            f"as they are. {_way(origin, tools.traffic.hold())}"
        )


def _way(origin: Color, hold: Hold | None) -> str:
    """What to do before an abort where the new color has traffic that the shift did not give it."""
    switch = f"`scripts/switch_deployment_color.py {origin}`"
    acknowledge = f"`{names.ACKNOWLEDGE}`"
    if hold is not None and hold.color is origin:
        return (
            f"{origin} is held as failing ({hold}), so an abort would lead to what fails. Let "
            f"configuration say what is live by {acknowledge}, then go on by `scripts/release.py "
            f"--resume`; or, once {origin} is mended, {switch}, then abort again"
        )
    way = switch if hold is None else acknowledge
    return f"Let {origin} have all of it first, by {way}; then abort again"


def _silence(tools: Tools, release: Release) -> str:
    return tools.silences.end(release.label) if release.has_begun(Step.SILENCE) else "there is none"


PARTS: Final[dict[str, Callable[[Tools, Release], str]]] = {
    "old-color": _old_color,
    "traffic": _traffic,
    "standby": _standby,
    "silence": _silence,
}
