"""Taking one dump: pg_dump's custom format, streamed into the store, and a manifest behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ops import failpoint
from ops.backups import model, programs, streams
from ops.backups.engine import Say
from ops.backups.manifest import DumpManifest
from ops.backups.shelf import Shelf
from ops.backups.snapshot import Count, Snapshot, latest, open_snapshot
from ops.database import Address
from ops.errors import CouldNotFindOut


@dataclass(frozen=True)
class Dumped:
    """What was streamed."""

    size_bytes: int
    sha256: str
    counts: Mapping[str, Count]


def take(
    address: Address,
    shelf: Shelf[DumpManifest],
    label: str | None,
    tags: Mapping[str, str],
    say: Say,
) -> DumpManifest:
    """Dump the database at `address` and return the manifest, or raise and leave nothing of it."""
    shelf.sweep(say)
    with open_snapshot(address) as snapshot:
        program = programs.find("pg_dump", snapshot.major)
        expected = estimate(shelf, snapshot.database_bytes)
        shelf.store.require_room(expected)
        with shelf.new(datetime.now(UTC), label) as name:
            failpoint.reach("backup.began")
            say(f"dumping {address} to {shelf.store.place} as {name}")
            dumped = _dump(
                address, snapshot, program, shelf, name, streams.Progress(say, "dumped", expected)
            )
            failpoint.reach("backup.uploaded")
            manifest = DumpManifest(
                id=name,
                label=label,
                taken_at=snapshot.moment,
                finished_at=datetime.now(UTC),
                database=snapshot.shape,
                database_bytes=snapshot.database_bytes,
                size_bytes=dumped.size_bytes,
                sha256=dumped.sha256,
                server_version=snapshot.server_version,
                pg_dump_version=program.version,
                tags=dict(tags) | snapshot.tags | ({model.TAG_LABEL: label} if label else {}),
                rows={table: each.rows for table, each in dumped.counts.items()},
                newest=latest([each.newest for each in dumped.counts.values()]),
            )
            shelf.publish(manifest)
            failpoint.reach("backup.published")
    return manifest


def plan(address: Address, shelf: Shelf[DumpManifest], label: str | None) -> str:
    """What `take` would do, once all was asked that it asks before it writes."""
    with open_snapshot(address) as snapshot:
        program = programs.find("pg_dump", snapshot.major)
        expected = estimate(shelf, snapshot.database_bytes)
        shelf.store.require_room(expected)
    name = model.new_id(datetime.now(UTC), label)
    return (
        f"would dump {address} with {program.version} to {shelf.store.place} as {name}, about "
        f"{streams.size(expected)}"
    )


def estimate(shelf: Shelf[DumpManifest], database_bytes: int) -> int:
    """Bytes that a dump will have: as the last one by the database's size, with a fifth to spare.

    Where there is none yet, as many as the database has.
    """
    last = shelf.last()
    if last is None or last.manifest is None or not last.intact:
        return database_bytes
    share = last.manifest.size_bytes / last.manifest.database_bytes
    return min(database_bytes, int(1.2 * share * database_bytes))


def _dump(
    address: Address,
    snapshot: Snapshot,
    program: programs.Program,
    shelf: Shelf[DumpManifest],
    name: str,
    progress: streams.Progress,
) -> Dumped:
    """Stream the dump into the store while the rows of the same snapshot are counted."""
    argv = [program.path, "--format=custom", "--no-password", f"--snapshot={snapshot.name}"]
    digest = streams.Digest()
    with (
        _counting(snapshot) as counts,
        shelf.writer(name) as sink,
        programs.running(argv, address.environment(), take=True) as pg_dump,
    ):
        size = streams.pump(pg_dump.stdout, [digest, sink], progress)
        pg_dump.finish(CouldNotFindOut)
        counted = counts.result()
        failpoint.reach("backup.dumped")
    return Dumped(size, digest.text, counted)


@contextmanager
def _counting(snapshot: Snapshot) -> Iterator[Future[dict[str, Count]]]:
    """Count in the background; if the block fails, the counting ends too."""
    with ThreadPoolExecutor(1) as counter:
        counts = counter.submit(snapshot.count)
        try:
            yield counts
        except BaseException:
            snapshot.connection.cancel_safe(timeout=5)
            raise
