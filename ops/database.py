"""Connections to PostgreSQL: URLs taken apart, passwords kept out of sight, errors told plainly."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, LiteralString
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ops.errors import CouldNotFindOut, Refused, UsageError

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS: Final = 10
_SCHEMES: Final = ("postgresql", "postgres")
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "options": "PGOPTIONS",
}
"""What a URL may carry behind its `?`, and the variable that says the same to a program."""
_WRONG_CONFIG: Final = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied for database",
)


@dataclass(frozen=True)
class Address:
    """Where a database is and who asks. `parameters` are libpq's, `sslmode` above all."""

    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL of SQLAlchemy's or libpq's kind. Raises UsageError, which never shows it."""
        try:
            parts = urlsplit(url)
            port = parts.port or 5432
        except ValueError as error:
            raise UsageError(f"the database URL can't be read: {error}") from error
        if parts.scheme.partition("+")[0] not in _SCHEMES:
            raise UsageError(
                f"the database URL begins with {parts.scheme!r}: it must be "
                "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            )
        parameters = dict(parse_qsl(parts.query))
        if "ssl" in parameters:  # asyncpg's name for it
            parameters["sslmode"] = parameters.pop("ssl")
        unknown = sorted(parameters.keys() - _VARIABLES.keys())
        if unknown:
            raise UsageError(
                f"the database URL has parameters that are not known here: {', '.join(unknown)}; "
                f"known are {', '.join(sorted(_VARIABLES))}"
            )
        host = parameters.pop("host", "") or unquote(parts.hostname or "")
        user, database = unquote(parts.username or ""), unquote(parts.path.lstrip("/"))
        missing = [
            k for k, v in {"host": host, "user": user, "database": database}.items() if not v
        ]
        if missing:
            raise UsageError(f"the database URL names no {' and no '.join(missing)}")
        port = int(parameters.pop("port", port))
        return cls(host, port, user, database, unquote(parts.password or ""), parameters)

    def with_database(self, database: str) -> Address:
        """The same server and role, another database."""
        return replace(self, database=database)

    @property
    def url(self) -> str:
        """SQLAlchemy's form, with the password."""
        name = quote(self.user, safe="")
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        is_socket = self.host.startswith("/")
        where = "" if is_socket else f"[{self.host}]" if ":" in self.host else self.host
        more = dict(self.parameters) | ({"host": self.host} if is_socket else {})
        query = f"?{urlencode(more)}" if more else ""
        path = quote(self.database, safe="")
        return f"postgresql+psycopg://{name}{secret}@{where}:{self.port}/{path}{query}"

    def environment(self) -> dict[str, str]:
        """An environment for PostgreSQL's programs: ours, with this address and nothing in argv."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        ours = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.database,
            "PGPASSWORD": self.password,
            "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }
        return kept | ours | {_VARIABLES[key]: value for key, value in self.parameters.items()}

    def __str__(self) -> str:
        return f"database {self.database} on {self.host}:{self.port} as {self.user}"


def connect(
    where: Address | str,
    *,
    autocommit: bool = True,
    application_name: str = "legal-ai",
    seconds: int = CONNECT_SECONDS,
) -> psycopg.Connection:
    """Connect. Raises UsageError: wrong password, role or database; else CouldNotFindOut."""
    import psycopg  # noqa: PLC0415 not every command that imports this asks a database

    address = where if isinstance(where, Address) else Address.parse(where)
    try:
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password or None,
            dbname=address.database,
            autocommit=autocommit,
            application_name=application_name,
            connect_timeout=seconds,
            client_encoding="UTF8",
            keepalives_idle=30,
            **_as_any(address.parameters),
        )
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        told = f"connecting to {address} failed: {said}"
        if any(words in said for words in _WRONG_CONFIG):
            raise UsageError(f"{told}. Correct the URL in the configuration") from error
        raise CouldNotFindOut(f"{told}. Is the server up, and reachable from here?") from error


def administer(where: Address | str, *, application_name: str = "legal-ai") -> psycopg.Connection:
    """Connect for work on the server as a whole, which a database that is set read only allows."""
    connection = connect(where, application_name=application_name)
    connection.execute("SET default_transaction_read_only = off")
    return connection


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Tell errors of queries: no rights are UsageError, no room Refused, others no answer."""
    import psycopg  # noqa: PLC0415 as above

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise UsageError(
            f"{what} is not allowed: {_said(error)}. Give database.adminUrl a role that may"
        ) from error
    except psycopg.errors.DiskFull as error:
        raise Refused(f"{what} failed, the server has no room: {_said(error)}") from error
    except psycopg.Error as error:
        raise CouldNotFindOut(
            f"{what} failed: {_said(error)}. Look whether the server is up, then run it again"
        ) from error


def one(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> Any:
    """The first column of the first row, None where there is no row."""
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def require_direct_writer(connection: psycopg.Connection) -> None:
    """Refuse a pooler and a standby: locks, sessions and snapshots need the server itself."""
    if connection.info.backend_pid != one(connection, "SELECT pg_backend_pid()"):
        raise UsageError(
            f"{connection.info.host}:{connection.info.port} is a connection pooler: give the URL "
            "of the server itself (database.adminUrl)"
        )
    if one(connection, "SELECT pg_is_in_recovery()"):
        raise UsageError(
            f"{connection.info.host}:{connection.info.port} is a standby: give the URL of the "
            "writer (database.adminUrl)"
        )


def _said(error: Exception) -> str:
    return " ".join(str(error).split())


def _as_any(parameters: Mapping[str, str]) -> dict[str, Any]:
    return dict(parameters)
