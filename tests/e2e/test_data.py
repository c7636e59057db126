"""The data's whole life on the real PostgreSQL, by the scripts: backup, proof, rename, restore."""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import httpx2
import psycopg
import pytest

from bench.load import Load
from local.addresses import DATABASE_PASSWORD, LOOPBACK, POSTGRES_PORT
from local.parts.postgres import ADMIN_ROLE
from local.places import Places
from ops import web
from tests.e2e import visitor
from tests.e2e.conftest import NewProject
from tests.e2e.project import ROOT, STACK, Project, Ran

EXPANDED, REQUIRED, CONTRACTED = "c5d0f1a27e43", "9be37a60d4f8", "e21f8c94b7a5"
ADMIN: Final = f"{ADMIN_ROLE}:{DATABASE_PASSWORD}@{LOOPBACK}:{POSTGRES_PORT}"
SMOKE_USER: Final = {"username": "test@example.com", "password": "testpass"}


def script(project: Project, name: str, *args: str) -> Ran:
    """Run one of the scripts to its end, as an operator does."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *args],
        cwd=project.folder,
        env=project.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return Ran(done.returncode, done.stdout if done.returncode == 0 else done.stderr)


def answer(ran: Ran) -> Any:
    """A script's result, printed as JSON."""
    return json.loads(ran.ok().text)


def database_of(project: Project) -> str:
    """The database that the application uses, by the stack's output."""
    facts = project.pulumi("stack", "output", "operations", "--json", "--show-secrets").ok()
    return str(json.loads(facts.text)["database"]["url"].rsplit("/", 1)[-1])


def rows(database: str) -> dict[str, list[str]]:
    """Every row of the application's tables, as text."""
    with psycopg.connect(f"postgresql://{ADMIN}/{database}") as connection:
        return {
            table: [
                row[0]
                for row in connection.execute(
                    f"SELECT t::text FROM {table} t ORDER BY 1".encode()  # noqa: S608 our names
                )
            ]
            for table in ("users", "documents", "settings", "schema_level")
        }


def now_of(database: str) -> str:
    """The server's time, after everything that was written so far and before what comes next."""
    with psycopg.connect(f"postgresql://{ADMIN}/{database}") as connection:
        found = connection.execute(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', "
            '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')'
        ).fetchone()
        assert found is not None
        return str(found[0])


