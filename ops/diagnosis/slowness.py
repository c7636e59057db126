"""Issue 4 of the runbook: slow after a deployment. What the database knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString

from ops.database import asking
from ops.diagnosis.cause import Cause, Weight

if TYPE_CHECKING:
    import psycopg

AREA: Final = "slowness"
SLOW_MILLISECONDS: Final = 100.0
"""A statement's mean time from which on it is worth a look; pages have 500 ms in all."""
SHOWN: Final = 10
"""The runbook's LIMIT."""
QUERY_CHARACTERS: Final = 160
LONG_SECONDS: Final = 60
"""A transaction that is open longer than this holds back vacuum and, with it, everybody."""
MANY_ROWS: Final = 10_000
"""A table that is smaller is read as fast without an index."""
CONNECTIONS_PERCENT: Final = 90
"""The runbook's alert threshold."""

SLOW_QUERIES: Final[LiteralString] = """
    SELECT round(mean_exec_time)::text || ' ms on average, ' || calls || ' calls: ' ||
           left(regexp_replace(query, '\\s+', ' ', 'g'), %s)
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mean_exec_time > %s
    ORDER BY mean_exec_time DESC LIMIT %s
"""
SCANNED: Final[LiteralString] = """
    SELECT relname || ': ' || seq_scan || ' full scans of about ' || n_live_tup || ' rows, ' ||
           coalesce(idx_scan, 0) || ' by index'
    FROM pg_stat_user_tables
    WHERE n_live_tup > %s AND seq_scan > 10 * (coalesce(idx_scan, 0) + 1)
    ORDER BY seq_scan * n_live_tup DESC LIMIT %s
"""
UNINDEXED: Final[LiteralString] = """
    SELECT c.conrelid::regclass || '.' || a.attname || ' refers to ' || c.confrelid::regclass
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indisvalid
    )
    ORDER BY 1
"""
LONG: Final[LiteralString] = """
    SELECT 'pid ' || pid || ' of ' || usename || ' (' || application_name || '), ' || state ||
           ' since ' || date_trunc('second', now() - xact_start) || ': ' || left(query, %s)
    FROM pg_stat_activity
    WHERE xact_start < now() - make_interval(secs => %s) AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'
    ORDER BY xact_start LIMIT %s
"""
BLOCKED: Final[LiteralString] = """
    SELECT 'pid ' || pid || ' waits for ' || array_to_string(pg_blocking_pids(pid), ', ') || ': ' ||
           left(query, %s)
    FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0
    ORDER BY query_start LIMIT %s
"""
CONNECTIONS: Final[LiteralString] = """
    SELECT 100 * count(*) / current_setting('max_connections')::int,
           count(*) || ' of ' || current_setting('max_connections') || ' connections'
    FROM pg_stat_activity WHERE backend_type = 'client backend'
"""
BY_CLIENT: Final[LiteralString] = """
    SELECT usename || ' from ' || coalesce(host(client_addr), 'here') || ', ' ||
           coalesce(nullif(application_name, ''), 'no name') || ': ' || count(*)
    FROM pg_stat_activity WHERE backend_type = 'client backend'
    GROUP BY usename, client_addr, application_name ORDER BY count(*) DESC LIMIT %s
"""


@dataclass(frozen=True)
class Question:
    """A query whose every row is a line of evidence that `found` is so."""

    query: LiteralString
    parameters: tuple[object, ...]
    weight: Weight
    found: str
    mend: str


STATEMENTS: Final = Question(
    SLOW_QUERIES,
    (QUERY_CHARACTERS, SLOW_MILLISECONDS, SHOWN),
    Weight.BAD,
    f"statements take more than {SLOW_MILLISECONDS:g} ms on average",
    "EXPLAIN (ANALYZE) the first, add the index it lacks in an expand revision, then "
    "`scripts/migrate.py upgrade`",
)
QUESTIONS: Final = (
    Question(
        BLOCKED,
        (QUERY_CHARACTERS, SHOWN),
        Weight.BAD,
        "sessions wait for locks",
        "end the one that blocks: `SELECT pg_terminate_backend(PID)`; if it is a migration, its "
        "lock_timeout ends it",
    ),
    Question(
        LONG,
        (QUERY_CHARACTERS, LONG_SECONDS, SHOWN),
        Weight.BAD,
        f"transactions are open for more than {LONG_SECONDS} s",
        "find who left them open (`idle in transaction`), and end them: "
        "`SELECT pg_terminate_backend(PID)`",
    ),
    Question(
        SCANNED,
        (MANY_ROWS, SHOWN),
        Weight.HINT,
        "big tables are read from end to end again and again",
        "add an index in an expand revision (CREATE INDEX CONCURRENTLY), then "
        "`scripts/migrate.py upgrade`",
    ),
    Question(
        UNINDEXED,
        (),
        Weight.HINT,
        "foreign keys without an index: deletes and joins read the whole table",
        "add the index in an expand revision, then `scripts/migrate.py upgrade`",
    ),
)


def look(connection: psycopg.Connection) -> Iterator[Cause]:
    """Slow statements, locks, transactions left open, missing indexes, a full pool."""
    if _rows(connection, "SELECT FROM pg_extension WHERE extname = 'pg_stat_statements'"):
        yield from _asked(connection, STATEMENTS)
    else:
        yield Cause(
            AREA,
            Weight.UNKNOWN,
            "pg_stat_statements is not in this database, so slow statements are not known",
            "`CREATE EXTENSION pg_stat_statements` as its administrator (the server must load it: "
            "`shared_preload_libraries`; RDS made here does)",
        )
    for question in QUESTIONS:
        yield from _asked(connection, question)
    yield from _connections(connection)


def _asked(connection: psycopg.Connection, question: Question) -> Iterator[Cause]:
    lines = tuple(str(row[0]) for row in _rows(connection, question.query, *question.parameters))
    if lines:
        yield Cause(AREA, question.weight, question.found, question.mend, lines)


def _connections(connection: psycopg.Connection) -> Iterator[Cause]:
    percent, told = _rows(connection, CONNECTIONS)[0]
    if percent < CONNECTIONS_PERCENT:
        return
    clients = [str(row[0]) for row in _rows(connection, BY_CLIENT, SHOWN)]
    yield Cause(
        AREA,
        Weight.BAD,
        f"{told} are in use ({percent} %): new ones wait, or fail",
        "end what leaks; make pools smaller (`services.NAME.env.SQLALCHEMY_POOL_SIZE`) or the "
        "instance bigger",
        tuple(clients),
    )


def _rows(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> list[Any]:
    with asking("looking for what makes it slow"):
        return connection.execute(query, parameters).fetchall()
