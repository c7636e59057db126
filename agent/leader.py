"""What the leader does, round after round: finish what is open, answer alerts, keep the hold.

It may be killed between any two lines. The journal, the inbox and the hold say what is left, and
the twin goes on from there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ops.agent import NAME
from ops.errors import CouldNotFindOut
from ops.failpoint import reach
from ops.journal import TakenOver
from ops.rollback.decide import decide, decide_hold
from ops.rollback.journal import Operation
from ops.rollback.request import Kind, Limits, Request

if TYPE_CHECKING:
    from agent.inbox import Entry, Inbox
    from agent.live import Live
    from agent.telling import Teller
    from ops.lease import Lease
    from ops.rollback.facts import Evidence, Facts
    from ops.rollback.run import Rollback

log: Final = logging.getLogger(__name__)

RUNNER: Final = f"{NAME}/"
"""How the runner of each of the agent's operations begins."""
DECIDED: Final = "agent.decided"
FINISHED: Final = "agent.finished"
TOLD: Final = "agent.told"
FAILPOINTS: Final = (DECIDED, FINISHED, TOLD)
TOO_OLD: Final = timedelta(minutes=10)
"""An alert that waited longer is not acted on: people have seen it by now, and may be at work."""
PATIENCE_SECONDS: Final = 30.0
"""So long an alert may stay without an answer before somebody is told so."""
LOOK_SECONDS: Final = 30.0
"""All facts are read this often, also where nobody wrote the route or the hold."""


@dataclass(frozen=True)
class Parts:
    """What the leader works with. `evidence` says what else fails, given whom alerts accuse."""

    rollback: Rollback
    inbox: Inbox
    live: Live
    lease: Lease
    teller: Teller
    evidence: Callable[[list[Entry]], Evidence]
    count: Callable[[str, str], None]
    """Counts an answer: the color that was accused, and the outcome."""


class Leader:
    """One replica's part in this; without the lease a round does nothing."""

    def __init__(
        self, parts: Parts, window_minutes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._parts = parts
        self._limits = Limits(window_minutes=window_minutes)
        self._clock = clock
        self._seen: tuple[str, ...] | None = None
        self._seen_at = 0.0
        self._unanswered: dict[str, float] = {}
        self._next_reassertion = 0.0
        self._led = False

    def round(self) -> None:
        """Do what is to be done. Raises CouldNotFindOut; the next round tries again."""
        if not self._leads():
            self._seen = None
            return
        try:
            operation = self._parts.rollback.open()
            if operation is not None:
                self._go_on(operation)
                return
            pending = self._parts.inbox.pending()
            for entry in pending:
                self._answer(entry, pending)
            self._watch()
        except TakenOver as error:
            log.warning("%s", error)

    def _leads(self) -> bool:
        is_held = self._parts.lease.is_held
        if is_held is not self._led:
            self._led = is_held
            log.info("this replica %s", "acts from now on" if is_held else "acts no longer")
        return is_held

    def _go_on(self, operation: Operation) -> None:
        """Finish what a leader before left open; leave a person's own run to that person."""
        parts = self._parts
        if not operation.runner.startswith(RUNNER) and not parts.rollback.is_abandoned(operation):
            return
        log.info("going on with %s", operation)
        ended = self._run(operation)
        asked = [entry for entry in parts.inbox.pending() if _is_for(ended, entry)]
        if not asked:
            parts.teller.ended(ended)
        for entry in asked:
            self._close(entry, ended)

    def _answer(self, entry: Entry, pending: list[Entry]) -> None:
        try:
            done = [each for each in self._parts.rollback.done() if _is_for(each, entry)]
            if done:
                self._close(entry, done[-1])
            elif datetime.now(UTC) - entry.accepted_at > TOO_OLD:
                self._page(entry, f"it waited for more than {TOO_OLD.seconds // 60} minutes")
            else:
                self._decide(entry, pending)
        except CouldNotFindOut as error:
            self._say_unanswered(entry, error)
            raise
        self._unanswered.pop(entry.fingerprint, None)

    def _decide(self, entry: Entry, pending: list[Entry]) -> None:
        rollback = self._parts.rollback
        evidence = self._parts.evidence(pending)
        facts = rollback.facts(evidence.failing, evidence.shared)
        request = Request(
            color=entry.color,
            reason=entry.summary,
            by=NAME,
            alert=entry.alert,
            fingerprint=entry.fingerprint,
            starts_at=entry.starts_at.isoformat(),
        )
        decision = decide(request, facts, datetime.now(UTC), self._limits)
        log.info("%s on %s: %s: %s", entry.alert, entry.color, decision.kind, decision.reason)
        reach(DECIDED)
        if decision.moves:
            self._close(entry, self._run(rollback.begin(request, decision, facts)))
        elif decision.kind is Kind.PAGE:
            self._page(entry, decision.reason)
        else:
            self._note(entry, decision.kind, decision.reason)

    def _run(self, operation: Operation) -> Operation:
        ended = self._parts.rollback.resume(operation)
        log.info("%s", ended)
        reach(FINISHED)
        return ended

    def _close(self, entry: Entry, operation: Operation) -> None:
        self._parts.teller.ended(operation)
        self._note(entry, operation.outcome, str(operation))

    def _page(self, entry: Entry, reason: str) -> None:
        log.warning("%s on %s: nothing was moved: %s", entry.alert, entry.color, reason)
        self._parts.teller.paged(entry, reason)
        self._note(entry, "paged", reason)

    def _note(self, entry: Entry, outcome: str, told: str) -> None:
        reach(TOLD)
        self._parts.inbox.answer(entry, f"{outcome}: {told}")
        self._parts.count(entry.color, outcome)

    def _say_unanswered(self, entry: Entry, error: CouldNotFindOut) -> None:
        """Not knowing is no reason to move traffic, and none to keep quiet about it for long."""
        now = self._clock()
        since = self._unanswered.setdefault(entry.fingerprint, now)
        if now - since > PATIENCE_SECONDS:
            self._parts.teller.unanswered(entry, str(error))

    def _watch(self) -> None:
        """Write down how traffic stands, and take back what a hold forbids."""
        version, now = self._parts.live.version(), self._clock()
        if not version or (version == self._seen and now - self._seen_at < LOOK_SECONDS):
            return
        facts = self._parts.rollback.facts()
        self._parts.rollback.observe(facts)
        self._keep_hold(facts)
        self._seen, self._seen_at = version, now

    def _keep_hold(self, facts: Facts) -> None:
        decision = decide_hold(facts)
        if decision.kind is Kind.LIFT:
            self._parts.rollback.lift(decision, facts)
        if decision.kind is not Kind.REASSERT or facts.hold is None:
            return
        if self._clock() < self._next_reassertion:
            return
        self._next_reassertion = self._clock() + LOOK_SECONDS
        log.warning("%s", decision.reason)
        request = Request(facts.hold.color, decision.reason, by=NAME, alert=facts.hold.alert)
        ended = self._run(self._parts.rollback.begin(request, decision, facts))
        self._parts.teller.reasserted(ended, facts.hold)
        self._parts.count(facts.hold.color, f"{Kind.REASSERT} {ended.outcome}")


def _is_for(operation: Operation, entry: Entry) -> bool:
    """Whether the operation was the answer to this alert, and to this time of it."""
    return (operation.fingerprint, operation.starts_at) == (
        entry.fingerprint,
        entry.starts_at.isoformat(),
    )
