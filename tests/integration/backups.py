"""What the tests of backups share: a small application's tables, and the scripts as people run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from ops.backups import postgres, scratch
from ops.backups.postgres import PostgresEngine
from tests.integration.postgres import PrivateServer

ROOT = Path(__file__).parents[2]
SCHEMA = """
    CREATE TABLE users (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL UNIQUE CHECK (email LIKE '%@%'),
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE TABLE documents (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        owner int NOT NULL CONSTRAINT documents_owner REFERENCES users,
        body text NOT NULL,
        updated_at timestamp NOT NULL DEFAULT timezone('utc', clock_timestamp())
    );
    CREATE TABLE alembic_version (version_num text PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('b83e6d5120fa');
    CREATE TABLE schema_level (level int NOT NULL, floor int NOT NULL);
    INSERT INTO schema_level VALUES (3, 1);
    INSERT INTO users (email) SELECT 'user' || n || '@example.com' FROM generate_series(1, 50) n;
    INSERT INTO documents (owner, body)
        SELECT 1 + n % 50, repeat(md5(n::text), 20) FROM generate_series(1, 500) n;
"""


def fill(connection: psycopg.Connection) -> None:
    """Make the tables and rows of a small application."""
    connection.execute(SCHEMA.encode())


def rows(connection: psycopg.Connection) -> list[list[tuple[Any, ...]]]:
    """Every row of the application, in order."""
    tables = (b"users", b"documents", b"alembic_version", b"schema_level")
    return [connection.execute(b"TABLE " + table + b" ORDER BY 1").fetchall() for table in tables]


def clock(connection: psycopg.Connection) -> datetime:
    """Now, by the server's clock."""
    found = connection.execute("SELECT clock_timestamp()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def end(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """What a script printed, once it has ended."""
    with process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@dataclass
class Place:
    """A database with its backups, and the scripts that work on them."""

    server: PrivateServer
    database: str
    store: Path
    archive: Path | None = None
    role: str = "postgres"

    @property
    def url(self) -> str:
        """The database's, for its administrator."""
        return self.server.url(self.database, self.role)

    @property
    def engine(self) -> PostgresEngine:
        """The backups themselves."""
        return postgres.at(self.url, str(self.store), archive=str(self.archive or ""))

    def connect(self, database: str | None = None) -> psycopg.Connection:
        """A session in the database, or in another one of its server."""
        return self.server.connect(database or self.database)

    def script(
        self, name: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return end(self.start(name, *arguments, **variables))

    def start(self, name: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a script on this database and store; later arguments count more than these."""
        where = ["--database-url-env", "THE_URL", "--store", str(self.store)]
        if self.archive is not None:
            where += ["--archive", str(self.archive)]
        return subprocess.Popen(
            [sys.executable, ROOT / "scripts" / f"{name}.py", *where, *arguments],
            env=os.environ | {"THE_URL": self.url} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def back_up(self, *arguments: str) -> dict[str, Any]:
        """Take a backup by its script; returns what that prints."""
        done = self.script("backup_production_db", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def files(self) -> set[str]:
        """Every file of the store, half written ones included."""
        found = (path for path in self.store.rglob("*") if path.is_file())
        return {str(path.relative_to(self.store)) for path in found}

    def scratches(self) -> list[str]:
        """The scratch databases that there are on the server, held or not."""
        with self.connect() as connection:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            return [row[0] for row in connection.execute(query, [scratch.PREFIX])]
