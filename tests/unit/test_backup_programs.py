"""PostgreSQL's programs: which of several is taken, and what their last words mean."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from ops.backups import programs, streams
from ops.database import require_direct_writer
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with pg_dump of 14, 15 and 17 in Debian's folders, and 16 on PATH."""
    for major in (14, 15, 17):
        make(tmp_path / f"{major}/bin/pg_dump", f"pg_dump (PostgreSQL) {major}.3 (Debian)")
    make(tmp_path / "path/pg_dump", "pg_dump (PostgreSQL) 16beta1")
    monkeypatch.setattr(programs, "PACKAGES", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.environ['PATH']}")
    return tmp_path


def make(path: Path, prints: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(("server", "taken"), [(13, 14), (15, 15), (16, 16), (17, 17)])
@pytest.mark.usefixtures("installed")
def test_the_oldest_program_that_knows_the_server_is_taken(server: int, taken: int) -> None:
    assert programs.find("pg_dump", server).major == taken


@pytest.mark.usefixtures("installed")
def test_a_program_older_than_the_server_is_never_taken() -> None:
    with pytest.raises(UsageError, match=r"18 or newer is needed .* is 17.*postgresql-client-18"):
        programs.find("pg_dump", 18)


@pytest.mark.usefixtures("installed")
def test_where_the_very_version_is_needed_a_newer_one_does_not_do() -> None:
    assert programs.find("pg_dump", 15, exact=True).major == 15
    with pytest.raises(UsageError, match="is needed on this machine"):
        programs.find("pg_dump", 13, exact=True)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("FATAL:  terminating connection due to administrator command", CouldNotFindOut),
        ("server closed the connection unexpectedly", CouldNotFindOut),
        ("ERROR:  could not extend file: No space left on device", Refused),
        ("ERROR:  permission denied for table users", UsageError),
        ("ERROR:  relation connections does not exist", Refused),
    ],
)
def test_the_last_words_of_a_program_decide_which_error_it_is(
    said: str, error: type[OpsError]
) -> None:
    script = ["sh", "-c", 'echo "$0" >&2; exit 1', said]
    with programs.running(script, os.environ) as running, pytest.raises(error, match="sh failed"):
        running.finish(Refused)


def test_a_program_that_stops_reading_is_heard_and_the_rest_is_still_read() -> None:
    data, digest = bytes(1 << 22), streams.Digest()
    source = SimpleNamespace(left=data)

    def read(size: int) -> bytes:
        chunk, source.left = source.left[:size], source.left[size:]
        return cast("bytes", chunk)

    source.read = read
    whole = streams.Digest()
    whole.write(data)
    with programs.running(["sh", "-c", "echo no >&2; exit 1"], os.environ, feed=True) as running:
        count = streams.pump(cast("Any", source), [digest, running.input])
        with pytest.raises(Refused, match="no"):
            running.finish(Refused)
    assert (count, digest.text) == (len(data), whole.text)


def test_a_program_is_gone_when_its_block_ends_early() -> None:
    with programs.running(["sleep", "600"], os.environ) as running:
        process = running.process
    assert process.poll() is not None


@pytest.mark.parametrize(
    ("count", "told"), [(512, "512 bytes"), (1500, "1.5 kB"), (2 * 10**6, "2 MB"), (10**9, "1 GB")]
)
def test_sizes_are_told_as_people_read_them(count: int, told: str) -> None:
    assert streams.size(count) == told


class Session:
    """A connection whose server says `pid`, and whether it is a standby."""

    def __init__(self, pid: int, *, standby: bool) -> None:
        self.info = SimpleNamespace(backend_pid=7, host="db", port=6432)
        self.answers = {"SELECT pg_backend_pid()": pid, "SELECT pg_is_in_recovery()": standby}

    def execute(self, query: str, _parameters: object) -> SimpleNamespace:
        return SimpleNamespace(fetchone=lambda: (self.answers[query],))


@pytest.mark.parametrize(
    ("pid", "standby", "told"), [(8, False, "connection pooler"), (7, True, "is a standby")]
)
def test_a_pooler_and_a_standby_are_no_place_to_work_on(pid: int, standby: bool, told: str) -> None:
    """A pooler answers with the number of a session that is not the one we were given."""
    session = cast("psycopg.Connection", Session(pid, standby=standby))
    with pytest.raises(UsageError, match=told):
        require_direct_writer(session)
    require_direct_writer(cast("psycopg.Connection", Session(7, standby=False)))
