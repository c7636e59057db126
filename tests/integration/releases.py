"""The sample app's backend in each release: its migrations as a pod runs them, and its API."""

import json
import multiprocessing
import os
import runpy
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from starlette.testclient import TestClient

from sample_app.backend.bake import bake
from sample_app.backend.legal_ai.app import make_app
from sample_app.backend.legal_ai.drain import Drain
from sample_app.backend.legal_ai.faults import FaultSwitch, parse
from sample_app.backend.legal_ai.release import read_release
from sample_app.backend.legal_ai.settings import Settings
from tests.integration.postgres import PrivateServer

BACKEND: Final = Path(__file__).parents[2] / "sample_app" / "backend"
VERSIONS: Final = tuple(json.loads((BACKEND / "releases.json").read_text()))
PASSWORD: Final = "testpass"
SECONDS: Final = 60
NOBODY: Final = "redis://127.0.0.1:1/0"
"""No Redis: the application goes on without a cache."""
FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["alembic.command", "alembic.autogenerate", __name__])


@dataclass(frozen=True)
class Ran:
    """How a command ended, what it printed, and the termination message it left."""

    code: int
    out: str
    err: str
    message: dict[str, Any]

    def ok(self) -> Self:
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self

    def refused(self, *words: str) -> Self:
        assert self.code == 3, f"exit code {self.code}\n{self.out}\n{self.err}"
        for word in words:
            assert word in self.err, f"{word!r} is not in\n{self.err}"
        return self


class Running:
    """The command in a process of its own, forked from one that has imported the libraries."""

    def __init__(self, tree: Path, args: tuple[str, ...], env: Mapping[str, str]) -> None:
        name = tree / f"run-{os.urandom(4).hex()}"
        self._out, self._err = name.with_suffix(".out"), name.with_suffix(".err")
        outputs = (str(self._out), str(self._err))
        self._process = FORKS.Process(target=_child, args=(str(tree), args, dict(env), outputs))
        self._process.start()

    @property
    def code(self) -> int | None:
        return self._process.exitcode

    @property
    def out(self) -> str:
        return self._out.read_text() if self._out.exists() else ""

    @property
    def err(self) -> str:
        return self._err.read_text() if self._err.exists() else ""

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        self._process.join(SECONDS)
        assert self.code is not None, f"it does not end\n{self.err}"
        return self.code


def _child(tree: str, args: tuple[str, ...], env: dict[str, str], outputs: tuple[str, str]) -> None:
    """Be `python3 -m legal_ai.migrate` in the image."""
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(tree)
    sys.path.insert(0, tree)
    sys.argv = ["migrate", *args]
    runpy.run_module("legal_ai.migrate", run_name="__main__")


@dataclass(frozen=True)
class Image:
    """One release, laid out as in its image."""

    version: str
    tree: Path

    def environment(self, url: str, **more: str) -> dict[str, str]:
        ours = {"DATABASE_URL": url, "SMOKE_PASSWORD": PASSWORD, "MIGRATE_WAIT_SECONDS": "5"}
        return os.environ | ours | more

    def start(self, url: str, *args: str, **env: str) -> Running:
        return Running(self.tree, args, self.environment(url, **env))

    def run(self, url: str, *args: str, **env: str) -> Ran:
        log = self.tree / f"termination-{os.urandom(4).hex()}"
        running = self.start(url, *args, TERMINATION_LOG=str(log), **env)
        code = running.wait()
        message = json.loads(log.read_text()) if log.exists() else {}
        return Ran(code, running.out, running.err, message)

    @contextmanager
    def client(self, url: str) -> Iterator["Client"]:
        """The release's API on the database, logged in as the smoke user."""
        settings = Settings("blue", url, NOBODY, "a-secret-of-32-bytes-or-more-here", pool_size=1)
        app = make_app(settings, read_release(self.tree), FaultSwitch(parse("")), Drain(1.0))
        with TestClient(app) as http:
            yield Client(http)


@dataclass(frozen=True)
class Client:
    """What a user of the API does with a name."""

    http: TestClient

    def __post_init__(self) -> None:
        login = {"username": "test@example.com", "password": PASSWORD}
        token = self.http.post("/api/auth/login", json=login).json()["access_token"]
        self.http.headers["authorization"] = f"Bearer {token}"

    def write(self, name: str) -> None:
        response = self.http.put("/api/profile", json={"full_name": name})
        assert response.json()["full_name"] == name, response.text

    def read(self) -> str:
        found = self.http.get("/api/users/me").json()["full_name"]
        assert self.http.get("/api/profile").json()["full_name"] == found
        return str(found)


def bake_all(folder: Path) -> dict[str, Image]:
    """Every release of releases.json, by version, below `folder`."""
    images = {}
    for version in VERSIONS:
        tree = folder / version
        tree.mkdir(parents=True)
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(BACKEND / "legal_ai", tree / "legal_ai", ignore=skip)
        for name in ("releases.json", "alembic.ini"):
            shutil.copy(BACKEND / name, tree)
        bake(tree, version)
        images[version] = Image(version, tree)
    return images


@dataclass(frozen=True)
class Templates:
    """Databases with the schema of each release, made once and copied."""

    server: PrivateServer
    images: Mapping[str, Image]
    made: dict[str, str] = field(default_factory=dict)

    def copy(self, version: str, database: str) -> None:
        """Make `database` one with that release's schema, and with nothing else in it."""
        if version not in self.made:
            self.made[version] = self._make(version)
        with self.server.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())
            template = f'CREATE DATABASE "{database}" TEMPLATE "{self.made[version]}"'
            connection.execute(template.encode())

    def _make(self, version: str) -> str:
        name = self.server.new_database()
        self.images[version].run(self.server.url(name)).ok()
        self.images[version].run(self.server.url(name), "upgrade", "--allow-contract").ok()
        return name
