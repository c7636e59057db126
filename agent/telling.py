"""What people are told of a rollback, and by whom: in the background, but never forgotten.

An operation may be told twice (a leader died in between), and then under the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ops.notify import Event, Failure, Notifier
from ops.rollback.journal import Outcome, Step

if TYPE_CHECKING:
    from agent.inbox import Entry
    from ops.agent import AgentSettings
    from ops.hold import Hold
    from ops.rollback.journal import Operation

LIFT = (
    "`scripts/emergency_rollback.py --acknowledge` writes what is live into the configuration and "
    "lifts the hold; until then `pulumi up` gives {color} no traffic"
)


class Teller:
    """Sends one event after the other in a thread of its own; `failed` is told of each failure."""

    def __init__(
        self,
        settings: AgentSettings,
        notifier: Notifier,
        failed: Callable[[Failure], None],
    ) -> None:
        self._settings = settings
        self._notifier = notifier
        self._failed = failed
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telling")
        self._told: dict[str, Future[None]] = {}

    def step(self, operation: Operation) -> None:
        """An operation has come to its next step: people are told as soon as traffic has moved.

        Does not wait for it.
        """
        if operation.step is Step.SEE:
            self._once(operation.id, lambda: self._rolled_back(operation))

    def ended(self, operation: Operation) -> None:
        """An operation is over; returns once everybody was told, or did not answer."""
        if operation.outcome is Outcome.ROLLED_BACK:
            self._once(operation.id, lambda: self._rolled_back(operation))
        else:
            self._once(f"{operation.id} {operation.outcome}", lambda: self._stayed(operation))
        self.wait()

    def paged(self, entry: Entry, reason: str) -> None:
        """Nothing was moved, and a person must decide; returns once everybody was told."""
        dedup = f"{entry.fingerprint} {entry.starts_at.isoformat()}"
        self._once(f"{dedup} {reason}", lambda: self._page(entry, reason))
        self.wait()

    def unanswered(self, entry: Entry, reason: str) -> None:
        """The agent can't find out what to do, and goes on trying. Only once for each alert."""
        dedup = f"{entry.fingerprint} {entry.starts_at.isoformat()}"
        told = f"the agent could not find out what to do yet, and goes on trying: {reason}"
        self._once(f"{dedup} unanswered", lambda: self._page(entry, told))

    def reasserted(self, operation: Operation, hold: Hold) -> None:
        """Somebody gave the held color traffic. Where it can't be taken back: once for a hold."""
        if operation.outcome is Outcome.ROLLED_BACK:
            self._once(operation.id, lambda: self._rolled_back(operation))
        else:
            self._once(f"{hold.at} {operation.outcome}", lambda: self._stayed(operation))

    def wait(self) -> None:
        """Until everything that was to be told is told."""
        for future in list(self._told.values()):
            future.result()

    def _once(self, key: str, make: Callable[[], Event]) -> None:
        if key not in self._told:
            self._told[key] = self._thread.submit(self._tell, make())

    def _tell(self, event: Event) -> None:
        for failure in self._notifier.tell(event):
            self._failed(failure)

    def _rolled_back(self, operation: Operation) -> Event:
        color, target = operation.color, operation.target
        return Event(
            kind="rollback",
            title=f"{self._settings.stack}: traffic went from {color} to {target}",
            text=f"{operation.reason}. {LIFT.format(color=color)}",
            severity="critical",
            fields=self._fields(operation),
            dedup=operation.fingerprint or operation.id,
        )

    def _stayed(self, operation: Operation) -> Event:
        color, target = operation.color, operation.target
        notes = "; ".join(operation.notes)
        return Event(
            kind="stayed",
            title=f"{self._settings.stack}: traffic stays on {color}, which fails",
            text=f"{operation.reason}. It could not go to {target}: {notes or operation.outcome}. "
            f"Mend {target} and run `scripts/emergency_rollback.py`, or mend {color}",
            severity="critical",
            fields=self._fields(operation),
            dedup=operation.fingerprint or operation.id,
        )

    def _page(self, entry: Entry, reason: str) -> Event:
        return Event(
            kind="page",
            title=f"{self._settings.stack}: {entry.alert} on {entry.color}, and nothing was moved",
            text=f"{entry.summary}. No rollback by itself: {reason}. Look at it now; "
            "`scripts/emergency_rollback.py` moves traffic if that is right",
            severity="critical",
            fields={**self._links(), "alert": entry.alert, "color": str(entry.color)},
            dedup=entry.fingerprint,
        )

    def _fields(self, operation: Operation) -> dict[str, str]:
        return {
            **self._links(),
            "alert": operation.alert,
            "color": str(operation.color),
            "target": str(operation.target),
            "by": operation.by,
        }

    def _links(self) -> dict[str, str]:
        found = {"stack": self._settings.stack, "public": self._settings.public_url}
        if self._settings.runbook_url:
            found["runbook"] = self._settings.runbook_url
        return found
