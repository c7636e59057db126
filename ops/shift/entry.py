"""One shift of traffic as its journal has it: where it is to go, how far it is, what comes next."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ops.color import Color
from ops.journal import JournalEntry, Kept

NAME: Final = "traffic-shift"
"""ConfigMap with the journal, and the Lease of who is at it."""
DONE: Final = "done"
"""The outcome of a shift that arrived."""


class Phase(StrEnum):
    """What is being done about a step."""

    MOVING = "moving"
    WATCHING = "watching"
    BACK = "going back"


class Shift(JournalEntry):
    """Traffic on its way to `target`, by `steps` (percent), then by the switch itself.

    `step` counts from 0; behind the last one is the switch. `version` is the target's,
    `origin_version` the other color's, and `origin_problem` what was wrong with that before.
    `serial` is the configuration's once this step is written. Seconds are how long each step, and
    the switch, is watched; 0: not at all. `failing`: the target was seen failing requests.
    `paged`: people were called. `outcome` is empty while it is open.
    """

    id: str
    target: Color
    version: str
    origin_version: str = ""
    steps: tuple[int, ...] = ()
    step_seconds: float = 0.0
    switch_seconds: float
    step: int = 0
    phase: Phase = Phase.MOVING
    serial: int = 0
    origin_problem: str = ""
    started: str
    by: str
    reason: str = ""
    failing: bool = False
    paged: bool = False
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        what = "canary" if self.steps else "switch"
        doing = "" if self.outcome else f", {self.phase} at {self.where}"
        ended = f", {self.outcome} {self.finished}" if self.outcome else ""
        return (
            f"{what} to {self.target} {self.version}, begun {self.started} by {self.by}"
            f"{doing}{ended}"
        )

    @property
    def origin(self) -> Color:
        """The color that traffic comes from, and goes back to."""
        return self.target.other

    @property
    def is_switch(self) -> bool:
        """Whether it has come to the switch, behind all steps of a canary."""
        return self.step >= len(self.steps)

    @property
    def where(self) -> str:
        """The step for people: `25 %`, or `the switch`."""
        return "the switch" if self.is_switch else f"{self.steps[self.step]} %"

    @property
    def active(self) -> Color:
        """What `activeColor` is to be."""
        forward = self.is_switch and self.phase is not Phase.BACK
        return self.target if forward else self.origin

    @property
    def canary_weight(self) -> int:
        """What `canaryWeight` is to be."""
        return 0 if self.is_switch or self.phase is Phase.BACK else self.steps[self.step]

    @property
    def weights(self) -> dict[Color, int]:
        """Percent for each color."""
        return {
            self.active: 100 - self.canary_weight,
            self.active.other: self.canary_weight,
        }

    @property
    def seconds(self) -> float:
        """How long this step is watched."""
        return self.switch_seconds if self.is_switch else self.step_seconds

    def next(self) -> Shift:
        """The step behind this one, to be moved to."""
        return self.updated(step=self.step + 1, phase=Phase.MOVING)


KEPT: Final = Kept(NAME, Shift, "scripts/canary.py --status")
