"""Backups of a plain PostgreSQL: dumps, and for point in time base backups with archived WAL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ops.backups import (
    dump,
    local_server,
    model,
    programs,
    pruning,
    recovery,
    restoring,
    scratch,
    shelf,
    streams,
)
from ops.backups.archive import Archive
from ops.backups.engine import Say
from ops.backups.manifest import DumpManifest
from ops.backups.model import Backup, Check, Window
from ops.backups.opening import open_store
from ops.backups.point_in_time import PointInTime
from ops.backups.shelf import Entry, Shelf
from ops.backups.snapshot import reading, shape
from ops.database import Address, administer, asking
from ops.database import connect as connect_to
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.times import rfc3339

if TYPE_CHECKING:
    from ops.backups.programs import Running
    from ops.operations import Operations

KEEP: Final = timedelta(days=35)
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def connect(operations: Operations, stack: str) -> PostgresEngine:
    """The backups of a stack whose database is reached by URL alone."""
    if not operations.backups.store:
        raise UsageError(
            f"stack {stack} keeps no backups: set legal-ai:backups.store to a folder or "
            "s3://bucket/prefix, and run `pulumi up`"
        )
    return at(
        operations.database.admin_url or operations.database.url,
        operations.backups.store,
        database=Address.parse(operations.database.url).database,
        archive=operations.backups.archive,
        keep=timedelta(days=operations.backups.retention_days),
    )


def at(
    admin_url: str,
    store: str,
    *,
    database: str = "",
    archive: str = "",
    keep: timedelta = KEEP,
) -> PostgresEngine:
    """The backups in a store; of the URL's own database unless another one is named.

    `archive` is where the server archives its WAL; empty: no point in time. Raises UsageError.
    """
    admin = Address.parse(admin_url)
    kept = open_store(store)
    past = PointInTime(admin, shelf.bases(kept), Archive(open_store(archive))) if archive else None
    return PostgresEngine(admin, database or admin.database, shelf.dumps(kept), past, keep)


@dataclass(frozen=True)
class PostgresEngine:
    """See `Engine`. `admin` may create databases, and replicate if there is a `past`."""

    admin: Address
    database: str
    dumps: Shelf[DumpManifest]
    past: PointInTime | None
    keep: timedelta

    @property
    def source(self) -> Address:
        """The database that is backed up."""
        return self.admin.with_database(self.database)

    def backups(self) -> list[Backup]:
        """See `Engine`."""
        return [backup for backup in self._all() if backup.complete]

    def find(self, wanted: str) -> Backup:
        """See `Engine`. One whose manifest was damaged is found too, as not complete."""
        return model.choose(wanted, self._all())

    def plan(self, label: str | None) -> str:
        """See `Engine`."""
        model.require_label(label)
        return dump.plan(self.source, self.dumps, label)

    def take(self, label: str | None, tags: Mapping[str, str], say: Say) -> Backup:
        """See `Engine`. Renews the base backup where one is due, and prunes."""
        manifest = dump.take(self.source, self.dumps, model.require_label(label), tags, say)
        say(f"{manifest.id} is complete: {streams.size(manifest.size_bytes)}")
        if self.past is not None:
            try:
                self.past.renew(say)
            except OpsError as error:
                raise type(error)(
                    f"the dump {manifest.id} is complete, but point in time is not: {error}"
                ) from error
        if model.TAG_RESTORE not in tags:  # a restore is about to need one that may be old
            self._prune(say)
        return _backup(manifest, {})

    def window(self) -> Window | None:
        """See `Engine`."""
        return None if self.past is None else self.past.window()

    def examine(self, backup: Backup, say: Say) -> list[Check]:
        """See `Engine`: the manifest's digest of itself, and the data's size and SHA-256."""
        entry = self._entry(backup.id)
        if entry is None:
            return [Check("manifest", "bad", f"{backup.id} is gone from {self.dumps.store.place}")]
        if entry.manifest is None or not entry.intact:
            return [Check("manifest", "bad", "it is not as it was written: edited, or damaged")]
        return [
            Check("manifest", "good", "as it was written"),
            self._examine_data(entry.manifest, say),
        ]

    def restore(self, source: Backup | datetime, target: str, say: Say) -> str:
        """See `Engine`."""
        if not _NAME.fullmatch(target):
            raise UsageError(
                f"{target!r} can't be a database's name here: small letters, digits and '_', "
                "at most 63"
            )
        named = source.id if isinstance(source, Backup) else rfc3339(source)
        if restoring.is_done(self.admin, target, named):
            say(f"{target} is there already, restored from {named}")
        elif isinstance(source, Backup):
            self._restore_dump(source, target, say)
        else:
            self._restore_moment(source, target, say)
        return self.admin.with_database(target).url

    @contextmanager
    def scratch(self, purpose: str) -> Iterator[str]:
        """See `Engine`. `purpose` shows in pg_stat_activity."""
        local_server.sweep(_unheard)
        name = scratch.new_name()
        with scratch.held(self.admin, name, purpose) as connection:
            scratch.drop_abandoned(connection)
            with scratch.dropped_after(connection, name):
                yield name

    def scratches(self) -> list[str]:
        """See `Engine`."""
        with administer(self.admin) as connection:
            return scratch.abandoned(connection)

    def drop_scratch(self, name: str) -> None:
        """See `Engine`."""
        with administer(self.admin) as connection:
            scratch.drop(connection, name)

    def tag(self, backup: Backup, tags: Mapping[str, str]) -> None:
        """See `Engine`."""
        self.dumps.tag(backup.id, tags)

    def keep_report(self, backup: Backup, report: Mapping[str, Any]) -> None:
        """See `Engine`."""
        stamp = model.new_id(datetime.now(UTC), None)
        self.dumps.keep(backup.id, f"verification-{stamp}.json", report)

    def _restore_dump(self, backup: Backup, target: str, say: Say) -> None:
        entry = self._entry(backup.id)
        if entry is None or entry.manifest is None or not entry.intact:
            raise Refused(
                f"the manifest of {backup.id} is gone, edited or damaged: choose another backup"
            )
        manifest = entry.manifest

        def fill(pg_restore: Running) -> None:
            digest = streams.Digest()
            progress = streams.Progress(say, f"{backup.id} restored", manifest.size_bytes)
            with self._reader(backup.id) as data:
                streams.pump(data, [digest, pg_restore.input], progress)
            if digest.text != manifest.sha256:
                raise Refused(
                    f"{backup.id} is damaged: its SHA-256 is {digest.text}, and was "
                    f"{manifest.sha256}. Nothing was restored; choose another backup"
                )

        restoring.restore(self.admin, target, backup.id, manifest.database, fill, say)

    def _restore_moment(self, moment: datetime, target: str, say: Say) -> None:
        if self.past is None:
            raise UsageError(
                f"{rfc3339(moment)} can't be restored: there is no point in time here, as "
                "legal-ai:backups.archive is not set. Name a backup"
            )
        plan = self.past.plan(moment)
        with recovery.server(self.past.bases, self.past.wal, plan, say) as server:
            then = self._of_then(server, moment)
            with reading(then) as connection:
                shaped = shape(connection)
            program = programs.find("pg_dump", plan.base.major)

            def fill(pg_restore: Running) -> None:
                argv = [program.path, "--format=custom", "--compress=0", "--no-password"]
                with programs.running(argv, then.environment(), take=True) as pg_dump:
                    streams.pump(pg_dump.stdout, [pg_restore.input])
                    pg_dump.finish(CouldNotFindOut)

            restoring.restore(self.admin, target, rfc3339(moment), shaped, fill, say)

    def _of_then(self, server: Address, moment: datetime) -> Address:
        """The database on the scratch server, which may have had another name at that moment."""
        with connect_to(server) as connection, asking("listing the databases of that moment"):
            query = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"
            names = [row[0] for row in connection.execute(query)]
        if self.database not in names:
            raise UsageError(
                f"at {rfc3339(moment)} there was no database {self.database} on the server, but "
                f"{', '.join(names)}. Was it before a restore? Then what was used is still there "
                "under its own name: let database.url name that to restore it"
            )
        return server.with_database(self.database)

    def _examine_data(self, manifest: DumpManifest, say: Say) -> Check:
        digest = streams.Digest()
        progress = streams.Progress(say, f"{manifest.id} read", manifest.size_bytes)
        try:
            with self._reader(manifest.id) as data:
                count = streams.pump(data, [digest], progress)
        except Refused as error:
            return Check("checksum", "bad", str(error))
        if count != manifest.size_bytes:
            return Check(
                "checksum", "bad", f"the file has {count:,} bytes, and had {manifest.size_bytes:,}"
            )
        if digest.text != manifest.sha256:
            return Check("checksum", "bad", f"SHA-256 is {digest.text}, was {manifest.sha256}")
        return Check("checksum", "good", f"SHA-256 {digest.text} of {streams.size(count)}")

    @contextmanager
    def _reader(self, backup: str) -> Iterator[Any]:
        try:
            with self.dumps.reader(backup) as data:
                yield data
        except FileNotFoundError as error:
            raise Refused(f"the data of {backup} is gone from {self.dumps.store.place}") from error

    def _prune(self, say: Say) -> None:
        for backup in pruning.dumps(self.backups(), self.keep, datetime.now(UTC)):
            self.dumps.remove(backup.id)
            say(f"removed {backup.id}: older than {self.keep.days} days, and there are newer ones")
        if self.past is not None:
            self.past.prune(self.keep, say)

    def _entry(self, backup: str) -> Entry[DumpManifest] | None:
        return next((entry for entry in self.dumps.entries() if entry.id == backup), None)

    def _all(self) -> list[Backup]:
        found = [_told(entry) for entry in self.dumps.entries() if model.is_id(entry.id)]
        return sorted(found, key=lambda backup: (backup.taken_at, backup.id))


def _told(entry: Entry[DumpManifest]) -> Backup:
    if entry.manifest is None:
        return Backup(entry.id, "dump", model.begun_at(entry.id), complete=False)
    return _backup(entry.manifest, entry.tags, complete=entry.intact)


def _backup(manifest: DumpManifest, later: Mapping[str, str], *, complete: bool = True) -> Backup:
    return Backup(
        id=manifest.id,
        kind="dump",
        taken_at=manifest.taken_at,
        label=manifest.label,
        tags=manifest.tags | dict(later),
        size_bytes=manifest.size_bytes,
        complete=complete,
        rows=manifest.rows,
        newest=manifest.newest,
    )


def _unheard(_line: str) -> None:
    """For what nobody needs to read."""
