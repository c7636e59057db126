"""What is written on a backup: which release it belongs to, and which schema it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import sql

from ops.backups import model
from ops.database import asking, one

if TYPE_CHECKING:
    import psycopg

    from ops.operations import Operations

REVISIONS: Final = "alembic_version"
LEVELS: Final = "schema_level"


def of_stack(operations: Operations, stack: str) -> dict[str, str]:
    """The stack, its active color and that color's version."""
    color = operations.active_color
    return {
        model.TAG_STACK: stack,
        model.TAG_COLOR: str(color),
        model.TAG_VERSION: operations.versions.get(color, ""),
    }


def of_schema(connection: psycopg.Connection) -> dict[str, str]:
    """The alembic revision and the schema level of the database; no tag where it has none.

    Several heads are joined with `+`. Runs in the connection's transaction, if it is in one.
    """
    found: dict[str, str] = {}
    with asking(f"reading the schema's revision in {connection.info.dbname}"):
        revisions = _column(connection, REVISIONS, "version_num")
        levels = _column(connection, LEVELS, "level")
    if revisions:
        found[model.TAG_REVISION] = "+".join(sorted(revisions))
    if levels:
        found[model.TAG_LEVEL] = levels[0]
    return found


def _column(connection: psycopg.Connection, table: str, column: str) -> list[str]:
    if one(connection, "SELECT to_regclass(%s)", table) is None:
        return []
    query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
    return [str(row[0]) for row in connection.execute(query)]
