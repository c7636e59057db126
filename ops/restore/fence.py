"""The fence around a database: nobody who is no superuser can write, until it is taken down.

What was revoked is kept in the database itself, in the same transaction, so whoever finds it
fenced, in it or in a copy restored from it, can give the rights back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg import errors, sql

from ops import failpoint
from ops.database import Address, asking, one
from ops.errors import Refused
from ops.logins import canary
from ops.logins.sessions import end_sessions

if TYPE_CHECKING:
    import psycopg

MIGRATION_LOCK: Final = 0x4C454741
"""The advisory lock that a migration holds; the sample application and `migrate.py` take it."""

_WRITERS: Final = """
    SELECT n.nspname AS schema, c.relname AS relation, c.relkind = 'S' AS is_sequence,
           a.attname AS attribute, coalesce(r.rolname, '') AS grantee,
           p.privilege_type AS privilege, p.is_grantable AS grantable,
           pg_has_role(c.relowner, 'USAGE') AS is_ours
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT NULL::name AS attname,
               coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                             c.relowner)) AS acl
        UNION ALL
        SELECT t.attname, t.attacl FROM pg_attribute t
        WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL AND NOT t.attisdropped
    ) a
    CROSS JOIN LATERAL aclexplode(a.acl) p
    LEFT JOIN pg_roles r ON r.oid = p.grantee
    WHERE c.relkind IN ('r', 'p', 'v', 'f', 'S')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'legal_ai_fence')
      AND p.privilege_type = ANY (CASE WHEN c.relkind = 'S' THEN ARRAY['UPDATE', 'USAGE']
                                  ELSE ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] END)
      AND NOT coalesce(r.rolsuper, false)
