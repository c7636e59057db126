"""One moment of a database: what pg_dump dumps and what is counted are the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from ops.backups import tags
from ops.backups.manifest import DatabaseShape
from ops.database import Address, asking, connect, require_direct_writer

if TYPE_CHECKING:
    from psycopg import Connection

NEWEST_COLUMNS: Final = ("created_at", "updated_at")
"""Columns that say how new a row is, by the application's convention."""
_TABLES: Final = """
    SELECT n.nspname, c.relname, ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = ANY(%s) AND NOT a.attisdropped
          AND a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence = 'p'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2
"""
_RIGHTS: Final = """
    SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type, a.is_grantable
    FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE d.datname = current_database() ORDER BY 1, 2
"""
_NEWEST: Final = sql.SQL("(max({0}) FILTER (WHERE isfinite({0}) AND {0} <= {1}))::timestamptz")
_SETTINGS: Final = """
    SELECT r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
    WHERE d.datname = current_database()
      AND split_part(c, '=', 1) <> 'default_transaction_read_only'
    ORDER BY 1 NULLS FIRST, 2
"""


@dataclass(frozen=True)
class Count:
    """The rows of a table and the newest of its NEWEST_COLUMNS, None where it has none."""

    rows: int
    newest: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """An open transaction that sees one moment. `name` lets other sessions see the same."""

    connection: Connection
    name: str
    moment: datetime
    shape: DatabaseShape
    database_bytes: int
    server_version: str
    major: int
    tags: dict[str, str]

    def count(self) -> dict[str, Count]:
        """Every table's rows by `schema.table`, exactly. Raises CouldNotFindOut."""
        with asking(f"counting the rows of {self.shape.name}"):
            return count(self.connection)


@contextmanager
def open_snapshot(address: Address) -> Iterator[Snapshot]:
    """Open one on the writer itself; it ends with the block."""
    with _session(address) as connection:
        require_direct_writer(connection)
        connection.rollback()
        with asking(f"opening a snapshot of {address}"):
            moment, name, size, version, number = _row(
                connection,
                "SELECT transaction_timestamp(), pg_export_snapshot(), "
                "pg_database_size(current_database()), version(), "
                "current_setting('server_version_num')::int",
            )
            opened = Snapshot(
                connection=connection,
                name=name,
                moment=moment,
                shape=shape(connection),
                database_bytes=size,
                server_version=version,
                major=number // 10000,
                tags=tags.of_schema(connection),
            )
        yield opened


@contextmanager
def reading(address: Address) -> Iterator[Connection]:
    """A session that reads one moment of a database and can change nothing."""
    with _session(address) as connection:
        yield connection


def shape(connection: Connection) -> DatabaseShape:
    """What of the current database pg_dump leaves out, but for being read only: a fence is that."""
    found, owner, encoding = _row(
        connection,
        "SELECT to_jsonb(d), pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding) "
        "FROM pg_database d WHERE d.datname = current_database()",
    )
    rights = None
    if found["datacl"] is not None:
        rights = tuple((str(a), str(b), bool(c)) for a, b, c in connection.execute(_RIGHTS))
    # daticulocale up to 16, datlocale from 17 on
    icu = found.get("daticulocale") or found.get("datlocale")
    return DatabaseShape(
        name=found["datname"],
        owner=owner,
        encoding=encoding,
        collate=found["datcollate"],
        ctype=found["datctype"],
        icu_locale=icu if found.get("datlocprovider") == "i" else None,
        rights=rights,
        settings=tuple((a, b, c) for a, b, c in connection.execute(_SETTINGS)),
    )


def count(connection: Connection, until: datetime | None = None) -> dict[str, Count]:
    """Every permanent table's rows, and its newest up to `until`, in the session's transaction."""
    found: dict[str, Count] = {}
    limit = sql.Literal(until.isoformat() if until else "infinity")
    for schema, table, columns in connection.execute(_TABLES, [list(NEWEST_COLUMNS)]).fetchall():
        newest = [_NEWEST.format(sql.Identifier(name), limit) for name in columns]
        query = sql.SQL("SELECT {} FROM ONLY {}").format(
            sql.SQL(", ").join([sql.SQL("count(*)"), *newest]), sql.Identifier(schema, table)
        )
        rows, *moments = connection.execute(query).fetchone() or (0,)
        found[f"{schema}.{table}"] = Count(rows, latest(moments))
    return found


def latest(moments: list[datetime | None]) -> datetime | None:
    """The latest of those that there are."""
    return max((moment for moment in moments if moment is not None), default=None)


@contextmanager
def _session(address: Address) -> Iterator[Connection]:
    connection = connect(address, autocommit=False)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.row_factory = tuple_row
    try:
        with asking(f"reading {address}"):
            # A backup takes as long as it takes, and what row security hides is no backup.
            for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(sql.SQL("SET {} = 0").format(sql.Identifier(setting)))
            connection.execute("SET row_security = off")
            connection.execute("SET timezone = 'UTC'")
            connection.commit()
        yield connection
    finally:
        connection.close()


def _row(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101 the query always has one
    return row
