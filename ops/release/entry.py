"""One release as its journal has it: what was asked for, how far it is, what each step said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from ops.color import Color
from ops.config import ColorConfig
from ops.journal import JournalEntry, Kept
from ops.release.step import Step

NAME: Final = "release"
"""ConfigMap with the journal, and the Lease of who is at it."""
DONE: Final = "done"
ABORTED: Final = "aborted"
SKIPPED: Final = "skipped"
FAILED: Final = "failed"
MOST_LINES: Final = 60
"""Above the checklist's lines. Of a step that is done once more, only the last run keeps them."""
MOST_CHARACTERS: Final = 300
MOST_RUNS: Final = 40
"""Of what the steps say is kept so much: a ConfigMap holds 1 MiB, with the history."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Options(_Kept):
    """What was asked for. `steps` are the canary's percentages, empty for a switch at once.

    Each step of a canary is watched for `step_seconds`, the whole for `watch_seconds`, then for
    `keep_seconds` until the old color goes. `accept` gives a reason for each line of the checklist
    that may stay unknown. `time_factor` stretches what warm-up, smoke tests and browser allow.
    Nothing behind `last` is done.
    """

    steps: tuple[int, ...] = (10, 25, 50, 100)
    step_seconds: float = 600.0
    watch_seconds: float = 300.0
    keep_seconds: float = 1800.0
    warmup_seconds: float = 120.0
    time_factor: float = 1.0
    silence_minutes: int = 120
    accept: dict[str, str] = Field(default_factory=dict)
    checklist: str = ""
    last: Step = Step.NOTIFY


class Run(_Kept):
    """One step: times are RFC 3339; `outcome` is empty while it is being done."""

    step: Step
    began: str
    ended: str = ""
    outcome: str = ""
    lines: tuple[str, ...] = ()

    @property
    def took(self) -> str:
        """How long, for people; empty while it goes on."""
        if not self.ended:
            return ""
        begin, end = datetime.fromisoformat(self.began), datetime.fromisoformat(self.ended)
        return str(end - begin)

    def brief(self) -> Run:
        """With the last line of what it said alone."""
        return self.model_copy(update={"lines": self.lines[-1:]})


class Release(JournalEntry):
    """`version` on its way to `color`, which is in standby and served nobody.

    `step` is the one to do, or being done. `standby` and `origin` are how the two colors were
    configured when it began; `origin_problem` what was wrong with the old one before traffic moved.
    `digests` are the images that were tested, by service, and those that its background services
    ran later.
    `touched` are the steps that were ever begun: `runs` loses its oldest.
    `outcome` is empty while it is open.
    """

    id: str
    version: str
    color: Color
    from_version: str = ""
    standby: ColorConfig = ColorConfig()
    origin: ColorConfig = ColorConfig()
    options: Options = Options()
    by: str
    started: str
    step: Step
    touched: tuple[Step, ...] = ()
    runs: tuple[Run, ...] = ()
    backup: str = ""
    origin_problem: str = ""
    digests: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    aborting: bool = False
    paged: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        doing = "being aborted" if self.aborting else f"at step {self.step}"
        where = f"{self.outcome} {self.finished}" if self.outcome else doing
        return f"release {self.version} to {self.color}, begun {self.started} by {self.by}, {where}"

    @property
    def incident(self) -> str:
        """What those who are told of it know it by."""
        return f"release-{self.id}"

    @property
    def label(self) -> str:
        """What its backup and its silence are found by."""
        return f"release-{self.id}"

    def run_of(self, step: Step) -> Run | None:
        """The last time that a step was begun."""
        return next((run for run in reversed(self.runs) if run.step is step), None)

    def has_begun(self, step: Step) -> bool:
        """Whether the step may have changed anything, also if it was left out afterwards."""
        # By the runs alone for a release that was begun before `touched` was kept.
        seen = (run.outcome != SKIPPED for run in self.runs if run.step is step)
        return step in self.touched or any(seen)

    def begun(self, at: str) -> Release:
        """Its step is being done."""
        before = (run.brief() if run.step is self.step else run for run in self.runs)
        runs = (*before, Run(step=self.step, began=at))
        touched = tuple(step for step in Step if step is self.step or self.has_begun(step))
        return self.updated(touched=touched, runs=runs[-MOST_RUNS:], reason="")

    def ended(self, at: str, outcome: str, lines: Iterable[str]) -> Release:
        """What was being done is over."""
        run = self.runs[-1].model_copy(
            update={"ended": at, "outcome": outcome, "lines": _short(lines)}
        )
        return self.updated(runs=(*self.runs[:-1], run))

    def skipped_to(self, step: Step, at: str, why: str) -> Release:
        """The steps before `step` are left out."""
        out = [Step(each) for each in Step if self.step.number <= each.number < step.number]
        runs = [Run(step=s, began=at, ended=at, outcome=SKIPPED, lines=(why,)) for s in out]
        return self.updated(step=step, runs=(*self.runs, *runs))

    def brief(self) -> Release:
        """As the history keeps it: of what each step said, the last line."""
        return self.updated(runs=tuple(run.brief() for run in self.runs))


def _short(lines: Iterable[str]) -> tuple[str, ...]:
    found = [line for text in lines for line in text.splitlines() if line.strip()]
    return tuple(line[:MOST_CHARACTERS] for line in found[-MOST_LINES:])


KEPT: Final = Kept(NAME, Release, "scripts/release.py --status")
