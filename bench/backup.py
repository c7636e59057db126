"""A backup and its proof beside plain pg_dump and pg_restore, in one run, on the same rows.

Prints a table and writes `bench/results/backup.json`. Machines are noisy: the ratios are what to
compare. The server is one of the bench's own, without fsync, unless a URL is given.

    make bench-backup   # or: python -m bench.backup --megabytes 1000 --rounds 3
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from ops.backups import programs, streams
from ops.database import Address, administer, one
from tests.integration.postgres import private_server

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results" / "backup.json"
SMALL: Final = 100
"""Megabytes; what memory is compared with, to see that it does not grow."""
GOAL: Final = 1.10
"""Our time without the checks, at most this many times the plain programs'."""
SAMPLE_SECONDS: Final = 0.05
ROW_BYTES: Final = 1100
"""What a row of `documents` takes, about, with its part of the indexes."""
SCHEMA: Final = """
    CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, created_at timestamptz);
    CREATE TABLE documents (
        id int PRIMARY KEY,
        owner int NOT NULL REFERENCES users,
        body text NOT NULL CHECK (body <> ''),
        created_at timestamptz NOT NULL
    );
    CREATE INDEX documents_by_owner ON documents (owner, created_at);
    INSERT INTO users SELECT n, 'user' || n || '@example.com', now() FROM generate_series(1, 1000) n
"""
ROWS: Final = """
    INSERT INTO documents
    SELECT n, 1 + n %% 1000, string_agg(md5(n::text || m), ' '), now() - n * interval '1 second'
    FROM generate_series(1, %s) n, generate_series(1, 30) m GROUP BY n
"""

console = Console()


@dataclass(frozen=True)
class Run:
    """One command: seconds of wall clock, and the most memory that its processes had together."""

    seconds: float
    peak_mb: float
    output: str


@dataclass(frozen=True)
class Round:
    """The four commands once. `restore` is the part of `verify` that pg_restore does alone."""

    plain_dump: Run
    dump: Run
    plain_restore: Run
    verify: Run
    restore: float


app = typer.Typer(add_completion=False)


@app.command()
def main(
    megabytes: Annotated[int, typer.Option(min=1, help="Of generated rows.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Rounds of each size.")] = 3,
    database_url_env: Annotated[
        str | None, typer.Option(help="Variable with a server's URL; default: one of our own.")
    ] = None,
) -> None:
    """Measure backup and proof; databases and files of the bench are gone afterwards."""
    with server(database_url_env) as admin:
        figures: dict[str, Any] = {
            **machine.facts(),
            "postgres": version(admin),
            "rounds": rounds,
            "goal": GOAL,
        }
        for size in sorted({min(SMALL, megabytes), megabytes}):
            figures[f"{size}_mb"] = measure(admin, size, rounds)
    show(figures, [key for key in figures if key.endswith("_mb")])
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")


def measure(admin: Address, megabytes: int, rounds: int) -> dict[str, Any]:
    """Medians over the rounds, for a database of that size."""
    with filled(admin, megabytes) as (address, size):
        console.print(f"{streams.size(size)} of rows")
        measured = [one_round(address, number) for number in range(rounds)]
    return summarize(measured) | {"database_bytes": size}


def one_round(address: Address, number: int) -> Round:
    """Each command once, plain first in even rounds and ours first in odd ones."""
    console.print(f"round {number + 1}")
    with tempfile.TemporaryDirectory(prefix="legal-ai-bench-") as folder:
        plain, store = Path(folder) / "plain.dump", Path(folder) / "store"
        plain_dump, dump = in_turn(
            number,
            lambda: pg_dump(address, plain),
            lambda: script("backup_production_db", address, store),
        )
        plain_restore, verify = in_turn(
            number,
            lambda: pg_restore(address, plain),
            lambda: script("verify_backup", address, store, "latest"),
        )
    return Round(
        plain_dump, dump, plain_restore, verify, json.loads(verify.output)["restoreSeconds"]
    )


def in_turn(number: int, plain: Callable[[], Run], ours: Callable[[], Run]) -> tuple[Run, Run]:
    """Both, the first of them first in even rounds: what runs second finds caches warm."""
    if number % 2 == 0:
        first = plain()
        return first, ours()
    second = ours()
    return plain(), second