class Writer:
    """Writes through the public host again and again; every answer is kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.lost: list[str] = []
        self.written: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        with web.client(self.project.url) as client:
            token = client.post("/api/auth/login", json=SMOKE_USER).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            for number in itertools.count():
                if self._over.wait(0.05):
                    return
                name = f"Name {number}"
                try:
                    answer = client.put("/api/profile", json={"full_name": name}, headers=headers)
                except httpx2.HTTPError as error:
                    self.lost.append(f"{name}: {error!r}")
                    continue
                if answer.status_code == 200 and answer.json()["full_name"] == name:
                    self.written.append(name)
                else:
                    self.lost.append(f"{name}: {answer.status_code} {answer.text}")


def upload(project: Project, name: str) -> None:
    """One document more, through the public host."""
    with web.client(project.url) as client:
        token = client.post("/api/auth/login", json=SMOKE_USER).json()["access_token"]
        sent = client.post(
            "/api/documents/upload",
            files={"file": (name, b"This agreement ends in 2030.", "text/plain")},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert sent.status_code == 201


@pytest.fixture
def data(new_project: NewProject, tmp_path: Path) -> Iterator[Project]:
    """Blue serves with v1.1.0; backups go to a folder of the test's, WAL to the stack's archive."""
    project = new_project()
    project.set(
        "blue.version=v1.1.0",
        f"backups.store={tmp_path / 'backups'}",
        f"backups.archive={Places(ROOT).data('wal-archive')}",
    )
    admin = f"postgresql+psycopg://{ADMIN}/postgres"
    project.pulumi("config", "set", "--path", "--secret", "legal-ai:database.adminUrl", admin).ok()
    project.remove("green")
    project.up().ok()
    first = database_of(project)
    yield project
    with psycopg.connect(f"postgresql://{ADMIN}/postgres", autocommit=True) as connection:
        made = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{first}\\_%"]
        ).fetchall()
        for (name,) in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.mark.long
def test_a_column_is_renamed_over_three_releases_with_both_colors_alive_and_no_request_lost(
    data: Project,
) -> None:
    with Load(data.url, ["/api/health/database", "/"], rate=100) as load, Writer(data) as writer:
        data.set("green.version=v1.2.0", "green.replicas=1")
        script(data, "migrate.py", "upgrade", "--color", "green").ok()
        data.up().ok()
        data.switch("green").ok()

        data.set("blue.version=v1.3.0")
        script(data, "migrate.py", "backfill", "--color", "blue").ok()
        script(data, "migrate.py", "upgrade", "--color", "blue").ok()
        data.up().ok()
        data.switch("blue").ok()

        data.set("green.version=v1.4.0")
        # v1.2.0 is still there: it reads what v1.4.0 takes away.
        script(data, "migrate.py", "upgrade", "--to", CONTRACTED, "--color", "green").failed(
            "v1.2.0"
        )
        data.up().ok()
        script(data, "migrate.py", "upgrade", "--color", "green").ok()
        data.switch("green").ok()
    assert load.lost == []
    assert writer.lost == []
    assert len(writer.written) > 100
    assert {"blue", "green"} == set(load.colors())
    with psycopg.connect(f"postgresql://{ADMIN}/{database_of(data)}") as connection:
        found = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'"
        ).fetchall()
        name = connection.execute(
            "SELECT display_name FROM users WHERE email = 'test@example.com'"
        ).fetchone()
    columns = {column for (column,) in found}
    assert "display_name" in columns
    assert "full_name" not in columns
    assert name == (writer.written[-1],)


@pytest.mark.long
def test_a_backup_is_proven_and_a_corrupted_one_is_found(data: Project, tmp_path: Path) -> None:
    upload(data, "contract.txt")
    taken = answer(script(data, "backup_production_db.py", "before-v1-2-0", "--json"))
    proven = answer(script(data, "verify_backup.py", taken["id"], "--json"))
    assert {check["verdict"] for check in proven["checks"]} == {"good"}
    dump = tmp_path / "backups" / "dumps" / taken["id"] / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 0xFF
    dump.write_bytes(content)
    found = script(data, "verify_backup.py", taken["id"])
    assert found.code == 1
    found.failed("bad: checksum")


@pytest.mark.long
def test_a_restore_to_a_label_gives_the_rows_of_then_and_keeps_what_came_later(
    data: Project,
) -> None:
    first = database_of(data)
    upload(data, "one.txt")
    then = rows(first)
    taken = answer(script(data, "backup_production_db.py", "release", "--json"))
    upload(data, "two.txt")
    in_the_end = rows(first)
    script(data, "restore_production_db.py", taken["id"], "--yes-restore", STACK).ok()
    second = database_of(data)
    assert second != first
    assert rows(second) == then
    assert rows(first) == in_the_end
    upload(data, "after the restore.txt")
    assert len(rows(second)["documents"]) == len(then["documents"]) + 1
    assert visitor.colors(data.url) == visitor.everywhere("blue")
    data.up().ok()
    assert database_of(data) == second


@pytest.mark.long
def test_a_restore_to_a_time_gives_the_rows_of_then_and_a_time_outside_is_refused(
    data: Project,
) -> None:
    first = database_of(data)
    script(data, "backup_production_db.py").ok()
    upload(data, "one.txt")
    then, moment = rows(first), now_of(first)
    upload(data, "two.txt")
    script(data, "restore_production_db.py", "2001-01-01T00:00:00Z", "--yes-restore", STACK).failed(
        "2001-01-01T00:00:00Z is outside what can be restored"
    )
    assert database_of(data) == first
    upload(data, "three.txt")
    script(data, "restore_production_db.py", moment, "--yes-restore", STACK).ok()
    second = database_of(data)
    assert second != first
    assert rows(second) == then
