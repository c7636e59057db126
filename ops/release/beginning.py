"""What is looked at before a release begins; nothing is changed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import config
from ops.config import configured, serial
from ops.errors import Refused, UsageError
from ops.live import no_active
from ops.release.entry import DONE, Options, Release
from ops.release.step import WHAT, Step
from ops.shift import beginning as shift
from ops.shift.mending import mend
from ops.times import stamp
from ops.verdict import enforce, judge_serial

if TYPE_CHECKING:
    from ops.color import Color
    from ops.release.tools import Tools

_VERSION: Final = re.compile(r"\w[\w.-]{0,127}|sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. What is before `first` is left out."""

    version: str
    options: Options
    first: Step = Step.PREFLIGHT

    def __post_init__(self) -> None:
        require_version(self.version)
        shift.Wish(None, self.options.steps, self.options.step_seconds, 0.0)
        if self.first.number > self.options.last.number:
            raise UsageError(f"{self.first} comes after {self.options.last}: nothing is left to do")


def require_version(text: str) -> None:
    """Raise UsageError for what can't be a version."""
    if not _VERSION.fullmatch(text):
        raise UsageError(f"{text!r} is no version: an image's tag, or sha256:… digest")


def prepare(tools: Tools, wish: Wish) -> Release:
    """The release that could begin. Raises Refused where something stands against it."""
    live = tools.traffic.live()
    if live is None or live.active is None:
        raise no_active(", so there is none in standby")
    values = tools.stack.config()
    enforce(judge_serial(serial(values), live), "nothing was changed")
    is_split = live.has_traffic(live.active.other)
    if configured(values) != config.all_to(live.active) or is_split:
        raise Refused(
            f"a release begins where one color has all traffic, and configuration says so. Live: "
            f"{live.told}; configured: {configured(values)}. Finish the shift that is open "
            f"(`scripts/canary.py --status`). Where none is: {mend(tools.traffic, 0)}"
        )
    color = _color(wish, live.active, config.of_color(values, live.active).version)
    started = tools.now()
    origin, standby = config.of_color(values, color.other), config.of_color(values, color)
    return Release(
        id=f"{started:%Y%m%dT%H%M%SZ}",
        version=wish.version,
        color=color,
        from_version=origin.version,
        standby=standby,
        origin=origin,
        options=wish.options,
        by=tools.by,
        started=stamp(started),
        step=wish.first,
    )


def require_current(tools: Tools) -> None:
    """Raise Refused for a configuration older than what is live: another machine went on since.

    A rollback makes what is live newer as well; its hold says so better, where it matters.
    """
    live = tools.traffic.live()
    if live is not None and tools.traffic.hold() is None:
        found = judge_serial(serial(tools.stack.config()), live)
        enforce(found, "this release is not gone on with from here, and nothing was changed")


def was_done(tools: Tools, wish: Wish) -> Release | None:
    """The last release, if it was this one and is what serves: killed at its end and run again."""
    history = tools.journal.history()
    last = history[-1] if history else None
    if last is None or last.outcome != DONE or last.options.last is not Step.NOTIFY:
        return None
    values = tools.stack.config()
    serves = (configured(values)["activeColor"], config.of_color(values, last.color).version)
    is_whole = wish.first is Step.PREFLIGHT and wish.options.last is Step.NOTIFY
    return last if is_whole and serves == (last.color, wish.version) else None


def lines(release: Release) -> list[str]:
    """What would be done, for people."""
    options = release.options
    more = {
        Step.SILENCE: f"{options.silence_minutes} min at most",
        Step.DEPLOY: f"{release.color}: {release.version}",
        Step.SHIFT: ", ".join(f"{s} % for {options.step_seconds / 60:g} min" for s in options.steps)
        or "at once",
        Step.WATCH: f"{options.watch_seconds / 60:g} min",
        Step.KEEP: f"{options.keep_seconds / 60:g} min",
        Step.DECOMMISSION: str(release.color.other),
    }
    steps = [s for s in Step if release.step.number <= s.number <= options.last.number]
    return [f"{s}: {WHAT[s]}" + (f" ({more[s]})" if s in more else "") for s in steps]


def _color(wish: Wish, active: Color, version: str) -> Color:
    """The color in standby; behind the shift, the one that serves the version by now."""
    if wish.first.number > Step.SHIFT.number:
        if version != wish.version:
            raise Refused(f"{wish.first} comes after the shift, and {active} serves {version}")
        return active
    if version == wish.version:
        raise Refused(f"{active} serves {version} already: there is nothing to release")
    return active.other
