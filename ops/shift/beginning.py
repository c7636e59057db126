"""What is looked at before a shift of traffic begins; nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.color import Color
from ops.config import serial, version_of
from ops.errors import CouldNotFindOut, UsageError
from ops.shift import findings
from ops.shift.entry import Shift
from ops.state import LiveTraffic
from ops.times import stamp
from ops.verdict import Finding, Severity, judge_serial
from ops.watching.judging import Kind, Verdict

if TYPE_CHECKING:
    from ops.shift.tools import Tools

CANARY_STEPS = (10, 25, 50, 100)
STEP_SECONDS = 600.0
SWITCH_SECONDS = 300.0


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. No `target`: the color in standby.

    `steps` are a canary's percentages, none for a switch at once. Seconds are how long each step
    and the switch is watched; 0 for not at all.
    """

    target: Color | None = None
    steps: tuple[int, ...] = ()
    step_seconds: float = STEP_SECONDS
    switch_seconds: float = SWITCH_SECONDS

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.steps, self.steps[1:], strict=False))
        if not rising or any(not 1 <= step <= 100 for step in self.steps):
            raise UsageError(
                f"the steps {', '.join(map(str, self.steps))} can't be gone: give percentages from "
                "1 to 100, each above the one before, such as 10,25,50,100"
            )
        if (self.steps and self.step_seconds <= 0) or self.switch_seconds < 0:
            raise UsageError("a canary's step is watched for more than 0 minutes")

    @property
    def is_watched(self) -> bool:
        """Whether Prometheus is needed."""
        return bool(self.steps) or self.switch_seconds > 0


@dataclass(frozen=True)
class Start:
    """A shift that could begin, and what stands against it."""

    shift: Shift
    findings: tuple[Finding, ...]
    done: str
    """Why there is nothing to do; empty where there is."""

    def lines(self) -> list[str]:
        """What would be done, for people."""
        shift = self.shift
        steps = [
            f"{step} % to {shift.target}, compared with {shift.origin} for "
            f"{_minutes(shift.step_seconds)}"
            for step in shift.steps
        ]
        watched = _minutes(shift.switch_seconds) if shift.switch_seconds else "no time"
        return [*steps, f"switch to {shift.target} {shift.version}, watched for {watched}"]


def prepare(tools: Tools, wish: Wish) -> Start:
    """Look at everything. Raises CouldNotFindOut where something that must be known is not."""
    live = _live(tools)
    target = _target(wish, live)
    config = tools.stack.config()
    version = version_of(config, target)
    done = findings.serves(config, live, target)
    if not done and wish.target is None:
        done = findings.was_done(tools.journal.history(), live, version)
    problem, watching = ("", []) if done else _before(tools, wish, target.other, live)
    started = tools.now()
    shift = Shift(
        id=f"{started:%Y%m%dT%H%M%SZ}-{target}",
        target=target,
        version=version,
        origin_version=version_of(config, target.other),
        steps=wish.steps,
        step_seconds=wish.step_seconds,
        switch_seconds=wish.switch_seconds,
        serial=serial(config),
        origin_problem=problem,
        started=stamp(started),
        by=tools.by,
    )
    against = [
        *findings.without_version(target, version),
        *findings.not_in_standby(bool(wish.steps), target, live),
        *findings.waiting(config, tools.deployed),
        *judge_serial(shift.serial, live),
        *findings.held(target, tools.traffic.hold()),
        *watching,
    ]
    return Start(shift, tuple(against), done)


def _live(tools: Tools) -> LiveTraffic:
    live = tools.traffic.live()
    if live is None:
        raise CouldNotFindOut(
            "there is no public route, so there is no traffic to move: deploy with `pulumi up`"
        )
    return live


def _target(wish: Wish, live: LiveTraffic) -> Color:
    if wish.target is not None:
        return wish.target
    if live.active is None:
        raise CouldNotFindOut(
            "the public route does not say which color is the active one, so the one in standby is "
            "unknown. `pulumi up --refresh` writes it whole again"
        )
    return live.active.other


def _before(
    tools: Tools, wish: Wish, origin: Color, live: LiveTraffic
) -> tuple[str, list[Finding]]:
    """What is wrong with the color that serves, and why the shift could not be watched."""
    if not wish.is_watched or not live.has_traffic(origin):
        return "", []
    try:
        verdict = tools.watcher.before(origin)
    except CouldNotFindOut as error:
        verdict = Verdict(Kind.SILENT, str(error))
    if verdict.kind is Kind.SILENT:
        mend = (
            "Nothing is moved that can't be watched. Mend that; or, to go back without it: "
            "scripts/emergency_rollback.py, or scripts/switch_deployment_color.py with --no-watch"
        )
        return "", [Finding(Severity.UNKNOWN, verdict.reason, mend)]
    return (verdict.reason if verdict.kind is Kind.BAD else ""), []


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
