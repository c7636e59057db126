"""Taking a base backup: the whole server's files, streamed into the store as one compressed tar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import dict_row

from ops import failpoint
from ops.backups import programs, streams
from ops.backups.engine import Say
from ops.backups.manifest import BaseManifest
from ops.backups.shelf import Shelf
from ops.database import Address, asking, connect, one, require_direct_writer
from ops.errors import Refused

if TYPE_CHECKING:
    from psycopg import Connection

_FACTS: Final = """
    SELECT version() AS server_version,
           current_setting('server_version_num')::int / 10000 AS major,
           (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
           (SELECT bytes_per_wal_segment FROM pg_control_init()) AS segment_bytes,
           (SELECT sum(pg_database_size(oid))::bigint FROM pg_database) AS cluster_bytes,
           pg_walfile_name(pg_current_wal_lsn()) AS start_segment,
           current_setting('shared_preload_libraries') AS preload,
           (SELECT rolname FROM pg_roles WHERE oid = 10) AS superuser
"""
"""What the manifest says of the server, by its fields' names; role 10 is initdb's."""


def take(admin: Address, shelf: Shelf[BaseManifest], say: Say) -> BaseManifest:
    """Take one by the replication protocol, or raise and leave nothing of it."""
    with connect(admin) as connection:
        facts = _facts(connection, admin)
        program = programs.find("pg_basebackup", facts["major"])
        shelf.store.require_room(facts["cluster_bytes"] // 2)
        began = datetime.now(UTC)
        with shelf.new(began, None) as name:
            say(f"taking a base backup of {admin.host}:{admin.port} as {name}")
            progress = streams.Progress(say, "base backup", facts["cluster_bytes"])
            size, sha256 = _stream(admin, program, shelf, name, progress)
            failpoint.reach("backup.base_uploaded")
            with asking("reading the server's clock"):
                ended = one(connection, "SELECT clock_timestamp()")
            manifest = BaseManifest(
                id=name, began_at=began, ended_at=ended, size_bytes=size, sha256=sha256, **facts
            )
            shelf.publish(manifest)
    return manifest


def _facts(connection: Connection, admin: Address) -> dict[str, Any]:
    """What the manifest says of the server. Raises UsageError and Refused for unfit ones."""
    require_direct_writer(connection)
    with asking("reading what a base backup needs to know of the server"):
        found = connection.cursor(row_factory=dict_row).execute(_FACTS).fetchone()
        # As one tar, a base backup has the tablespaces that every server has, and no others.
        others = one(connection, "SELECT count(*) FROM pg_tablespace WHERE oid NOT IN (1663, 1664)")
    if others:
        raise Refused(
            f"{admin.host}:{admin.port} has tablespaces of its own, and a base backup is "
            "streamed as one tar: unset backups.archive, and back up by other means"
        )
    return found or {}


def _stream(
    admin: Address,
    program: programs.Program,
    shelf: Shelf[BaseManifest],
    name: str,
    progress: streams.Progress,
) -> tuple[int, str]:
    """Stream the tar into the store; returns its bytes and their SHA-256."""
    argv = [
        program.path, "--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast",
        "--compress=1", "--no-password", "--label=legal-ai",
    ]  # fmt: skip
    digest = streams.Digest()
    with (
        shelf.writer(name) as sink,
        programs.running(argv, admin.environment(), take=True) as running,
    ):
        size = streams.pump(running.stdout, [digest, sink], progress)
        running.finish(Refused)
    return size, digest.text
