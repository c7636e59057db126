"""Any moment of a plain PostgreSQL: a base backup, archived WAL, and a scratch server between."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.backups import local_server, postgres
from ops.backups.manifest import BaseManifest
from ops.backups.point_in_time import PointInTime
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.failpoint import VARIABLE
from ops.times import rfc3339
from tests.integration.backups import ROOT, Place, clock, fill, rows
from tests.integration.postgres import PrivateServer, private_server


def quiet(_line: str) -> None:
    pass


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Scratch servers of this test alone; a short name, for their sockets."""
    folder = Path(tempfile.mkdtemp(prefix="pit-"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def archiving() -> Iterator[PrivateServer]:
    """A server that archives its WAL."""
    with private_server(archiving=True) as server:
        yield server


@pytest.fixture(scope="module")
def store(archiving: PrivateServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one base backup of it."""
    made = tmp_path_factory.mktemp("store")
    postgres.at(archiving.url(), str(made), archive=str(archiving.archive)).take(None, {}, quiet)
    return made


@pytest.fixture
def place(archiving: PrivateServer, store: Path) -> Iterator[Place]:
    """A database of the test's own, made after the base backup."""
    database = archiving.new_database()
    with archiving.connect(database) as connection:
        fill(connection)
    yield Place(archiving, database, store, archiving.archive)
    with archiving.connect() as connection:
        for name in (database, f"{database}_then"):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """The same on a server of the test's own, which may be stopped."""
    with private_server(archiving=True) as server:
        made = Place(server, server.new_database(), tmp_path / "store", server.archive)
        with made.connect() as connection:
            fill(connection)
        made.engine.take(None, {}, quiet)
        yield made


def past(place: Place) -> PointInTime:
    found = place.engine.past
    assert found is not None
    return found


def base(place: Place) -> BaseManifest:
    """The only base backup there is."""
    (entry,) = past(place).bases.entries()
    assert entry.manifest is not None
    return entry.manifest


def now(place: Place) -> datetime:
    with place.connect() as connection:
        return clock(connection)


def change(place: Place, statement: str = "DELETE FROM documents WHERE id % 2 = 0") -> None:
    with place.connect() as connection:
        connection.execute(statement.encode())


def content(place: Place, database: str | None = None) -> list[list[tuple[Any, ...]]]:
    with place.connect(database) as connection:
        return rows(connection)


def left_on_this_machine() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{local_server.PREFIX}*"))


def test_a_moment_is_restored_row_for_row(place: Place) -> None:
    change(place, "INSERT INTO users (email) VALUES ('late@example.com')")
    then, moment = content(place), now(place)
    change(place)
    target = f"{place.database}_then"
    place.engine.restore(moment, target, quiet)
    assert content(place, target) == then
    assert content(place) != then
    assert place.scratches() == []
    assert left_on_this_machine() == []


def test_the_window_goes_from_the_base_backup_to_now(place: Place) -> None:
    before = now(place)
    window = place.engine.window()
    assert window is not None
    assert before <= window.latest <= now(place)
    assert window.earliest == base(place).ended_at


@pytest.mark.parametrize("offset", [timedelta(days=-1), timedelta(days=1)])
def test_a_moment_outside_the_window_is_refused_with_the_window(
    place: Place, offset: timedelta
) -> None:
    moment = datetime.now(UTC) + offset
    with pytest.raises(UsageError) as raised:
        place.engine.restore(moment, f"{place.database}_then", quiet)
    assert rfc3339(moment) in str(raised.value)
    assert "the window is 2" in str(raised.value)


def test_without_an_archive_there_is_no_window_and_a_moment_is_refused(place: Place) -> None:
    engine = replace(place.engine, past=None)
    assert engine.window() is None
    with pytest.raises(UsageError, match=r"backups\.archive is not set"):
        engine.restore(datetime.now(UTC), f"{place.database}_then", quiet)


def test_a_missing_segment_is_named_and_nothing_is_half_done(place: Place) -> None:
    change(place)
    assert place.engine.window() is not None  # archives what is there
    moment = now(place)
    change(place)
    window = place.engine.window()
    names = [name for name in past(place).wal.names() if name > base(place).start_segment]
    missing = place.server.archive / names[0]
    aside = missing.rename(place.server.root / "aside")
    try:
        assert place.engine.window() is None
        with pytest.raises(Refused, match=f"{missing.name} is missing"):
            place.engine.restore(moment, f"{place.database}_then", quiet)
    finally:
        aside.rename(missing)
    assert place.scratches() == []
    assert window is not None
    assert moment in window
    place.engine.restore(moment, f"{place.database}_then", quiet)


@pytest.mark.long
def test_a_damaged_segment_ends_in_an_error_and_nothing_is_half_done(own: Place) -> None:
    moment = now(own)
    change(own)
    assert own.engine.window() is not None
    newest = own.server.archive / past(own).wal.names()[-1]
    newest.write_bytes(bytes(newest.stat().st_size))
    with pytest.raises(Refused, match="does not reach"):
        own.engine.restore(moment, f"{own.database}_then", quiet)
    assert own.scratches() == []
    assert left_on_this_machine() == []


@pytest.mark.long
def test_a_damaged_base_backup_is_refused(own: Place) -> None:
    moment = now(own)
    (path,) = own.store.glob("bases/*/base.tar.gz")
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refused):
        own.engine.restore(moment, f"{own.database}_then", quiet)
    assert left_on_this_machine() == []


@pytest.mark.long
def test_of_a_server_that_is_lost_all_that_it_archived_is_restored(own: Place) -> None:
    then = content(own)
    assert own.engine.window() is not None  # archives what is there
    change(own)  # and this is lost with the server, unless it was archived
    own.server.stop("immediate")
    with private_server() as other:
        admin = replace(own.engine.admin, port=other.port, database="postgres")
        engine = replace(own.engine, admin=admin, past=replace(past(own), admin=admin))
        window = engine.window()
        assert window is not None
        engine.restore(window.latest, "saved", quiet)
        with other.connect("saved") as connection:
            assert rows(connection) == then


@pytest.mark.long
def test_what_a_killed_restore_left_on_this_machine_goes_with_the_next_one(place: Place) -> None:
    moment, target = now(place), f"{place.database}_then"
    then = content(place)
    change(place)
    code = (
        "import sys; from datetime import datetime; from ops.backups import postgres;"
        "postgres.at(sys.argv[1], sys.argv[2], archive=sys.argv[3])"
        ".restore(datetime.fromisoformat(sys.argv[4]), sys.argv[5], print)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, place.url, place.store, place.server.archive,
         moment.isoformat(), target],
        cwd=ROOT, env=os.environ | {VARIABLE: "verify.scratch_made"}, check=False,
    )  # fmt: skip
    assert done.returncode == -9
    (left,) = left_on_this_machine()
    (server,) = local_server.processes(left)
    assert len(place.scratches()) == 1
    place.engine.restore(moment, target, quiet)
    assert content(place, target) == then
    assert left_on_this_machine() == []
    assert not Path(f"/proc/{server}").exists()
    assert place.scratches() == []


def test_the_scratch_server_archives_nothing(place: Place) -> None:
    moment = now(place)
    change(place)
    place.engine.restore(moment, f"{place.database}_then", quiet)
    assert {name[:8] for name in past(place).wal.names()} == {"00000001"}


@pytest.mark.long
def test_a_base_backup_is_taken_when_the_last_one_is_a_day_old_and_no_sooner(
    own: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.engine.take(None, {}, quiet)
    assert len(past(own).bases.entries()) == 1
    monkeypatch.setattr("ops.backups.point_in_time.BASE_EVERY", timedelta(0))
    own.engine.take(None, {}, quiet)
    assert len(past(own).bases.entries()) == 2


@pytest.mark.long
def test_wal_from_before_the_first_base_backup_goes(own: Place) -> None:
    old = own.server.archive / "000000010000000000000000"
    old.write_bytes(b"")
    own.engine.take(None, {}, quiet)
    assert not old.exists()


@pytest.mark.long
def test_old_bases_go_with_the_wal_that_only_they_needed(
    own: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.backups.point_in_time.BASE_EVERY", timedelta(0))
    engine = replace(own.engine, keep=timedelta(0))
    for _ in range(3):
        change(own, "INSERT INTO documents (owner, body) VALUES (1, 'more')")
        engine.take(None, {}, quiet)
    assert min(past(own).wal.names()) >= base(own).start_segment
    moment, then = now(own), content(own)
    engine.restore(moment, "then", quiet)
    assert content(own, "then") == then


@pytest.mark.long
def test_a_base_backup_killed_before_its_manifest_goes_with_the_next_run(own: Place) -> None:
    shutil.rmtree(own.store / "bases")
    done = own.script("backup_production_db", **{VARIABLE: "backup.base_uploaded"})
    assert done.returncode == -9
    assert past(own).bases.entries() == []
    assert len(own.engine.backups()) == 2
    own.back_up()
    assert len(past(own).bases.entries()) == 1
    assert len(list((own.store / "bases").iterdir())) == 1


@pytest.mark.long
def test_a_role_that_may_not_replicate_gets_its_dump_and_an_error(own: Place) -> None:
    shutil.rmtree(own.store / "bases")
    own.role = own.server.new_role()
    with own.connect() as connection:
        connection.execute(
            f"GRANT pg_read_all_data, pg_monitor TO {own.role};"
            f"GRANT EXECUTE ON FUNCTION pg_switch_wal TO {own.role}".encode()
        )
    done = own.script("backup_production_db", "--json")
    assert done.returncode == 2
    assert "is complete, but point in time is not" in done.stderr
    assert "pg_basebackup failed" in done.stderr
    assert len(own.engine.backups()) == 2
    assert past(own).bases.entries() == []


def test_wal_that_arrives_somewhere_else_is_noticed_with_the_backup(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.backups.point_in_time.ARCHIVE_SECONDS", 0.5)
    (tmp_path / "elsewhere").mkdir()
    engine = replace(place, archive=tmp_path / "elsewhere").engine
    with pytest.raises(CouldNotFindOut, match="mean the same place"):
        engine.take(None, {}, quiet)


def test_a_moment_before_the_database_had_its_name_says_what_there_was(place: Place) -> None:
    moment = now(place)
    change(place)
    later = replace(place.engine, database=f"{place.database}_g2")
    with pytest.raises(UsageError, match=rf"no database {place.database}_g2 .*{place.database}"):
        later.restore(moment, f"{place.database}_then", quiet)
    assert left_on_this_machine() == []


def test_a_server_that_archives_nothing_is_told_so(
    server: PrivateServer, database: str, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    place = Place(server, database, tmp_path / "store", tmp_path / "archive")
    done = place.script("backup_production_db")
    assert done.returncode == 1
    assert "archive_mode = off" in done.stderr
