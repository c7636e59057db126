"""What is looked at before a complete rollback begins; nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import config
from ops.color import Color
from ops.errors import Refused, UsageError
from ops.live import no_active
from ops.release.beginning import require_current
from ops.release_rollback import meant
from ops.release_rollback.entry import Step, Undoing
from ops.shift import findings
from ops.times import stamp
from ops.verdict import enforce

if TYPE_CHECKING:
    from ops.config import Replicas
    from ops.history import History
    from ops.release.entry import Release
    from ops.release_rollback.tools import Tools
    from ops.release_rollback.wish import Wish
    from ops.state import LiveTraffic


def prepare(tools: Tools, wish: Wish) -> Undoing:
    """The rollback that could begin. Raises Refused where something stands against it."""
    release = tools.release
    live = release.traffic.live()
    if live is None or live.active is None:
        raise no_active()
    require_current(release)
    open_one = release.journal.read()
    color = wish.color or meant.failed(tools, wish, live, open_one)
    if open_one is not None and open_one.color is not color:
        raise Refused(
            f"{open_one} is open, and that is not of {color}. End it by `scripts/release.py "
            "--abort` first"
        )
    values = release.stack.config()
    _require_possible(tools, wish, color, live)
    there, origin = config.of_color(values, color), config.of_color(values, color.other)
    last = open_one or _released(release.journal.history(), color, there.version)
    history = tools.past_pulumi.history()
    version = last.version if last else there.version
    earlier = _earlier(last, history, color, {version, there.version})
    before = meant.stands(tools)
    if before is not None and before.color is color:
        version, earlier = before.version, before.to_version
    earlier = wish.to_version or earlier
    if wish.is_version_only and not earlier:
        raise UsageError(f"nobody knows what {color} ran before: give --to-version VERSION")
    started = release.now()
    return Undoing(
        id=f"{started:%Y%m%dT%H%M%SZ}",
        color=color,
        version=version,
        to_version=earlier,
        origin_replicas=_replicas(origin.replicas, last, history, color.other),
        is_version_only=wish.is_version_only,
        force=wish.force,
        revision=wish.revision,
        data=wish.data,
        reason=wish.reason or f"rolled back by {release.by}",
        by=release.by,
        started=stamp(started),
        step=Step.VERSION if wish.is_version_only else Step.TRAFFIC,
    )


def _require_possible(tools: Tools, wish: Wish, color: Color, live: LiveTraffic) -> None:
    if not live.has_traffic(color):
        return
    if wish.is_version_only:
        raise Refused(
            f"{color} has {live.weights[color]} % of the traffic, and its version stays while it "
            "does. Leave --version-only out: then traffic goes back first"
        )
    tools.past_pulumi.consider(color, force=wish.force)
    if not wish.force:
        waiting = findings.waiting(tools.release.stack.config(), _deployed(tools))
        enforce(waiting, "nothing was changed")


def _deployed(tools: Tools) -> dict[Color, str]:
    return dict(tools.release.shifting().deployed)


def _released(history: list[Release], color: Color, version: str) -> Release | None:
    """The release that brought the color its version, by the journal."""
    mine = (each for each in reversed(history) if each.color is color)
    return next((each for each in mine if each.version == version), None)


def _earlier(release: Release | None, history: History, color: Color, now: set[str]) -> str:
    """What the color ran before: by the release that brought it, else as it served last."""
    if release is not None and release.standby.version:
        return release.standby.version
    served = [
        each
        for each, was in history.served.items()
        if was.get("color") == color and each not in now
    ]
    return served[-1] if served else ""


def _replicas(
    configured: Replicas, release: Release | None, history: History, color: Color
) -> Replicas:
    """How many the color is to have that serves again, None where that is not known."""
    if runs(configured):
        return configured
    if release is not None and runs(release.origin.replicas):
        return release.origin.replicas
    was = history.whole.get(color)
    return max(was.replicas.values()) if was and was.replicas else None


def runs(replicas: Replicas) -> bool:
    """Whether every service of a color has a replica by its configuration."""
    return all(replicas.values()) if isinstance(replicas, dict) else bool(replicas)