def pg_dump(address: Address, file: Path) -> Run:
    """What a person would type."""
    program = programs.find("pg_dump", version_number(address) // 10000).path
    return run([program, "--format=custom", f"--file={file}"], address.environment())


def pg_restore(address: Address, file: Path) -> Run:
    """The same, into a database that was made before."""
    program = programs.find("pg_restore", version_number(address) // 10000).path
    with empty(address) as target:
        arguments = ("--exit-on-error", f"--dbname={target.database}", file)
        return run([program, *arguments], target.environment())


def script(name: str, address: Address, store: Path, *arguments: str) -> Run:
    """One of our commands, as people run it."""
    where = ["--database-url-env", "BENCH_URL", "--store", store, "--json"]
    command = [sys.executable, ROOT / "scripts" / f"{name}.py", *arguments, *where]
    return run(command, os.environ | {"BENCH_URL": address.url})


def run(command: Sequence[object], environment: dict[str, str]) -> Run:
    """Run a command to its end; ends the bench, with its output, if it fails."""
    begin = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watcher = Watcher(process.pid)
        watcher.start()
        out, err = process.communicate()
        seconds = time.monotonic() - begin
        watcher.join()
    if process.returncode:
        console.print(err, markup=False)
        raise typer.Exit(1)
    return Run(seconds, watcher.peak / 1e6, out)


class Watcher(threading.Thread):
    """Samples the resident memory of a process and of all below it, until it has ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0

    def run(self) -> None:
        """Look again and again."""
        while memory := tree_bytes(self.pid):
            self.peak = max(self.peak, memory)
            time.sleep(SAMPLE_SECONDS)


def tree_bytes(root: int) -> int:
    """Resident bytes of a process and its descendants; 0 once it has ended."""
    page = os.sysconf("SC_PAGE_SIZE")
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
        sizes[int(path.parent.name)] = int(fields[21]) * page
    wanted, total = [root], 0
    while wanted:
        pid = wanted.pop()
        total += sizes.get(pid, 0)
        wanted += [child for child, parent in parents.items() if parent == pid]
    return total


@contextmanager
def server(variable: str | None) -> Iterator[Address]:
    """The administrator's address of the server that is given, or of one of our own."""
    if variable is not None:
        yield Address.parse(os.environ[variable])
        return
    with private_server({"max_wal_size": "4GB", "shared_buffers": "256MB"}) as ours:
        yield Address.parse(ours.url())


@contextmanager
def filled(admin: Address, megabytes: int) -> Iterator[tuple[Address, int]]:
    """A database with so many megabytes of rows, and how many bytes it really has."""
    with empty(admin) as address:
        with administer(address) as connection:
            connection.execute(SCHEMA)
            connection.execute(ROWS, [megabytes * 1_000_000 // ROW_BYTES])
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
            size: int = one(connection, "SELECT pg_database_size(current_database())")
        yield address, size


@contextmanager
def empty(admin: Address) -> Iterator[Address]:
    """A new database, dropped at the end."""
    name = f"bench_{uuid.uuid4().hex[:10]}"
    on_server(admin, lambda connection: connection.execute(f"CREATE DATABASE {name}".encode()))
    try:
        yield admin.with_database(name)
    finally:
        drop = f"DROP DATABASE {name} WITH (FORCE)".encode()
        on_server(admin, lambda connection: connection.execute(drop))


def on_server(admin: Address, act: Callable[[psycopg.Connection], object]) -> None:
    """Do something that can't be done from within the database that it is about."""
    with administer(admin.with_database("postgres")) as connection:
        act(connection)


def version(address: Address) -> str:
    """What the server says of itself."""
    with administer(address) as connection:
        return str(one(connection, "SHOW server_version"))


def version_number(address: Address) -> int:
    """The same as a number, 150004 for 15.4."""
    with administer(address) as connection:
        return int(one(connection, "SHOW server_version_num"))


def summarize(rounds: list[Round]) -> dict[str, Any]:
    """Medians, and of ratios the median of each round's own."""

    def median(of: Callable[[Round], float]) -> float:
        return round(statistics.median(of(each) for each in rounds), 2)

    return {
        "pg_dump_seconds": median(lambda r: r.plain_dump.seconds),
        "backup_seconds": median(lambda r: r.dump.seconds),
        "backup_to_pg_dump_ratio": median(lambda r: r.dump.seconds / r.plain_dump.seconds),
        "pg_restore_seconds": median(lambda r: r.plain_restore.seconds),
        "restore_seconds": median(lambda r: r.restore),
        "restore_to_pg_restore_ratio": median(lambda r: r.restore / r.plain_restore.seconds),
        "verify_seconds": median(lambda r: r.verify.seconds),
        "pg_dump_peak_mb": median(lambda r: r.plain_dump.peak_mb),
        "backup_peak_mb": median(lambda r: r.dump.peak_mb),
        "pg_restore_peak_mb": median(lambda r: r.plain_restore.peak_mb),
        "verify_peak_mb": median(lambda r: r.verify.peak_mb),
    }


def show(figures: dict[str, Any], sizes: list[str]) -> None:
    """The figures as a table."""
    table = Table(title=f"backup and proof, PostgreSQL {figures['postgres']}")
    for heading in ("", *(size.replace("_", " ").upper() for size in sizes)):
        table.add_column(heading, justify="right" if heading else "left")
    for key in figures[sizes[0]]:
        table.add_row(key.replace("_", " "), *(f"{figures[size][key]:,}" for size in sizes))
    console.print(table)
    console.print(f"goal: both ratios at most {GOAL}; memory the same for every size")


if __name__ == "__main__":
    app()
