"""Our own connections to a database that is fenced, and the sessions of everybody else in it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ops.database import Address, asking, connect, one
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    import psycopg

APPLICATION: Final = "legal-ai-restore"
"""The application name of our own connections, so that they are told from the application's."""
END_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05

_SETTINGS: Final = "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=10s"

_SESSIONS: Final = """
    SELECT pid, coalesce(usename, ''), coalesce(application_name, ''),
           coalesce(host(client_addr), 'local')
    FROM pg_stat_activity LEFT JOIN pg_roles r ON r.oid = usesysid
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND coalesce(backend_type, 'client backend') = 'client backend'
      AND coalesce(application_name, '') <> %(ours)s
      AND coalesce(backend_start, '-infinity') < coalesce(%(before)s::timestamptz, 'infinity')
      AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
    ORDER BY backend_start
"""
"""Sessions besides ours; where we may not see a session's details, it counts. A superuser's is only
ended by another: no fence stops those."""


def open_session(where: Address | str) -> psycopg.Connection:
    """A connection in autocommit that a fence's soft part does not stop. Raises as `connect`."""
    address = where if isinstance(where, Address) else Address.parse(where)
    options = f"{address.parameters.get('options', '')} {_SETTINGS}".strip()
    parameters = {**address.parameters, "options": options}
    return connect(replace(address, parameters=parameters), application_name=APPLICATION)


def sessions(connection: psycopg.Connection, before: str | None = None) -> list[str]:
    """Who is connected to this database besides us, as sentences; `before`: begun before that."""
    with asking(f"asking who is connected to {connection.info.dbname}"):
        rows = connection.execute(_SESSIONS, {"ours": APPLICATION, "before": before}).fetchall()
    return [
        f"{role} from {where} ({name or 'no name'}, pid {pid})" for pid, role, name, where in rows
    ]


def end_sessions(connection: psycopg.Connection) -> int:
    """End every session but ours that is there now, and wait until it is gone. Returns how many.

    Those that begin later are let be; one that had begun, and shows itself only once it has logged
    in, is ended then. Raises CouldNotFindOut if one outlives `END_SECONDS`.
    """
    database = connection.info.dbname
    with asking(f"ending the sessions in {database}"):
        now = one(connection, "SELECT clock_timestamp()::text")
    ended: set[int] = set()
    until = time.monotonic() + END_SECONDS
    while left := sessions(connection, now):
        with asking(f"ending the sessions in {database}"):
            parameters = {"ours": APPLICATION, "before": now}
            for pid in {row[0] for row in connection.execute(_SESSIONS, parameters)} - ended:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                ended.add(pid)
        if time.monotonic() > until:
            raise CouldNotFindOut(
                f"sessions in {database} did not end within {END_SECONDS:g} s: {'; '.join(left)}. "
                "What they wrote is not known: run this again"
            )
        time.sleep(POLL_SECONDS)
    return len(ended)
