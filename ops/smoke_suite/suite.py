"""The checks, one after the other, and what they made taken away whatever came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ops import checklist
from ops.application import leftovers
from ops.application.user import User
from ops.application.visit import Visit, Visitor
from ops.checklist import Line, Verdict
from ops.errors import CouldNotFindOut, OpsError
from ops.smoke_suite.checks import CHECKS, Check, Run

CLEAN_UP = Check(
    "clean up",
    lambda visit, run: leftovers.remove(visit, run.token, run.filename),
    timeout=10,
    budget=10,
    needs="token",
)


def _is_out_of_reach(lines: Sequence[Line]) -> bool:
    """Whether an earlier check got no answer: the others would wait in vain.

    Cleaning up is tried all the same: what was uploaded is there, and the way may be open again.
    """
    return any(before.verdict == "unknown" and before.tried for before in lines)


@dataclass(frozen=True)
class Suite:
    """The smoke tests of one address. `time_factor` stretches every time-out and budget."""

    visitor: Visitor
    user: User
    say: Callable[[str], None]
    time_factor: float = 1.0

    def run(self, checks: Sequence[Check] = CHECKS) -> list[Line]:
        """All lines, in order; those that had nothing to stand on are `unknown`.

        An interrupted run cleans up as well. Raises nothing that a check finds.
        """
        run, lines = Run(self.user), list[Line]()
        try:
            for check in checks:
                self._add(check, run, lines)
        finally:
            if run.uploaded:
                self._add(CLEAN_UP, run, lines)
        return lines

    def _add(self, check: Check, run: Run, lines: list[Line]) -> None:
        if check.needs and not getattr(run, check.needs):
            line = checklist.not_tried(check.name, f"no earlier check found a {check.needs}")
        elif check is not CLEAN_UP and _is_out_of_reach(lines):
            line = checklist.not_tried(check.name, f"{self.visitor.url} is not reached")
        else:
            self.say(f"checking: {check.name}")
            line = self._look(check, run)
        lines.append(line)

    def _look(self, check: Check, run: Run) -> Line:
        visit = self.visitor.visit(check.timeout * self.time_factor)
        began = time.monotonic()
        try:
            verdict, detail = self._judged(check, visit, check.act(visit, run))
        except OpsError as error:
            verdict = "unknown" if isinstance(error, CouldNotFindOut) else "bad"
            detail = str(error)
        seconds = time.monotonic() - began
        detail = self.visitor.hidden.hide(detail)
        return Line(check.name, verdict, detail, seconds, visit.retries)

    def _judged(self, check: Check, visit: Visit, detail: str) -> tuple[Verdict, str]:
        budget = check.budget * self.time_factor
        if visit.slowest > budget:
            return "bad", f"took {visit.slowest:.2f} s, its budget is {budget:g} s ({detail})"
        return "good", detail
