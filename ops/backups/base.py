"""Taking a base backup: the whole server's files, streamed into the store as one compressed tar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ops import failpoint
from ops.backups import programs, streams
from ops.backups.engine import Say
from ops.backups.manifest import BaseManifest
from ops.backups.shelf import Shelf
from ops.database import Address, asking, connect, require_direct_writer
from ops.errors import Refused

_FACTS: Final = """
    SELECT version(), current_setting('server_version_num')::int / 10000,
           (SELECT system_identifier::text FROM pg_control_system()),
           (SELECT bytes_per_wal_segment FROM pg_control_init()),
           (SELECT sum(pg_database_size(oid))::bigint FROM pg_database),
           pg_walfile_name(pg_current_wal_lsn()),
           current_setting('shared_preload_libraries'),
           (SELECT count(*) FROM pg_tablespace WHERE spcname NOT LIKE 'pg\\_%'),
           (SELECT rolname FROM pg_roles WHERE oid = 10)
"""


def take(admin: Address, shelf: Shelf[BaseManifest], say: Say) -> BaseManifest:
    """Take one by the replication protocol, or raise and leave nothing of it."""
    shelf.sweep(say)
    with connect(admin) as connection:
        require_direct_writer(connection)
        with asking("reading what a base backup needs to know of the server"):
            row = connection.execute(_FACTS).fetchone()
            assert row is not None  # noqa: S101 such a query has one row
        (
            version, major, system, segment_bytes, size, start,
            preload, tablespaces, superuser,
        ) = row  # fmt: skip
        if tablespaces:
            raise Refused(
                f"{admin.host}:{admin.port} has tablespaces of its own, and a base backup is "
                "streamed as one tar: unset backups.archive, and back up by other means"
            )
        program = programs.find("pg_basebackup", major)
        shelf.store.require_room(size // 2)
        began = datetime.now(UTC)
        with shelf.new(began, None) as name:
            say(f"taking a base backup of {admin.host}:{admin.port} as {name}")
            digest = streams.Digest()
            argv = [
                program.path, "--pgdata=-", "--format=tar", "--wal-method=none",
                "--checkpoint=fast", "--compress=1", "--no-password", "--label=legal-ai",
            ]  # fmt: skip
            progress = streams.Progress(say, "base backup", size)
            with (
                shelf.writer(name) as sink,
                programs.running(argv, admin.environment(), take=True) as running,
            ):
                stored = streams.pump(running.stdout, [digest, sink], progress)
                running.finish(Refused)
            failpoint.reach("backup.base_uploaded")
            with asking("reading the server's clock"):
                clock = connection.execute("SELECT clock_timestamp()").fetchone()
                assert clock is not None  # noqa: S101 such a query has one row
            manifest = BaseManifest(
                id=name,
                began_at=began,
                ended_at=clock[0],
                start_segment=start,
                segment_bytes=segment_bytes,
                system_identifier=system,
                server_version=version,
                major=major,
                cluster_bytes=size,
                size_bytes=stored,
                sha256=digest.text,
                preload=preload,
                superuser=superuser,
            )
            shelf.publish(manifest)
    return manifest
