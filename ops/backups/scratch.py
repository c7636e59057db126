"""Scratch databases: each is held by a lock of the run that made it, and dropped once that is gone.

pg_locks shows the advisory locks of every database to everybody, so that any run can tell.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from psycopg import sql

from ops.database import Address, administer, asking, one, require_direct_writer
from ops.errors import OpsError, Refused, UsageError

if TYPE_CHECKING:
    from psycopg import Connection

PREFIX: Final = "legal_ai_scratch_"
_HOLDERS: Final = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
      AND ((classid::bigint << 32) | objid::bigint) = %s
"""


def new_name() -> str:
    """A name that nothing has."""
    return PREFIX + secrets.token_hex(6)


def name_for(target: str) -> str:
    """Where `target` is restored until it is whole: the same name in each run."""
    return PREFIX + hashlib.sha256(target.encode()).hexdigest()[:12]


@contextmanager
def held(admin: Address, name: str, purpose: str = "") -> Iterator[Connection]:
    """Hold a scratch's name for this run; yields the session that does, in autocommit.

    Raises Refused while another run holds it.
    """
    with administer(admin, application_name=f"{name} {purpose}"[:63]) as connection:
        require_direct_writer(connection)
        with asking(f"holding {name}"):
            connection.execute("SELECT pg_advisory_lock_shared(%s)", [_key(name)])
            if one(connection, _HOLDERS, _key(name)):
                raise Refused(f"another run is at work in {name} right now: wait until it ends")
        yield connection


@contextmanager
def dropped_after(connection: Connection, name: str) -> Iterator[None]:
    """Drop a scratch when the block ends; if that failed, its own error is the one that counts."""
    try:
        yield
    except BaseException:
        with suppress(OpsError):
            drop(connection, name)
        raise
    drop(connection, name)


def abandoned(connection: Connection) -> list[str]:
    """The scratches on this server that no live run holds."""
    with asking("looking for scratch databases"):
        names = [
            str(row[0])
            for row in connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1",
                [PREFIX],
            )
        ]
        return [name for name in names if not one(connection, _HOLDERS, _key(name))]


def drop_abandoned(connection: Connection) -> None:
    """Drop the scratches that dead runs left."""
    for name in abandoned(connection):
        # Taken so that a run which is about to hold this name waits until it is gone.
        if one(connection, "SELECT pg_try_advisory_lock(%s)", _key(name)):
            drop(connection, name)
            one(connection, "SELECT pg_advisory_unlock(%s)", _key(name))


def drop(connection: Connection, name: str) -> None:
    """Drop a scratch with whatever sessions are in it.

    Raises UsageError for any other name, Refused if another run holds it.
    """
    if not name.startswith(PREFIX):
        raise UsageError(f"{name!r} is no scratch database: their names begin with {PREFIX}")
    with asking(f"looking who holds {name}"):
        if one(connection, _HOLDERS, _key(name)):
            raise Refused(f"{name} belongs to a run that is at work right now: wait for its end")
    with asking(f"dropping {name}"):
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _key(name: str) -> int:
    """The lock's number: 63 bits, so that both halves are plain in pg_locks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
