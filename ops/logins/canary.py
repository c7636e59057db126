"""Writes as the application, rolled back: none may pass a fence, and one must where none stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import errors, sql

from ops.database import Address, asking, one
from ops.errors import Refused
from ops.logins.sessions import open_session

if TYPE_CHECKING:
    import psycopg

_TABLES: Final = """
    SELECT n.nspname, c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'legal_ai_fence')
      AND has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1, 2
"""


def prove_closed(app: Address) -> None:
    """Try to write each table as the application, with the soft lock off. Nothing may go through.

    Every try is rolled back. Raises Refused naming the tables that let it through.
    """
    open_tables: list[str] = []
    with open_session(app) as connection, asking(f"trying to write as {app.user}"):
        for schema, table in connection.execute(_TABLES).fetchall():
            name = sql.Identifier(schema, table)
            tries = ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {} WHERE false")
            for statement in tries:
                if not _is_refused(connection, sql.SQL(statement).format(name)):
                    open_tables.append(f"{schema}.{table}")
    if open_tables:
        raise Refused(
            f"the fence leaks: {app.user} could write {', '.join(sorted(set(open_tables)))} "
            "(rolled back). See `\\dp` in psql for who gave that right"
        )


def prove_open(app: Address) -> str:
    """Write one row of each table that the application may change, rolled back. Says what it did.

    Raises Refused where it may change none.
    """
    with open_session(app) as connection, asking(f"writing as {app.user} in {app.database}"):
        tables = connection.execute(_TABLES).fetchall()
        written = [
            f"{schema}.{table}" for schema, table in tables if _rewrites(connection, schema, table)
        ]
    if tables and not written:
        raise Refused(
            f"{app.user} could write to none of the {len(tables)} tables of {app.database}: see "
            "`\\dp` in psql for its rights there"
        )
    return f"{app.user} could write to {len(written)} of {len(tables)} tables (rolled back)"


def _is_refused(connection: psycopg.Connection, statement: sql.Composed) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except errors.InsufficientPrivilege:
        return True
    except errors.IntegrityError:
        # Rights are asked before constraints are: it got that far.
        return False
    return False


def _rewrites(connection: psycopg.Connection, schema: str, table: str) -> bool:
    column = one(
        connection,
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum LIMIT 1",
        sql.Identifier(schema, table).as_string(connection),
    )
    if column is None:
        return False
    name, attribute = sql.Identifier(schema, table), sql.Identifier(column)
    statement = sql.SQL("UPDATE {0} SET {1} = {1} WHERE ctid = (SELECT ctid FROM {0} LIMIT 1)")
    return not _is_refused(connection, statement.format(name, attribute))
