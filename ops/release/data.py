"""The database in a release: a backup that is proven, and a schema that is expanded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from ops import backups, operations
from ops.backups import postgres, record, tags, verify
from ops.errors import Refused
from ops.migrations.image import BASE, HEAD, Phase
from ops.migrations.migrations import Migrations
from ops.schema import problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ops.backups.engine import Engine
    from ops.backups.model import Backup
    from ops.cluster import Cluster
    from ops.migrations.image import Revision
    from ops.migrations.migrations import Ahead
    from ops.operations import Operations
    from ops.release.entry import Release
    from ops.release.tools import Say
    from ops.stack import Stack


@dataclass(frozen=True)
class StackData:
    """`ops.release.tools.Data`."""

    stack: Stack
    cluster: Cluster
    say: Say

    def back_up(self, label: str) -> str:
        """Take a backup, or find the one with this label; its id."""
        facts, engine = self._open()
        for taken in engine.backups():
            if taken.label == label:
                return taken.id
        taken = engine.take(label, tags.of_stack(facts, self.stack.short_name), self.say)
        self._note("taken", taken.taken_at, taken)
        return taken.id

    def verify(self, backup: str) -> str:
        """Prove it by a restore, unless that was done."""
        facts, engine = self._open()
        found = engine.find(backup)
        if found.verified_at is not None:
            return f"{found.id} was proven already"
        database = facts.database
        source = database.admin_url or database.url
        if isinstance(engine, postgres.PostgresEngine):
            source = engine.source.url
        limits = verify.Limits(timedelta(minutes=facts.backups.max_age_minutes))
        made = verify.verify(engine, found, source, limits, self.say)
        verify.enforce(made.checks, f"{found.id} is not proven")
        self._note("verified", made.finished_at, found)
        return f"{found.id} is proven: restored in {made.restore_seconds} s, and checked"

    def expand(self, release: Release) -> list[str]:
        """Run what is pending up to the first contract; what was run, and what is left."""
        facts = operations.read(self.stack)
        if not facts.migrations.enabled:
            return ["this stack does not migrate"]
        migrations = Migrations(self.stack, facts, self.cluster, self.say)
        target = migrations.target(release.color, release.version)
        ahead = migrations.ahead(target, HEAD)
        todo = before_contract(ahead.todo)
        require_enough(ahead, todo)
        if ahead.plan.is_ahead:
            return ["the database is ahead of this image, which fits it: nothing to run"]
        goal = todo[-1].id if todo else ahead.plan.database.revision or BASE
        migrations.upgrade(target, goal, dry_run=False)
        left = [f"left for later, by scripts/migrate.py: {one}" for one in ahead.todo[len(todo) :]]
        return [*(f"ran {one}: {one.title}" for one in todo), *left] or ["nothing was pending"]

    def _open(self) -> tuple[Operations, Engine]:
        facts = operations.read(self.stack)
        return facts, backups.connect(facts, self.stack.short_name)

    def _note(self, event: record.Event, at: datetime, backup: Backup) -> None:
        record.tell(lambda: self.cluster, event, at, backup.id, self.say)


def before_contract(todo: Sequence[Revision]) -> list[Revision]:
    """The pending migrations that take nothing away: those before the first contract."""
    return list(takewhile(lambda one: one.phase is not Phase.CONTRACT, todo))


def require_enough(ahead: Ahead, todo: Sequence[Revision]) -> None:
    """Raise Refused if the image needs more than the schema has before any contract."""
    database = ahead.plan.after(todo[-1]) if todo else ahead.plan.database
    if found := problem(ahead.plan.image, database):
        raise Refused(
            f"{found}. A release takes nothing of the schema away: see `scripts/migrate.py plan`"
        )
