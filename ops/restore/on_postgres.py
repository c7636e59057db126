"""Databases of one PostgreSQL server: a restore makes another one beside, `legal_ai_g2`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg import sql

from ops import failpoint
from ops.backups.engine import Say
from ops.backups.restoring import MARK
from ops.config import Configured, raised
from ops.database import Address, asking, connect, one
from ops.errors import Refused
from ops.restore.place import renamed
from ops.restore.source import Source

if TYPE_CHECKING:
    import psycopg

    from ops.backups.engine import Engine
    from ops.operations import DatabaseFacts

LONGEST_NAME: Final = 63
"""Bytes; https://www.postgresql.org/docs/current/limits.html"""
SERVER: Final = "postgres"
"""The database to be in while another is made, renamed or dropped."""
_GENERATION: Final = re.compile(r"(?P<base>.+)_g(?P<number>[0-9]{1,4})")


@dataclass
class OnPostgres:
    """`ops.restore.place.Place` for a plain PostgreSQL."""

    stack: Configured
    database: DatabaseFacts
    engine: Engine

    @property
    def current(self) -> str:
        """The name of the database in the application's URL."""
        return Address.parse(self.database.url).database

    def free_name(self) -> str:
        """`legal_ai_g2` beside `legal_ai`: one above the highest number there is."""
        found = _GENERATION.fullmatch(self.current)
        base = found["base"] if found else self.current
        with self._server() as connection, asking("listing the databases"):
            there = connection.execute("SELECT datname FROM pg_database").fetchall()
        generations = (_GENERATION.fullmatch(name) for (name,) in there)
        numbers = [int(each["number"]) for each in generations if each and each["base"] == base]
        name = f"{base}_g{max(numbers, default=1) + 1}"
        if len(name.encode()) > LONGEST_NAME:
            raise Refused(
                f"a database can't be named {name}: PostgreSQL takes {LONGEST_NAME} bytes. Rename "
                f"{self.current} first"
            )
        return name

    def app(self, name: str) -> Address:
        """The application's role, on the database `name`."""
        return Address.parse(self.database.url).with_database(name)

    def admin(self, name: str) -> Address:
        """The administrator's role, on the database `name`."""
        return Address.parse(self.database.admin_url or self.database.url).with_database(name)

    def restore(self, source: Source, name: str, say: Say) -> None:
        """Have the engine make it."""
        self.engine.restore(source.backup or source.at, name, say)

    def send_to(self, name: str, say: Say) -> None:
        """Write the URLs with the other name, then `pulumi up`."""
        config = self.stack.config()
        given = config.get("legal-ai:database") or {}
        wanted = {
            f"database.{key}": renamed(given[key], name)
            for key in ("url", "adminUrl")
            if given.get(key) and Address.parse(given[key]).database != name
        }
        if wanted:
            say(f"the configuration names {name} from now on")
            self.stack.set(raised(config), wanted)
            failpoint.reach("restore.configured")
        self.stack.up(say)

    def discard(self, source: Source, name: str, say: Say) -> str:
        """Drop it, if this restore made it and nobody uses it, and what a killed run left of it."""
        for scratch in self.engine.scratches():
            self.engine.drop_scratch(scratch)
        with self._server() as connection:
            made_by = _comment(connection, name)
            if made_by is None:
                return f"{name} was not made"
            if made_by != f"{MARK}{source.id}" or name == self.current:
                return f"{name} stays: it is no unused restore of {source.id}"
            say(f"dropping {name}, which was never used")
            with asking(f"dropping {name}"):
                connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )
        return f"{name} was dropped; it was never used"

    def _server(self) -> psycopg.Connection:
        return connect(self.admin(SERVER))


def _comment(connection: psycopg.Connection, name: str) -> str | None:
    """What is written on a database; None where there is none of that name."""
    with asking(f"looking for {name}"):
        found = one(connection, "SELECT oid FROM pg_database WHERE datname = %s", name)
        said = one(connection, "SELECT shobj_description(%s, 'pg_database')", found)
    return None if found is None else str(said or "")
