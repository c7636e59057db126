"""The tools of a complete rollback for a stack as it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import history, operations
from ops.acknowledge import acknowledge
from ops.cluster import Cluster
from ops.journal import ClusterJournal
from ops.migrations import tenants
from ops.migrations.migrations import Migrations
from ops.release import connecting as releasing
from ops.release.connecting import Chosen
from ops.release_rollback.entry import KEPT, Undoing
from ops.release_rollback.schema import taken_back
from ops.release_rollback.tools import Tools
from ops.restore import connecting as restoring
from ops.restore import procedure
from ops.restore.plan import plan
from ops.rollback import by_hand
from ops.rollback import connecting as rolling_back
from ops.rollback.journal import Operation
from ops.shift.connecting import Wishes

if TYPE_CHECKING:
    from ops.color import Color
    from ops.history import History
    from ops.release.tools import Say
    from ops.restore.tools import Tools as Restoring
    from ops.rollback.run import Rollback
    from ops.stack import Stack

Confirm = Callable[[str], bool]


@dataclass(frozen=True)
class ByCluster:
    """`ops.release_rollback.tools.PastPulumi`."""

    stack: Stack
    cluster: Cluster
    router: str
    public_url: str
    by: str
    say: Say

    def consider(self, color: Color, *, force: bool) -> None:
        """Raise Refused where the other color is nothing to go back to."""
        by_hand.considered(self._rollback(), by_hand.Wish(color, "", self.by, force))

    def take_back(self, entry: Undoing) -> str:
        """Take all traffic from the color, and leave a hold on it; a sentence on it."""
        wish = by_hand.Wish(entry.color, entry.reason, entry.by, entry.force)
        done = by_hand.roll_back(self._rollback(), wish)
        if not isinstance(done, Operation):
            return done.reason
        return "; ".join([str(done), *done.notes])

    def acknowledge(self) -> str:
        """Make configuration say what is live, and lift the hold; a sentence on it."""
        done = acknowledge(self.stack, self.cluster, self.say)
        return "nothing is held" if done is None else f"{done.hold.target} serves by configuration"

    def history(self) -> History:
        """What has served the public."""
        return history.read(self.cluster)

    def forget_proof(self, color: Color) -> None:
        """From now on nothing goes back to the color as it is."""
        history.change(self.cluster, lambda before: before.without_proof(color))

    def _rollback(self) -> Rollback:
        return rolling_back.connect(self.cluster, self.router, self.say, lambda: self.public_url)


@dataclass(frozen=True)
class ByImageAndBackup:
    """`ops.release_rollback.tools.Data`. The image that made the schema takes it back."""

    stack: Stack
    cluster: Cluster
    confirm: Confirm
    say: Say

    def look(self, entry: Undoing) -> list[str]:
        """What would be lost or taken back, for people; changes nothing."""
        if entry.data:
            return plan(self._restoring(), entry.data).lines()
        migrations = self._migrations()
        found = migrations.plan(migrations.target(entry.color, entry.version))
        return taken_back(found, tenants.read(self.cluster, migrations.operations), entry)

    def downgrade(self, entry: Undoing) -> list[str]:
        """Take the schema back; what was."""
        migrations = self._migrations()
        target = migrations.target(entry.color, entry.version)
        taken = migrations.downgrade(target, entry.revision, dry_run=False)
        return [f"took back {one}: {one.title}" for one in taken] or ["nothing was above it"]

    def restore(self, entry: Undoing) -> str:
        """Restore the data; a sentence on it."""
        done = procedure.run(self._restoring(), entry.data)
        return f"the application uses {done.target}, restored from {done.source}; {done.old} stays"

    def _migrations(self) -> Migrations:
        return Migrations(self.stack, operations.read(self.stack), self.cluster, self.say)

    def _restoring(self) -> Restoring:
        return restoring.connect(self.stack, restoring.Wishes(self.confirm, self.say))


def connect(
    stack: Stack,
    confirm: Confirm,
    lease_seconds: float,
    say: Say,
    alertmanager: str | None = None,
) -> Tools:
    """Read what is deployed, and reach what it names. Raises UsageError and CouldNotFindOut.

    `alertmanager`: another URL than the deployed one.
    """
    facts = operations.read(stack)
    cluster = facts.cluster()
    release = releasing.connect(
        stack, Chosen(Wishes(alertmanager=alertmanager), lease_seconds), say
    )
    return Tools(
        release=release,
        journal=ClusterJournal(cluster, KEPT),
        past_pulumi=ByCluster(stack, cluster, facts.router, facts.public_url, release.by, say),
        data=ByImageAndBackup(stack, cluster, confirm, say),
        confirm=confirm,
    )


def journal(stack: Stack) -> ClusterJournal[Undoing]:
    """The journal alone. Raises UsageError and CouldNotFindOut."""
    return ClusterJournal(operations.read(stack).cluster(), KEPT)
