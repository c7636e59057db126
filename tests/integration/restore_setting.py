"""A small stack to restore: real PostgreSQL and Redis, a configuration and a journal in files."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import psycopg

from ops.backups import postgres
from ops.backups.opening import open_store
from ops.errors import OpsError
from ops.journal import TakenOver
from ops.maintenance import SharedRedis
from ops.operations import DatabaseFacts
from ops.restore import procedure
from ops.restore.journal import Entry
from ops.restore.on_postgres import OnPostgres
from ops.restore.place import renamed
from ops.restore.tools import Tools
from tests.waiting import until


@dataclass
class FileStack:
    """`ops.stack.Stack`, with `pulumi up` as a copy of one file to another."""

    folder: Path

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        return found

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        found = self.config()
        for key, value in {**values, **(secrets or {})}.items():
            if key.startswith("database."):
                found["legal-ai:database"][key.removeprefix("database.")] = value
            else:
                found[f"legal-ai:{key}"] = value
        _write(self.folder / "config.json", found)

    def up(self, show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        _write(self.folder / "deployed.json", self.config())
        show("up")

    @property
    def deployed(self) -> str:
        """The URL that the application has."""
        found = json.loads((self.folder / "deployed.json").read_text())
        return str(found["legal-ai:database"]["url"])


@dataclass
class FileJournal:
    """`ops.restore.journal.Journal` in a file, with the same check of what was read."""

    path: Path
    _seen: int = 0

    def read(self) -> Entry | None:
        found = self._load()
        self._seen = found["version"]
        return Entry.model_validate(found["open"]) if found["open"] else None

    def history(self) -> list[Entry]:
        return [Entry.model_validate(each) for each in self._load()["history"]]

    def write(self, entry: Entry) -> None:
        self._put(entry, self._load()["history"])

    def close(self, entry: Entry) -> None:
        self._put(None, [*self._load()["history"], entry.model_dump(mode="json")])

    def _load(self) -> dict[str, Any]:
        if not self.path.exists():
            return {"version": 0, "open": None, "history": []}
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found

    def _put(self, entry: Entry | None, history: list[Any]) -> None:
        if self._load()["version"] != self._seen:
            raise TakenOver("another run has written the journal")
        self._seen += 1
        is_open = entry and entry.model_dump(mode="json")
        _write(self.path, {"version": self._seen, "open": is_open, "history": history})


@dataclass
class Setting:
    """What a test has, kept in a file so that a command can be started for it."""

    folder: str
    app_url: str
    admin_url: str
    redis_url: str
    archive: str = ""

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(**json.loads((folder / "setting.json").read_text()))

    def save(self) -> Self:
        folder = Path(self.folder)
        config = {"legal-ai:serial": 3, "legal-ai:database": {"url": self.app_url}}
        _write(folder / "config.json", config)
        _write(folder / "deployed.json", config)
        _write(folder / "setting.json", asdict(self))
        return self

    @property
    def stack(self) -> FileStack:
        return FileStack(Path(self.folder))

    @property
    def journal(self) -> FileJournal:
        return FileJournal(Path(self.folder) / "journal.json")

    @property
    def store(self) -> str:
        return str(Path(self.folder) / "store")

    @property
    def redis(self) -> SharedRedis:
        return SharedRedis(self.redis_url)

    def engine(self) -> postgres.PostgresEngine:
        """As `ops.restore.connecting` makes it: outside of the database that is to be closed."""
        database = psycopg.conninfo.conninfo_to_dict(_libpq(self.stack.deployed))["dbname"]
        return postgres.at(
            renamed(self.admin_url, "postgres"),
            self.store,
            database=str(database),
            archive=self.archive,
        )

    def place(self) -> OnPostgres:
        facts = DatabaseFacts(
            kind="external", engine="postgres", url=self.stack.deployed, admin_url=self.admin_url
        )
        return OnPostgres(self.stack, facts, self.engine())

    def tools(self, **other: Any) -> Tools:
        """The tools of a restore, some of them others."""
        usual: dict[str, Any] = {
            "stack": Path(self.folder).name,
            "engine": self.engine(),
            "place": self.place(),
            "journal": self.journal,
            "redis": self.redis,
            "store": open_store(self.store),
            "pending": list,
            "unready": list,
            "tags": {"legal-ai:stack": "test"},
            "confirm": lambda _: True,
            "say": lambda _: None,
            "by": "somebody@here",
            "leave_seconds": 20.0,
        }
        return Tools(**(usual | other))

    def run(self, *args: str, failpoint: str = "") -> tuple[int, str]:
        """Run the command in a process of its own: exit code (-9: killed) and what it said."""
        said = Path(self.folder) / "said"
        process = _processes().Process(target=_command, args=(self.folder, args, failpoint, said))
        process.start()
        process.join(120)
        assert process.exitcode is not None, said.read_text()
        return process.exitcode, said.read_text()

    def rows(self, database: str) -> dict[int, tuple[Any, ...]]:
        """Every row of the table, by its id."""
        with psycopg.connect(_libpq(renamed(self.admin_url, database))) as connection:
            return {row[0]: row for row in connection.execute("SELECT * FROM papers")}

    def listed(self, entry: Entry) -> list[dict[str, Any]]:
        """The lines of what is later, the heading apart."""
        path = Path(entry.later)
        with gzip.open(path, "rt") as file:
            return [json.loads(line) for line in file][1:]


@dataclass
class App:
    """The application under load: writes unless maintenance is on, keeps its session, moves on.

    `acknowledged` are the ids that the database said it has.
    """

    setting: Setting
    acknowledged: set[int] = field(default_factory=set)
    refused: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread
        self._thread.join()

    def wait_for(self, more: int) -> None:
        """Return once it has written so many rows more."""
        assert self._thread
        goal = len(self.acknowledged) + more
        until(
            lambda: len(self.acknowledged) >= goal,
            f"{more} rows more",
            alive=self._thread.is_alive,
        )

    def _run(self) -> None:
        connection, url = None, ""
        while not self._stop.wait(0.002):
            now = self.setting.stack.deployed
            try:
                if connection is None or connection.closed or now != url:
                    if connection is not None:
                        connection.close()
                    connection, url = psycopg.connect(_libpq(now), autocommit=True), now
                # It never looks at the maintenance key: the fence alone must hold it.
                row = connection.execute(
                    "INSERT INTO papers (owner, body) VALUES ('load', 'x') RETURNING id"
                ).fetchone()
                assert row
                self.acknowledged.add(row[0])
            except psycopg.Error:
                self.refused += 1
        if connection is not None:
            connection.close()


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _write(path: Path, data: Any) -> None:
    """Whole or not at all: readers are other threads and processes."""
    fresh = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    fresh.write_text(json.dumps(data))
    fresh.rename(path)


@cache
def _processes() -> Any:
    """Processes forked from one that has everything imported: that takes longer than a restore."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([__name__])
    return found


def _command(folder: str, args: tuple[str, ...], failpoint: str, said: Path) -> None:
    os.environ["FAILPOINT"] = failpoint
    with said.open("w", buffering=1) as output:

        def say(line: str) -> None:
            output.write(f"{line}\n")

        tools = Setting.load(Path(folder)).tools(say=say)
        try:
            if args[0] == "abort":
                procedure.abort(tools)
            else:
                procedure.run(tools, args[1])
        except OpsError as error:
            say(f"{type(error).__name__}: {error}")
            sys.exit(error.exit_code)
