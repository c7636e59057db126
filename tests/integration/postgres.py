"""A PostgreSQL server of a test's own: made by initdb, on a free port of loopback, then gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.ports import free_port

SUPERUSER = "postgres"
PASSWORD = "not secret: this server lives as long as a test"


@dataclass(frozen=True)
class PrivateServer:
    """The server in `root`, which only its user may enter. `port` listens on 127.0.0.1."""

    root: Path
    port: int
    programs: Path

    def url(self, database: str = "postgres", role: str = SUPERUSER) -> str:
        """SQLAlchemy's URL, with the password that every role of this server has."""
        password = PASSWORD.replace(" ", "%20").replace(":", "%3A")
        return f"postgresql+psycopg://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", role: str = SUPERUSER) -> psycopg.Connection:
        """A session in autocommit."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=role,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def new_database(self, owner: str = SUPERUSER) -> str:
        """An empty database with a name that nothing else has."""
        name = f"test_{uuid.uuid4().hex[:10]}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"'.encode())
        return name

    def new_role(self, options: str = "") -> str:
        """A role that may log in, with the server's one password."""
        name = f"role_{uuid.uuid4().hex[:10]}"
        with self.connect() as connection:
            connection.execute(
                f"CREATE ROLE \"{name}\" LOGIN {options} PASSWORD '{PASSWORD}'".encode()
            )
        return name

    @property
    def archive(self) -> Path:
        """Where its WAL is archived to, if it is."""
        return self.root / "archive"

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        self._control("start", f"--log={self.root / 'log'}")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it at once; nothing to do when it does not run."""
        if (self.root / "data" / "postmaster.pid").exists():
            self._control("stop", f"--mode={mode}")

    def _control(self, verb: str, option: str) -> None:
        command = [self.programs / "pg_ctl", verb, f"--pgdata={self.root / 'data'}", option]
        as_server_user([*command, "--wait", "--silent"])


def as_server_user(command: list[object]) -> None:
    """Run a program as a user that is not root, which PostgreSQL refuses."""
    told = [str(part) for part in command]
    if os.geteuid() == 0:
        user = f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}"
        told = ["setpriv", *user, "--init-groups", "--", *told]
    subprocess.run(told, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextmanager
def private_server(
    settings: Mapping[str, str] | None = None, *, archiving: bool = False
) -> Iterator[PrivateServer]:
    """A running server that trusts no one without the password; all of it goes with the block."""
    root = Path(tempfile.mkdtemp(prefix="legal-ai-test-pg-"))  # tmp_path may be closed to others
    server = PrivateServer(root, free_port(), _programs())
    try:
        _make(server, dict(settings or {}), archiving=archiving)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)


def _make(server: PrivateServer, settings: dict[str, str], *, archiving: bool) -> None:
    secret = server.root / "password"
    secret.write_text(PASSWORD)
    server.archive.mkdir()
    if os.geteuid() == 0:
        for path in (server.root, secret, server.archive):
            shutil.chown(path, SUPERUSER, SUPERUSER)
    as_server_user(
        [
            server.programs / "initdb",
            f"--pgdata={server.root / 'data'}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--wal-segsize=1",
            "--no-sync",
        ]
    )
    ours = {
        "listen_addresses": "127.0.0.1",
        "port": str(server.port),
        "unix_socket_directories": str(server.root),
        "fsync": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
    }
    if archiving:
        there = f"{server.archive}/%f"
        copy = f"cp %p {there}.new && mv {there}.new {there}"
        ours |= {"archive_mode": "on", "archive_command": f"test ! -f {there} && {copy}"}
    lines = [f"{key} = '{value}'" for key, value in (ours | settings).items()]
    with (server.root / "data" / "postgresql.conf").open("a") as file:
        file.write("\n".join(lines) + "\n")


def _programs() -> Path:
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return min(folders, key=lambda path: int(path.parent.parent.name)).parent
