"""What each step of a complete rollback does. Each can be killed anywhere and done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ops import config, verdict
from ops.config import ColorConfig
from ops.notify import Event
from ops.preflight.system import BACKGROUND
from ops.release import aborting
from ops.release_rollback.entry import Step
from ops.release_rollback.traffic import require_none, take_back

if TYPE_CHECKING:
    from ops.release_rollback.entry import Undoing
    from ops.release_rollback.tools import Tools


def _acknowledge(tools: Tools, entry: Undoing) -> list[str]:
    hold = tools.release.traffic.hold()
    if hold is None or hold.color is not entry.color:
        return [f"{entry.color} is not held"]
    return [tools.past_pulumi.acknowledge()]


def _release(tools: Tools, entry: Undoing) -> list[str]:
    found = tools.release.journal.read()
    if found is None or found.color is not entry.color:
        return ["none of it is open"]
    # Read anew, so that its own journal does not say whether another run went on with this.
    tools.journal.fence()
    return [str(aborting.abort(tools.release, found, entry.reason, tools.alive))]


def _version(tools: Tools, entry: Undoing) -> list[str]:
    """Both in one `up`: pods of the version of before are not started to be ended."""
    require_none(tools, entry)
    stack, color = tools.release.stack, entry.color
    there = config.of_color(stack.config(), color)
    version = entry.to_version or there.version
    if not version:
        return [f"{color} is configured with none"]
    if not entry.is_version_only:
        _require_one_color_works(tools)
    wanted = ColorConfig(version=version, replicas=there.replicas if entry.is_version_only else 0)
    config.write(stack, color, wanted)
    stack.up(tools.release.say)
    if not entry.is_version_only:
        _require_one_color_works(tools)
    kept = "" if entry.to_version else ", since nobody knows what it ran before (--to-version)"
    how_many = "replicas as before" if entry.is_version_only else "0 replicas"
    return [f"{color} is configured with {version}{kept}, {how_many}"]


def _require_one_color_works(tools: Tools) -> None:
    verdict.enforce(tools.release.checks.background(), f"{BACKGROUND} are not in exactly one color")


def _backup(tools: Tools, entry: Undoing) -> list[str]:
    return [f"backup {tools.release.data.back_up(entry.label)}"]


def _schema(tools: Tools, entry: Undoing) -> list[str]:
    return tools.data.downgrade(entry)


def _data(tools: Tools, entry: Undoing) -> list[str]:
    return [tools.data.restore(entry)]


def _notify(tools: Tools, entry: Undoing) -> list[str]:
    if entry.is_version_only:
        title = f"{entry.color} is back at {entry.to_version}; it has no traffic"
    else:
        title = f"{entry.version} is rolled back: {entry.target} serves"
    event = Event(
        kind="release",
        title=title,
        text=f"{entry.reason}. {'; '.join(entry.notes)}",
        severity="warning",
        fields={"color": str(entry.color), "version": entry.version, "by": entry.by},
        dedup=entry.label,
    )
    return [str(failure) for failure in tools.release.tell(event)]


ACTS: Final[Mapping[Step, Callable[[Tools, Undoing], list[str]]]] = {
    Step.TRAFFIC: take_back,
    Step.ACKNOWLEDGE: _acknowledge,
    Step.RELEASE: _release,
    Step.VERSION: _version,
    Step.BACKUP: _backup,
    Step.SCHEMA: _schema,
    Step.DATA: _data,
    Step.NOTIFY: _notify,
}
