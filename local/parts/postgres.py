"""PostgreSQL: the application's database; a cluster of our own, beside any that the machine has."""

import pwd
import shlex
import shutil
import signal
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from local.addresses import (
    DATABASE_PASSWORD,
    DATABASE_ROLE,
    LOOPBACK,
    NODE_NETWORK,
    POD_NETWORK,
    POSTGRES_PORT,
)
from local.commands import run
from local.parts.base import Daemon
from local.problems import LocalStackError, NotReadyError

SYSTEM_USER = "postgres"
OLDEST_VERSION = 15
ADMIN_ROLE = "legal_ai_admin"
"""Takes and restores backups: may do anything, and copy the whole server."""
MONITOR_ROLE = "legal_ai_monitor"
"""Reads the server's statistics, no table of anybody's."""
# Where a bind mount goes, in a mount namespace of its own, if the clone is in a private folder.
MOUNT_POINT = Path("/mnt")
SETTINGS = {
    "port": str(POSTGRES_PORT),
    "unix_socket_permissions": "0770",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "shared_preload_libraries": "pg_stat_statements",
    "archive_mode": "on",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_duration_statement": "500ms",
}
ACCESS = f"""
local all all trust
host all all {LOOPBACK}/32 scram-sha-256
host all all {NODE_NETWORK} scram-sha-256
host all all {POD_NETWORK} scram-sha-256
host replication {ADMIN_ROLE} {LOOPBACK}/32 scram-sha-256
"""


class Postgres(Daemon):
    """Runs as the system's user `postgres`, as it refuses to run as root."""

    name = "postgres"
    needs = ("packages", "node")
    ports = (POSTGRES_PORT,)
    stop_signal = signal.SIGINT
    grace_seconds = 20

    @property
    def sockets(self) -> Path:
        """Where the superuser connects without a password."""
        return self.places.run / "postgres"

    @property
    def cluster(self) -> Path:
        """The data directory."""
        return self.data / "cluster"

    @property
    def archive(self) -> Path:
        """Where finished WAL goes, so that any moment can be restored."""
        return self.places.data("wal-archive")

    def prepare(self) -> None:
        """Make the cluster once; write access rules and settings each time."""
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.archive.mkdir(parents=True, exist_ok=True)
        for folder in (self.data, self.sockets, self.archive):
            shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
        self.sockets.chmod(0o770)
        self.archive.chmod(0o700)
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        access = self.cluster / "pg_hba.conf"
        access.write_text(ACCESS)
        shutil.chown(access, SYSTEM_USER, SYSTEM_USER)

    def _initialise(self) -> None:
        """Make the cluster in a folder aside: an interrupted one is never taken for whole."""
        fresh = self.data / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        where = self.seen_by_server(fresh)
        initdb = [str(binaries() / "initdb"), f"--pgdata={where}", "--encoding=UTF8"]
        run(self.as_system_user([*initdb, "--locale=C.UTF-8", "--auth=trust", "--no-sync"]))
        fresh.rename(self.cluster)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        listen = ",".join(self.stack.listen_addresses)
        settings = SETTINGS | {
            "listen_addresses": listen,
            "unix_socket_directories": str(self.seen_by_server(self.sockets)),
            "archive_command": archive_command(self.seen_by_server(self.archive)),
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        data = str(self.seen_by_server(self.cluster))
        return self.as_system_user([str(binaries() / "postgres"), "-D", data, *options])

    def seen_by_server(self, path: Path) -> Path:
        """Return `path` as the server sees it."""
        if reachable(self.places.local):
            return path
        return MOUNT_POINT / path.relative_to(self.places.local)

    def as_system_user(self, command: list[str]) -> list[str]:
        """Return `command` run as the system's user, able to see our folder wherever that is."""
        drop = [
            "setpriv",
            f"--reuid={SYSTEM_USER}",
            f"--regid={SYSTEM_USER}",
            "--init-groups",
            "--",
        ]
        if reachable(self.places.local):
            return [*drop, *command]
        mount = 'mount --bind "$0" "$1" && cd / && shift && exec "$@"'
        inside = ["sh", "-c", mount, str(self.places.local), str(MOUNT_POINT)]
        return ["unshare", "--mount", "--propagation=private", "--", *inside, *drop, *command]

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as superuser, in autocommit."""
        return psycopg.connect(
            host=str(self.sockets),
            port=POSTGRES_PORT,
            user="postgres",
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def check(self) -> None:
        """Raise NotReadyError unless it answers a query."""
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise NotReadyError(f"PostgreSQL: {error}".strip()) from error

    def after_start(self) -> None:
        """Make the roles and the application's database where they are missing."""
        role = sql.Identifier(DATABASE_ROLE)
        with self.connect() as connection:
            _make_role(connection, DATABASE_ROLE, "CREATEDB")
            _make_role(connection, ADMIN_ROLE, "SUPERUSER REPLICATION")
            _make_role(connection, MONITOR_ROLE, "IN ROLE pg_monitor")
            there = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(there, [DATABASE_ROLE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
        with self.connect(DATABASE_ROLE) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _make_role(connection: psycopg.Connection, name: str, rights: LiteralString) -> None:
    there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if there is None:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                sql.Identifier(name), sql.SQL(rights), sql.Literal(DATABASE_PASSWORD)
            )
        )


def archive_command(folder: Path) -> str:
    """Return the shell's words for keeping a segment in `folder`: whole, once, and never another.

    PostgreSQL runs it again after a crash, so that one which is there already is well if it is the
    same; https://www.postgresql.org/docs/current/continuous-archiving.html
    """
    there = shlex.quote(str(folder)).replace("%", "%%")
    copy = f"cp %p {there}/.%f.part && mv {there}/.%f.part {there}/%f"
    return f"if [ -e {there}/%f ]; then cmp -s %p {there}/%f; else {copy}; fi"


def binaries() -> Path:
    """Return the folder of the oldest usable PostgreSQL on this machine (15 where it is there)."""
    folders = {int(path.parent.parent.name): path.parent for path in candidates()}
    usable = sorted(version for version in folders if version >= OLDEST_VERSION)
    if not usable:
        raise LocalStackError("PostgreSQL 15 or newer is not installed: run `make up` again.")
    return folders[usable[0]]


def candidates() -> list[Path]:
    """Return the servers that Debian's packages put on this machine."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return [path for path in found if path.parent.parent.name.isdigit()]


def reachable(path: Path) -> bool:
    """Whether the system's user may pass through every folder above `path`."""
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise LocalStackError(f"there is no system user {SYSTEM_USER}") from error
    return all(
        folder.stat().st_mode & 0o001 or folder.stat().st_uid == user.pw_uid
        for folder in (path, *path.parents)
    )
