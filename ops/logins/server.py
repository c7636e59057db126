"""Roles of a PostgreSQL server: logins that act as the owner, made, proven, counted, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, LiteralString

from psycopg import sql

from ops.database import Address, administer, asking, connect, one
from ops.errors import Refused, UsageError
from ops.logins import canary

if TYPE_CHECKING:
    import psycopg

OURS: Final = "legal-ai-rotation"
"""The application name of our own connections."""
_MARK: Final = "a login made by scripts/rotate_db_password.py; it acts as "
_SETTINGS: Final[LiteralString] = """
    SELECT coalesce(d.datname, ''), split_part(setting, '=', 1),
           substr(setting, strpos(setting, '=') + 1)
    FROM pg_db_role_setting s
    JOIN pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_database d ON d.oid = s.setdatabase
    CROSS JOIN LATERAL unnest(s.setconfig) AS setting
    WHERE r.rolname = %s ORDER BY 1, 2
"""
_SESSIONS: Final[LiteralString] = """
    SELECT pid, coalesce(datname, '?'), coalesce(application_name, ''),
           coalesce(host(client_addr), 'local')
    FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid() ORDER BY backend_start
"""


@dataclass(frozen=True)
class Server:
    """The server that `admin` leads to: a role there that may make roles and end sessions."""

    admin: Callable[[], Address]

    def acts_as(self, who: Address) -> tuple[str, str]:
        """The role that logs in, and the one that it then is. Raises as `connect`."""
        with connect(who, application_name=OURS) as session, asking(f"asking who {who.user} is"):
            return str(one(session, "SELECT session_user")), str(
                one(session, "SELECT current_user")
            )

    def make(self, login: str, owner: str, password: str) -> None:
        """A role `login` with this password, that is `owner` in all it does. Safe to run again.

        Raises Refused where a role of that name was not made here, UsageError for lack of rights.
        """
        with self._asking(f"making the role {login}") as admin, admin.transaction():
            _require_ours(admin, login)
            _make(admin, login, owner, password)

    def prove(self, who: Address, owner: str) -> str:
        """Log in and write, rolled back. Raises Refused if it does not act as `owner`."""
        found = self.acts_as(who)
        if found != (who.user, owner):
            raise Refused(
                f"a session of {who.user} acts as {found[1]}, and {owner} it must be: see "
                "pg_db_role_setting. A pooler in between may have reset it"
            )
        return canary.prove_open(who)

    def enters(self, who: Address) -> bool:
        """Whether the server lets it log in. Raises CouldNotFindOut."""
        try:
            connect(who, application_name=OURS).close()
        except UsageError:
            return False
        return True

    def sessions(self, role: str) -> list[str]:
        """Who is logged in as `role`, in any database, as sentences."""
        with self._asking(f"asking who is connected as {role}") as admin:
            rows = admin.execute(_SESSIONS, [role]).fetchall()
        return [
            f"{name or 'no name'} from {where} in {database} (pid {pid})"
            for pid, database, name, where in rows
        ]

    def end(self, role: str) -> int:
        """End all sessions of `role`; how many there were."""
        with self._asking(f"ending the sessions of {role}") as admin:
            rows = admin.execute(_SESSIONS, [role]).fetchall()
            for pid, *_ in rows:
                admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        return len(rows)

    def close(self, role: str) -> None:
        """Let nobody log in as `role` any more; what it owns and may do stays, for who acts as it.

        NOLOGIN, since a server can be set to trust an address whatever the password. It's fine if
        there is no such role.
        """
        with self._asking(f"closing the role {role}") as admin:
            if _exists(admin, role):
                admin.execute(
                    sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(role))
                )

    @contextmanager
    def _asking(self, what: str) -> Iterator[psycopg.Connection]:
        with administer(self.admin(), application_name=OURS) as admin, asking(what):
            yield admin


def with_login(where: Address, user: str, password: str) -> Address:
    """The same database, another login."""
    return replace(where, user=user, password=password)


def _require_ours(admin: psycopg.Connection, login: str) -> None:
    if not _exists(admin, login):
        return
    mark = one(
        admin,
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s",
        login,
    )
    if not str(mark or "").startswith(_MARK):
        raise Refused(
            f"there is a role {login} that no rotation made: rename it first (ALTER ROLE), as "
            "a rotation takes this name for its own"
        )


def _make(admin: psycopg.Connection, login: str, owner: str, password: str) -> None:
    name, acting = sql.Identifier(login), sql.Identifier(owner)
    if not _exists(admin, login):
        admin.execute(sql.SQL("CREATE ROLE {}").format(name))
    limit = one(admin, "SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", owner)
    # The server gets what it keeps anyway, so that its logs never see the password.
    kept = admin.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    admin.execute(
        sql.SQL("ALTER ROLE {} LOGIN INHERIT CONNECTION LIMIT {} PASSWORD {}").format(
            name, sql.Literal(limit), sql.Literal(kept.decode())
        )
    )
    admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(_MARK + owner)))
    admin.execute(sql.SQL("GRANT {} TO {}").format(acting, name))
    _give_settings(admin, login, owner)


def _exists(admin: psycopg.Connection, role: str) -> bool:
    return one(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", role) is not None


def _give_settings(admin: psycopg.Connection, login: str, owner: str) -> None:
    """The owner's settings, which count at log-in only; then the one that makes it the owner."""
    name = sql.Identifier(login)
    for database in {"", *(row[0] for row in admin.execute(_SETTINGS, [login]))}:
        admin.execute(sql.SQL("ALTER ROLE {}{} RESET ALL").format(name, _within(database)))
    for database, setting, value in admin.execute(_SETTINGS, [owner]).fetchall():
        # By way of this session: a list such as search_path can't be given as one text.
        admin.execute("SELECT set_config(%s, %s, true)", [setting, value])
        admin.execute(
            sql.SQL("ALTER ROLE {}{} SET {} FROM CURRENT").format(
                name, _within(database), sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
            )
        )
    admin.execute(sql.SQL("ALTER ROLE {} SET role = {}").format(name, sql.Literal(owner)))


def _within(database: str) -> sql.Composable:
    if not database:
        return sql.SQL("")
    return sql.SQL(" IN DATABASE {}").format(sql.Identifier(database))
