"""Backups of RDS instances: snapshots of ours, of RDS and of AWS Backup, and any moment between.

Region, credentials and endpoint come from the environment, as boto3 reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from ops import failpoint
from ops.backups import rds_snapshots
from ops.backups import tags as tagging
from ops.backups.engine import Say
from ops.backups.model import (
    TAG_LABEL,
    TAG_STACK,
    Backup,
    Check,
    Window,
    choose,
    new_id,
    require_label,
)
from ops.backups.owner import Owner
from ops.backups.rds_errors import answered, asked
from ops.backups.rds_instances import DELETING, Instances, beside
from ops.backups.rds_snapshots import AVAILABLE, tag_list, tags_of
from ops.database import Address
from ops.database import connect as connect_database
from ops.errors import OpsError, Refused, UsageError
from ops.times import rfc3339

if TYPE_CHECKING:
    from mypy_boto3_backup.client import BackupClient
    from mypy_boto3_rds.client import RDSClient
    from mypy_boto3_rds.type_defs import DBInstanceTypeDef, DBSnapshotTypeDef
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

    from ops.operations import DatabaseFacts, Operations

TAG_SCRATCH: Final = "legal-ai:scratch"
TAG_SOURCE: Final = "legal-ai:restored-from"
TAG_OWNER: Final = "legal-ai:owner"

CONFIG: Final = Config(
    retries={"mode": "standard", "max_attempts": 10}, connect_timeout=5, read_timeout=30
)


def connect(operations: Operations, stack: str) -> Rds:
    """The backups of a stack's RDS instance. Raises UsageError without region or credentials."""
    session = boto3.Session(region_name=operations.database.region or None)
    with asked("connecting to AWS"):
        rds: RDSClient = session.client("rds", config=CONFIG)
        backup: BackupClient = session.client("backup", config=CONFIG)
        secrets_manager: SecretsManagerClient = session.client("secretsmanager", config=CONFIG)
    return Rds(
        stack=stack,
        database=operations.database,
        rds=rds,
        instances=Instances(rds),
        backup=backup if operations.backups.vault else None,
        secrets=secrets_manager,
    )


