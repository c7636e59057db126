"""The pending migrations up, down and up again, on a restore of the newest verified backup."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.background import has_ended
from ops.backups.model import Backup
from ops.database import Address
from ops.errors import Refused
from ops.migrations.image import BASE, Phase, Plan, parse
from ops.migrations.job import REHEARSAL, SECRET, Command
from ops.migrations.migrations import LOOK_SECONDS, Migrations
from ops.migrations.target import Target

if TYPE_CHECKING:
    from ops.backups.engine import Engine
    from ops.cluster import Body, Cluster

SCRATCH: Final = f"{names.DOMAIN}/scratch"
"""Annotation of the Secret: the scratch whose address is in it."""
IDLE: Final = timedelta(minutes=1)
"""A live rehearsal goes from one Job to the next within seconds."""


@dataclass
class Rehearsal:
    """What was done on which backup, with the seconds each step took."""

    backup: str
    steps: list[tuple[str, float]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        steps = [{"step": what, "seconds": round(seconds, 1)} for what, seconds in self.steps]
        return {"backup": self.backup, "steps": steps}


@dataclass(frozen=True)
class _Scratch:
    """A restored database: commands run against it, and are timed."""

    migrations: Migrations
    target: Target
    secret: str
    done: Rehearsal

    def run(self, *arguments: str, writes: bool = True) -> dict[str, Any]:
        """Run a command of the image there; returns its answer if it is one that looks."""
        began = time.monotonic()
        command = Command(arguments, writes, self.secret)
        seconds = self.migrations.operations.migrations.timeout_seconds
        limit = max(seconds, LOOK_SECONDS)
        outcome = self.migrations.jobs.run(self.target, command, limit)
        outcome.require_done()
        if not writes:
            return outcome.answer()
        self.done.steps.append((" ".join(arguments), time.monotonic() - began))
        return {}

    def plan(self) -> Plan:
        return parse(self.run("plan", "--json", writes=False))

    def up(self, goal: str) -> None:
        """Run everything up to `goal`; before what asks for complete rows, bring them over."""
        plan = self.plan()
        for revision in plan.until(goal):
            if revision.phase is Phase.MIGRATE:
                if revision.down is not None and revision != plan.pending[0]:
                    self.run("upgrade", "--to", revision.down, "--allow-contract")
                self.run("backfill")
        self.run("upgrade", "--to", goal, "--allow-contract")


def rehearse(migrations: Migrations, to: Target, goal: str) -> Rehearsal:
    """Restore, go up to `goal`, back down and up again, and look. The database is not touched.

    Raises Refused where there is no verified backup, a step fails or the end does not look right.
    Everything made is taken away again; what a killed run left behind, by the next one.
    """
    engine = migrations.connect(migrations.operations, migrations.stack.short_name)
    backup = newest_verified(engine)
    _drop_abandoned(migrations.cluster, set(engine.scratches()))
    done = Rehearsal(backup.id)
    with engine.scratch(f"rehearsal of migrations from {to.image}") as name:
        began = time.monotonic()
        restored = engine.restore(backup, name, migrations.say)
        done.steps.append((f"restore {backup.id}", time.monotonic() - began))
        with _secret(migrations, name, restored) as secret:
            scratch = _Scratch(migrations, to, secret, done)
            start = scratch.plan().database.revision or BASE
            scratch.up(goal)
            scratch.run("downgrade", start)
            scratch.up(goal)
            checks = scratch.run("verify", "--json", writes=False)["checks"]
    bad = [each["detail"] for each in checks if each["verdict"] != "good"]
    if bad:
        raise Refused(f"after up, down and up the restored database is wrong: {'; '.join(bad)}")
    return done


def newest_verified(engine: Engine) -> Backup:
    """The newest backup whose restore was proven. Raises Refused where none was."""
    proven = [backup for backup in engine.backups() if backup.verified_at is not None]
    if not proven:
        raise Refused(
            "no backup was ever proven by a restore, so there is nothing to rehearse on. Prove "
            "one: scripts/verify_backup.py latest"
        )
    return max(proven, key=lambda backup: backup.taken_at)


def scratch_url(application: str, restored: str, *, same_server: bool) -> str:
    """The restored database's address with the application's role, as pods reach it.

    On the same server the application's own address is right but for the database; an admin's may
    not be reachable from pods, and has rights that a migration must not need.
    """
    ours, there = Address.parse(application), Address.parse(restored)
    if same_server:
        return ours.with_database(there.database).url
    return replace(ours, host=there.host, port=there.port, database=there.database).url


@contextmanager
def _secret(migrations: Migrations, scratch: str, restored: str) -> Iterator[str]:
    """A Secret with the scratch's address, for as long as it is needed."""
    facts = migrations.operations.database
    url = scratch_url(facts.url, restored, same_server=facts.engine == "postgres")
    name = f"{REHEARSAL}-{scratch.rpartition('_')[2].rpartition('-')[2]}"
    migrations.cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": name,
                "labels": {"app": REHEARSAL},
                "annotations": {SCRATCH: scratch},
            },
            "stringData": {"DATABASE_URL": url},
        }
    )
    try:
        yield name
    finally:
        migrations.cluster.delete("Secret", name)


def _drop_abandoned(cluster: Cluster, stale: set[str]) -> None:
    """Delete Secrets of dead rehearsals: nobody holds the scratch, or it has had no Job for long.

    The second because others may have dropped the scratch, and then nobody knows of it any more.
    """
    now = datetime.now(UTC)
    for secret in cluster.list("Secret", {"app": REHEARSAL}):
        name = str(secret["metadata"]["name"])
        scratch = (secret["metadata"].get("annotations") or {}).get(SCRATCH, "")
        jobs = cluster.list("Job", {SECRET: name})
        is_running = not all(map(has_ended, jobs))
        seen = max(_moment(each) for each in (secret, *jobs))
        if scratch in stale or (not is_running and now - seen > IDLE):
            cluster.delete("Secret", name)


def _moment(body: Body) -> datetime:
    """When an object was made, or has ended."""
    ended = body.get("status", {}).get("completionTime")
    moment = str(ended or body["metadata"]["creationTimestamp"])
    return datetime.fromisoformat(moment.replace("Z", "+00:00"))
