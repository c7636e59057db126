"""A dump becomes a database: made under a scratch name, given its own once it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from psycopg import sql

from ops import failpoint
from ops.backups import programs, scratch
from ops.backups.engine import Say
from ops.backups.manifest import DatabaseShape
from ops.backups.programs import Running
from ops.database import Address, administer, asking, connect, one
from ops.errors import Refused

if TYPE_CHECKING:
    from psycopg import Connection

MARK: Final = "legal-ai: restored from "
Fill = Callable[[Running], None]
"""Writes a dump into pg_restore's input, or raises."""


def is_done(admin: Address, target: str, source: str) -> bool:
    """Whether `target` is there already, whole, restored from `source`.

    Raises Refused where it is anything else.
    """
    with connect(admin) as connection, asking(f"looking for {target}"):
        there = one(connection, "SELECT oid FROM pg_database WHERE datname = %s", target)
        said = one(connection, "SELECT shobj_description(%s, 'pg_database')", there)
    if there is None:
        return False
    if said != f"{MARK}{source}":
        raise Refused(
            f"there is a database {target} already, and it is not a restore of {source} "
            f"({said or 'nothing says what it is'}): it stays as it is. Choose another name"
        )
    return True


def restore(
    admin: Address, target: str, source: str, shape: DatabaseShape, fill: Fill, say: Say
) -> None:
    """Make the database `target`, which is not there, out of what `fill` gives.

    It is there once it is whole, with the shape it had; but a `target` that is a scratch of this
    run is filled as it is. Raises Refused, and leaves nothing.
    """
    if target.startswith(scratch.PREFIX):
        with administer(admin) as connection:
            _make(connection, admin, target, source, shape, fill, say)
        return
    hidden = scratch.name_for(target)
    with scratch.held(admin, hidden, f"restore {target}") as connection:
        scratch.drop(connection, hidden)
        with scratch.dropped_after(connection, hidden):
            _make(connection, admin, hidden, source, shape, fill, say)
            _analyze(admin.with_database(hidden), say)
            _rename(connection, hidden, target)


def _make(
    connection: Connection,
    admin: Address,
    name: str,
    source: str,
    shape: DatabaseShape,
    fill: Fill,
    say: Say,
) -> None:
    with asking(f"making the database {name}"):
        major = int(one(connection, "SHOW server_version_num")) // 10000
        program = programs.find("pg_restore", major)
        connection.execute(_create(name, shape))
    failpoint.reach("verify.scratch_made")
    say(f"restoring {source} into {name}")
    argv = [program.path, "--exit-on-error", "--no-password", f"--dbname={name}"]
    with programs.running(argv, admin.environment(), feed=True) as pg_restore:
        fill(pg_restore)
        pg_restore.finish(Refused)
    with asking(f"giving {name} the rights and settings of {shape.name}"):
        _dress(connection, name, shape)
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(f"{MARK}{source}")
            )
        )


def _create(name: str, shape: DatabaseShape) -> sql.Composed:
    query = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 OWNER {} ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    ).format(
        sql.Identifier(name),
        sql.Identifier(shape.owner),
        sql.Literal(shape.encoding),
        sql.Literal(shape.collate),
        sql.Literal(shape.ctype),
    )
    if shape.icu_locale:
        query += sql.SQL(" LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(shape.icu_locale))
    return query


def _dress(connection: Connection, name: str, shape: DatabaseShape) -> None:
    """The rights and settings that the database had."""
    database = sql.Identifier(name)
    if shape.rights is not None:
        everybody = sql.SQL("PUBLIC, {}").format(sql.Identifier(shape.owner))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, everybody))
        for role, right, may_grant in shape.rights:
            query = sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(_RIGHTS[right]),
                database,
                sql.SQL("PUBLIC") if role == "PUBLIC" else sql.Identifier(role),
                sql.SQL(" WITH GRANT OPTION" if may_grant else ""),
            )
            connection.execute(query)
    for role_name, setting, value in shape.settings:
        whose = sql.SQL("ROLE {} IN " if role_name else "").format(sql.Identifier(role_name or ""))
        # By way of the transaction, so that the server quotes lists such as search_path.
        with connection.transaction():
            connection.execute("SELECT set_config(%s, %s, true)", [setting, value])
            connection.execute(
                sql.SQL("ALTER {}DATABASE {} SET {} FROM CURRENT").format(
                    whose, database, _setting(setting)
                )
            )


_RIGHTS: Final = {"CREATE": "CREATE", "CONNECT": "CONNECT", "TEMPORARY": "TEMPORARY"}


def _setting(name: str) -> sql.Composable:
    return sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))


def _analyze(address: Address, say: Say) -> None:
    """pg_restore brings no statistics, and without them the first users get bad plans."""
    say(f"collecting statistics in {address.database}")
    with connect(address) as connection, asking(f"collecting statistics in {address.database}"):
        connection.execute("SET statement_timeout = 0")
        connection.execute("ANALYZE")


def _rename(connection: Connection, name: str, target: str) -> None:
    with asking(f"naming {target}"):
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(name), sql.Identifier(target)
            )
        )