"""
"""Who may write, by relation and column, superusers apart; the grantee '' is PUBLIC."""
_IS_OURS: Final = 7

_STILL: Final = """
    SELECT c.oid::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'legal_ai_fence')
      AND (has_table_privilege(%(role)s, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
           OR has_any_column_privilege(%(role)s, c.oid, 'INSERT, UPDATE'))
    ORDER BY 1
"""


@dataclass(frozen=True)
class Standing:
    """A fence that stands: since when, why, and how many rights it keeps back."""

    since: str
    reason: str
    rights: int


def standing(connection: psycopg.Connection) -> Standing | None:
    """The fence that stands in this database, None where there is none."""
    with asking("looking for a fence"):
        if one(connection, "SELECT to_regclass('legal_ai_fence.about')") is None:
            return None
        row = connection.execute(
            "SELECT since, reason, (SELECT count(*) FROM legal_ai_fence.revoked)"
            " FROM legal_ai_fence.about"
        ).fetchone()
    return None if row is None else Standing(*row)


def obstacles(connection: psycopg.Connection, role: str) -> list[str]:
    """Why `role` can't be kept from writing here, each with what to do; empty: it can. Reads."""
    database = connection.info.dbname
    found: list[str] = []
    with asking(f"asking whether {database} can be fenced"):
        if one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = %s", role):
            found.append(
                f"the application's role {role} is a superuser, which no revoked right stops: "
                f"ALTER ROLE {role} NOSUPERUSER"
            )
        if one(connection, "SELECT pg_has_role(%s, 'pg_write_all_data', 'USAGE')", role):
            found.append(
                f"the role {role} may write all data: REVOKE pg_write_all_data FROM {role}"
            )
        foreign = {
            f"{row[0]}.{row[1]}" for row in connection.execute(_WRITERS) if not row[_IS_OURS]
        }
        prepared = [
            str(gid)
            for (gid,) in connection.execute(
                "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
            )
        ]
    if foreign:
        found.append(
            f"{connection.info.user} may not revoke rights on {', '.join(sorted(foreign))}: give "
            "database.adminUrl a role that owns them"
        )
    if prepared:
        found.append(
            f"prepared transactions could still be committed ({', '.join(prepared)}): COMMIT "
            "PREPARED or ROLLBACK PREPARED them"
        )
    if holder := _migrating(connection):
        found.append(f"a migration is running ({holder}): wait for its end")
    return found


def close(connection: psycopg.Connection, app: Address, reason: str) -> None:
    """Put the fence up: rights revoked, sessions ended, and a write of the application refused.

    `connection` is from `open_session`. Safe to run again. Raises Refused with every obstacle, or
    where a write goes through; then what was revoked stays revoked until `reopen`.
    """
    database = connection.info.dbname
    if found := obstacles(connection, app.user):
        raise Refused(f"{database} can't be fenced: {'; '.join(found)}")
    with asking(f"fencing {database}"):
        if not one(connection, "SELECT pg_try_advisory_lock(%s)", MIGRATION_LOCK):
            raise Refused(f"{database} can't be fenced: a migration has just begun. Wait for it")
        try:
            with connection.transaction():
                _record(connection, reason)
                _revoke(connection)
                _set_read_only(connection)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        still = [name for (name,) in connection.execute(_STILL, {"role": app.user})]
    if still:
        raise Refused(
            f"{app.user} may still write {', '.join(still)} in {database}, by rights that could "
            "not be revoked: see `\\dp` in psql"
        )
    failpoint.reach("restore.revoked")
    end_sessions(connection)
    canary.prove_closed(app)


def soften(connection: psycopg.Connection) -> None:
    """Take the soft part down: a copy may have it without a fence of its own."""
    with asking(f"opening {connection.info.dbname}"):
        connection.execute(_alter(connection.info.dbname, "RESET default_transaction_read_only"))


def reopen(connection: psycopg.Connection) -> int:
    """Take the fence down: give every right back. Returns how many; 0 where there was no fence.

    Roles and relations that are gone are passed over.
    """
    database = connection.info.dbname
    with asking(f"taking the fence of {database} down"), connection.transaction():
        connection.execute(_alter(database, "RESET default_transaction_read_only"))
        if one(connection, "SELECT to_regclass('legal_ai_fence.revoked')") is None:
            return 0
        rows = connection.execute(
            "SELECT v.schema, v.relation, v.is_sequence, v.attribute, v.grantee, v.privilege,"
            " v.grantable FROM legal_ai_fence.revoked v"
            " JOIN pg_namespace n ON n.nspname = v.schema"
            " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.relation"
            " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = v.attribute"
            " WHERE (v.grantee = '' OR to_regrole(quote_ident(v.grantee)) IS NOT NULL)"
            " AND (v.attribute = '' OR NOT coalesce(a.attisdropped, true))"
        ).fetchall()
        for schema, relation, is_sequence, attribute, grantee, privilege, grantable in rows:
            grant = sql.SQL("GRANT {} TO {}{}").format(
                _right(privilege, attribute, is_sequence, schema, relation),
                _grantee(grantee),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
            connection.execute(grant)
        connection.execute("DROP SCHEMA legal_ai_fence CASCADE")
    return len(rows)


def missing(fenced: psycopg.Connection, copy: psycopg.Connection, role: str) -> list[str]:
    """Rights to write that the fence of one database keeps from `role` and a copy does not give.

    Tables that the copy lacks are passed over.
    """
    with asking(f"comparing the rights of {role}"):
        if one(fenced, "SELECT to_regclass('legal_ai_fence.revoked')") is None:
            return []
        kept = fenced.execute(
            "SELECT DISTINCT privilege, schema, relation FROM legal_ai_fence.revoked"
            " WHERE NOT is_sequence AND attribute = '' AND CASE WHEN grantee = '' THEN true"
            " ELSE pg_has_role(%s, grantee, 'USAGE') END ORDER BY 2, 3, 1",
            [role],
        ).fetchall()
        return [
            f"{privilege} on {schema}.{relation}"
            for privilege, schema, relation in kept
            if one(
                copy,
                "SELECT has_table_privilege(%s, c.oid, %s) FROM pg_class c JOIN pg_namespace n"
                " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s",
                role,
                privilege,
                schema,
                relation,
            )
            is False
        ]


def _migrating(connection: psycopg.Connection) -> str | None:
    with asking("asking whether a migration runs"):
        row = connection.execute(
            "SELECT a.pid, a.usename, a.application_name FROM pg_locks l"
            " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1 AND l.pid <> pg_backend_pid()",
            [MIGRATION_LOCK],
        ).fetchone()
    return None if row is None else f"{row[1]}, {row[2] or 'no name'}, pid {row[0]}"


def _record(connection: psycopg.Connection, reason: str) -> None:
    connection.execute(
        """
        CREATE SCHEMA IF NOT EXISTS legal_ai_fence;
        CREATE TABLE IF NOT EXISTS legal_ai_fence.about (since text NOT NULL, reason text NOT NULL);
        CREATE TABLE IF NOT EXISTS legal_ai_fence.revoked (
            schema text, relation text, is_sequence boolean NOT NULL, attribute text, grantee text,
            privilege text, grantable boolean NOT NULL,
            PRIMARY KEY (schema, relation, attribute, grantee, privilege)
        )
        """
    )
    connection.execute(
        "INSERT INTO legal_ai_fence.about SELECT"
        " to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), %s"
        " WHERE NOT EXISTS (SELECT FROM legal_ai_fence.about)",
        [reason],
    )
    record = sql.SQL(
        "INSERT INTO legal_ai_fence.revoked SELECT schema, relation, is_sequence,"
        " coalesce(attribute, ''), grantee, privilege, bool_or(grantable) FROM ({}) w"
        " GROUP BY 1, 2, 3, 4, 5, 6 ON CONFLICT DO NOTHING"
    )
    connection.execute(record.format(sql.SQL(_WRITERS)))


def _revoke(connection: psycopg.Connection) -> None:
    for row in connection.execute(_WRITERS).fetchall():
        schema, relation, is_sequence, attribute, grantee, privilege = row[:6]
        right = _right(privilege, attribute or "", is_sequence, schema, relation)
        # CASCADE: what a grantee passed on goes with it; the record has that as well.
        connection.execute(sql.SQL("REVOKE {} FROM {} CASCADE").format(right, _grantee(grantee)))


def _set_read_only(connection: psycopg.Connection) -> None:
    """The soft part: a session can undo it, yet most never try, and get the better message."""
    try:
        with connection.transaction():
            connection.execute(
                _alter(connection.info.dbname, "SET default_transaction_read_only = on")
            )
    except errors.InsufficientPrivilege:
        return


def _alter(database: str, what: str) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(database), sql.SQL(what))


def _right(
    privilege: str, attribute: str, is_sequence: bool, schema: str, relation: str
) -> sql.Composed:
    return sql.SQL("{}{} ON {} {}").format(
        sql.SQL(privilege),
        sql.SQL(" ({})").format(sql.Identifier(attribute)) if attribute else sql.SQL(""),
        sql.SQL("SEQUENCE" if is_sequence else "TABLE"),
        sql.Identifier(schema, relation),
    )


def _grantee(name: str) -> sql.Composable:
    return sql.Identifier(name) if name else sql.SQL("PUBLIC")