@dataclass
class Rds:
    """`ops.backups.engine.Engine` for RDS. `backup` is None where the stack has no vault."""

    stack: str
    database: DatabaseFacts
    rds: RDSClient
    instances: Instances
    backup: BackupClient | None = None
    secrets: SecretsManagerClient | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _held: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def instance(self) -> str:
        """The identifier of the instance that the application uses."""
        for generation in self.database.generations:
            if generation.name == self.database.current and generation.instance:
                return generation.instance
        raise UsageError(
            f"stack {self.stack} has no RDS instance for its current generation "
            f"{self.database.current!r}: run `pulumi up` first"
        )

    def backups(self) -> list[Backup]:
        """The complete ones of every generation, oldest first."""
        found: dict[str, Backup] = {}
        for generation in self.database.generations:
            if generation.instance:
                found |= {each.id: each for each in self._complete(generation.instance)}
        return sorted(found.values(), key=lambda backup: (backup.taken_at, backup.id))

    def find(self, wanted: str) -> Backup:
        """The one that `latest`, an id, an ARN or a label names; UsageError names what is."""
        return choose(rds_snapshots.identifier(wanted), self.backups())

    def plan(self, label: str | None) -> str:
        """What `take` would do, in a sentence."""
        require_label(label)
        self.instances.require(self.instance)
        return f"would take the snapshot {self._name(label)} of the RDS instance {self.instance}"

    def take(self, label: str | None, tags: Mapping[str, str], say: Say) -> Backup:
        """Take a snapshot, or go on waiting for the one that a killed run began."""
        require_label(label)
        self.instances.require(self.instance)
        begun = self._begun(label)
        if begun is None:
            begun = self._create(label, tags, say)
            failpoint.reach("backup.began")
        else:
            say(f"{begun} is being made already (by a run that was killed?): waiting for it")
        return rds_snapshots.as_backup(self._wait_for_snapshot(begun, say))

    def window(self) -> Window | None:
        """The moments that the current instance can be restored to; None without its backups."""
        instance = self.instances.require(self.instance)
        latest = instance.get("LatestRestorableTime")
        if latest is None or not instance.get("BackupRetentionPeriod"):
            return None
        earliest = self._earliest()
        return None if earliest is None or earliest > latest else Window(earliest, latest)

    def examine(self, backup: Backup, say: Say) -> list[Check]:
        """Whether the snapshot is available, encrypted and PostgreSQL's."""
        say(f"looking at snapshot {backup.id}")
        snapshot = self._snapshot(backup.id)
        status, engine = snapshot["Status"], snapshot["Engine"]
        told = {True: "it is encrypted", False: "it is not encrypted"}
        encrypted = bool(snapshot.get("Encrypted"))
        return [
            Check("snapshot", "good" if status == AVAILABLE else "bad", f"it is {status}"),
            Check("engine", "good" if engine == "postgres" else "bad", f"it holds {engine}"),
            Check("encryption", "good" if encrypted else "bad", told[encrypted]),
        ]

    def restore(self, source: Backup | datetime, target: str, say: Say) -> str:
        """Restore into a new instance beside the current one; returns its admin URL."""
        came_from = source.id if isinstance(source, Backup) else rfc3339(source)
        if isinstance(source, datetime):
            require_inside(source, self.window())
        there = self.instances.look(target)
        if there is None:
            self._begin_restore(source, target, came_from)
            failpoint.reach("restore.instance_begun")
        else:
            found = tags_of(there.get("TagList"))
            if found.get(TAG_SOURCE) != came_from or found.get(TAG_STACK) != self.stack:
                raise Refused(
                    f"there is an RDS instance {target} that was not restored from {came_from} by "
                    f"this stack (its tags: {found or 'none'}). Choose another name, or delete it"
                )
        say(f"{target} is being restored from {came_from}")
        self.instances.wait(target, say)
        database = Address.parse(self.database.admin_url).database
        return self.instances.admit(target, database, say)

    @contextmanager
    def scratch(self, purpose: str) -> Iterator[str]:
        """A fresh name to restore into; the instance of that name is deleted at the end."""
        for stale in self.scratches():
            self.drop_scratch(stale)
        name = f"{self._scratch_prefix}{token_hex(4)}"
        self._held[name] = purpose
        try:
            yield name
        finally:
            self.drop_scratch(name)
            del self._held[name]

    def scratches(self) -> list[str]:
        """Scratch instances of this stack that no live run holds."""
        return [
            each["DBInstanceIdentifier"]
            for each in self.instances.every()
            if self._is_scratch(each)
            and each["DBInstanceStatus"] != DELETING
            and not self._is_held(each)
        ]

    def drop_scratch(self, name: str) -> None:
        """Delete a scratch instance; refuses any other by its name and by its tags."""
        if not name.startswith(self._scratch_prefix):
            raise Refused(
                f"{name} is no scratch instance of stack {self.stack}: those begin with "
                f"{self._scratch_prefix}. Nothing was deleted"
            )
        instance = self.instances.look(name)
        if instance is None or instance["DBInstanceStatus"] == DELETING:
            return
        if not self._is_scratch(instance):
            raise Refused(
                f"{name} is named as a scratch instance, but lacks the tag {TAG_SCRATCH}: nothing "
                "was deleted. Look who made it"
            )
        self.instances.delete_scratch(name)

    def tag(self, backup: Backup, tags: Mapping[str, str]) -> None:
        """Add to the tags of a snapshot, or overwrite them."""
        arn = self._snapshot(backup.id)["DBSnapshotArn"]
        with asked(f"tagging {backup.id}"):
            self.rds.add_tags_to_resource(ResourceName=arn, Tags=tag_list(tags))

    def keep_report(self, backup: Backup, report: Mapping[str, Any]) -> None:
        """Nothing: a snapshot has no place for a report; its tags say that it was verified."""

    @property
    def _scratch_prefix(self) -> str:
        return f"legal-ai-{self.stack}-scratch-"

    def _is_scratch(self, instance: DBInstanceTypeDef) -> bool:
        found = tags_of(instance.get("TagList"))
        has_name = instance["DBInstanceIdentifier"].startswith(self._scratch_prefix)
        return has_name and TAG_SCRATCH in found and found.get(TAG_STACK) == self.stack

    def _is_held(self, instance: DBInstanceTypeDef) -> bool:
        owner = Owner.parse(tags_of(instance.get("TagList")).get(TAG_OWNER, ""))
        return owner is not None and not owner.is_dead(self.now())

    def _complete(self, instance: str) -> Iterator[Backup]:
        there = self.instances.look(instance) if self.backup else None
        skip = (
            rds_snapshots.unfinished_points(self.backup, there["DBInstanceArn"])
            if self.backup and there
            else set()
        )
        for snapshot in rds_snapshots.of_instance(self.rds, instance):
            is_whole = snapshot["Status"] == AVAILABLE
            if is_whole and snapshot["DBSnapshotIdentifier"] not in skip:
                yield rds_snapshots.as_backup(snapshot)

    def _begun(self, label: str | None) -> str | None:
        for snapshot in rds_snapshots.of_instance(self.rds, self.instance):
            found = tags_of(snapshot.get("TagList"))
            is_ours = found.get(TAG_STACK) == self.stack and found.get(TAG_LABEL) == label
            if is_ours and snapshot["Status"] == "creating":
                return snapshot["DBSnapshotIdentifier"]
        return None

    def _name(self, label: str | None) -> str:
        """RDS takes letters, digits and single hyphens."""
        slug = re.sub(r"[^a-z0-9]+", "-", new_id(self.now(), label).lower()).strip("-")
        return f"{self.instance}-{slug}"

    def _create(self, label: str | None, given: Mapping[str, str], say: Say) -> str:
        name = self._name(label)
        every = {**self._schema(say), **given, TAG_STACK: self.stack}
        if label:
            every[TAG_LABEL] = label

        def begin() -> tuple[str | None, str]:
            try:
                with asked(f"taking the snapshot {name} of {self.instance}"):
                    self.rds.create_db_snapshot(
                        DBInstanceIdentifier=self.instance,
                        DBSnapshotIdentifier=name,
                        Tags=tag_list(every),
                    )
            except Refused as error:
                # Between our look and our request RDS began a backup of its own.
                if answered(error, "InvalidDBInstanceState"):
                    return None, f"{self.instance} is busy"
                # The name has the second in it: an answer was lost, and boto3 asked once more.
                if not answered(error, "DBSnapshotAlreadyExists"):
                    raise
            return name, ""

        self.instances.wait(self.instance, say)
        say(f"taking the snapshot {name} of {self.instance}")
        return self.instances.patience.wait(f"the instance {self.instance}", begin, say)

    def _schema(self, say: Say) -> dict[str, str]:
        """Revision and level. A snapshot needs no connection: without one, they are left out."""
        try:
            with connect_database(self.database.admin_url) as connection:
                return tagging.of_schema(connection)
        except OpsError as error:
            say(f"the snapshot will not say which revision it holds: {error}")
            return {}

    def _wait_for_snapshot(self, name: str, say: Say) -> DBSnapshotTypeDef:
        def look() -> tuple[DBSnapshotTypeDef | None, str]:
            try:
                snapshot = self._snapshot(name)
            except UsageError as error:
                raise Refused(
                    f"the snapshot {name} vanished while it was made: it, or the instance, was "
                    "deleted. Look who did that, then run this again"
                ) from error
            status = snapshot["Status"]
            if status == "failed":
                raise Refused(
                    f"RDS failed to make the snapshot {name}. Look at its events (`aws rds "
                    "describe-events`), delete it, then run this again"
                )
            told = f"snapshot {name}: {status}, {snapshot.get('PercentProgress', 0)} %"
            return (snapshot if status == AVAILABLE else None), told

        return self.instances.patience.wait(f"the snapshot {name}", look, say)

    def _begin_restore(self, source: Backup | datetime, target: str, came_from: str) -> None:
        tags = {TAG_STACK: self.stack, TAG_SOURCE: came_from}
        if target.startswith(self._scratch_prefix):
            tags |= {
                TAG_SCRATCH: self._held.get(target, "restore"),
                TAG_OWNER: str(Owner.me()),
            }
        like = beside(self.instances.require(self.instance), tags)
        if isinstance(source, Backup):
            self.instances.from_snapshot(source.id, target, like)
        else:
            self.instances.at_moment(self.instance, source, target, like)

    def _earliest(self) -> datetime | None:
        with asked(f"asking since when {self.instance} can be restored"):
            automated = self.rds.describe_db_instance_automated_backups(
                DBInstanceIdentifier=self.instance
            )["DBInstanceAutomatedBackups"]
        windows = [each.get("RestoreWindow") or {} for each in automated]
        begun = [each["EarliestTime"] for each in windows if "EarliestTime" in each]
        if begun:
            return min(begun)
        # While its first window is set up, the oldest base is what there is to start from.
        bases = [
            each["SnapshotCreateTime"]
            for each in rds_snapshots.of_instance(self.rds, self.instance)
            if each.get("SnapshotType") == "automated" and each["Status"] == AVAILABLE
        ]
        return min(bases, default=None)

    def _snapshot(self, name: str) -> DBSnapshotTypeDef:
        kind = rds_snapshots.origin(name)
        with asked(f"looking for the snapshot {name}"):
            found = self.rds.describe_db_snapshots(DBSnapshotIdentifier=name, SnapshotType=kind)
        if not found["DBSnapshots"]:
            raise UsageError(f"there is no snapshot {name} (any more)")
        return found["DBSnapshots"][0]


def require_inside(moment: datetime, window: Window | None) -> None:
    """Raise UsageError with the window where the moment is outside: AWS may find out late."""
    if window is None:
        raise UsageError(
            f"{rfc3339(moment)} can't be restored: the instance has no automated backups "
            "(backups.pointInTime). Choose a backup by its id"
        )
    if moment not in window:
        raise UsageError(
            f"{rfc3339(moment)} is outside what can be restored: {window}. Choose a moment inside "
            "it, or a backup by its id"
        )
