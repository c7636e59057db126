"""One process at work on one rollback: step by step, from wherever the journal says it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ops import failpoint
from ops.rollback import steps
from ops.rollback.holding import Superseded
from ops.rollback.journal import Journal, Operation, Outcome, Step
from ops.rollback.readiness import NeverReady

BEAT_SECONDS: Final = 2.0
"""How often the journal is written while something is waited for: a sign of life."""
STAYS: Final = (steps.NotInTime, NeverReady, Superseded)
"""Why traffic stays where it is, as people read it."""
STAYED: Final = "rollback.stayed"
FAILPOINTS: Final = (
    *(f"rollback.{step}_{state}" for step in Step for state in ("begun", "done")),
    STAYED,
)
"""`begun`: the journal says so, nothing was done. `done`: the journal does not know it yet."""


@dataclass
class Attempt:
    """Goes on with `operation`, which `journal` has open. `watch` sees what was written there."""

    journal: Journal
    operation: Operation
    watch: Callable[[Operation], None]
    clock: Callable[[], float]
    _beaten: float = 0.0

    def take_over(self, runner: str, tools: steps.Tools) -> None:
        """Make it this process' own. Whoever had it can write neither journal nor route then."""
        self.write(self.operation.updated(runner=runner))
        steps.disarm(tools, self.operation)

    def to_the_end(self, tools: steps.Tools) -> Operation:
        """Do what is left to do. Raises TakenOver, and CouldNotFindOut: it stays open then."""
        order = list(Step)
        for step in order[order.index(self.operation.step) :]:
            if step is not self.operation.step:
                times = {**self.operation.times, step: self.journal.moment()}
                self.write(self.operation.updated(step=step, times=times))
                failpoint.reach(f"rollback.{step}_begun")
            try:
                notes = steps.ACTS[step](tools, self.operation)
            except STAYS as reason:
                return self._stay(tools, str(reason))
            self.operation = self.operation.updated(notes=(*self.operation.notes, *notes))
            failpoint.reach(f"rollback.{step}_done")
        return self._close(Outcome.ROLLED_BACK)

    def give_up(self, tools: steps.Tools, reason: str) -> Operation:
        """Leave traffic where it is, for a reason that others said; to the end where it has moved.

        Raises as `to_the_end`.
        """
        if steps.is_moved(tools, self.operation):
            return self.to_the_end(tools)
        return self._stay(tools, reason)

    def write(self, operation: Operation) -> None:
        """Keep it in the journal. Raises TakenOver if somebody else wrote there."""
        self._keep(operation)
        self.watch(operation)

    def fence(self) -> None:
        """Raise TakenOver if the journal is somebody else's by now."""
        self._keep(self.operation.updated(beat=self.operation.beat + 1))

    def beat(self) -> None:
        """The same now and then, as a sign of life."""
        if self.clock() - self._beaten > BEAT_SECONDS:
            self.fence()

    def _keep(self, operation: Operation) -> None:
        self.journal.write(operation)
        self.operation = operation
        self._beaten = self.clock()

    def _stay(self, tools: steps.Tools, reason: str) -> Operation:
        tools.say(f"traffic stays on {self.operation.color}: {reason}")
        self.operation = self.operation.updated(notes=(*self.operation.notes, reason))
        steps.stay(tools, self.operation)
        failpoint.reach(STAYED)
        return self._close(Outcome.STAYED)

    def _close(self, outcome: Outcome) -> Operation:
        ended = self.operation.updated(outcome=outcome, ended=self.journal.moment())
        self.journal.close(ended)
        self.operation = ended
        self.watch(ended)
        return ended
