"""Dumps of a real PostgreSQL: what is in them, how they are restored, what they refuse."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from ops.backups import scratch
from ops.backups.model import TAG_RESTORE
from ops.database import Address
from ops.errors import Refused, UsageError
from tests.integration.backups import Place, end, fill, rows
from tests.integration.postgres import PASSWORD, PrivateServer, private_server
from tests.waiting import until


def quiet(_line: str) -> None:
    pass


@pytest.fixture
def place(server: PrivateServer, database: str, tmp_path: Path) -> Place:
    with server.connect(database) as connection:
        fill(connection)
    return Place(server, database, tmp_path / "store")


@pytest.fixture
def target(server: PrivateServer, database: str) -> Iterator[str]:
    """The name of a database to restore into; it is dropped afterwards."""
    name = f"{database}_restored"
    yield name
    with server.connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def test_the_script_says_what_it_took(place: Place) -> None:
    taken = place.back_up("before-v1-2-0")
    assert taken["id"].endswith("Z-before-v1-2-0")
    assert taken["tags"] == {
        "legal-ai:label": "before-v1-2-0",
        "legal-ai:revision": "b83e6d5120fa",
        "legal-ai:level": "3",
    }
    (backup,) = place.engine.backups()
    assert backup.id == taken["id"]
    assert backup.rows == {
        "public.alembic_version": 1,
        "public.documents": 500,
        "public.schema_level": 1,
        "public.users": 50,
    }
    assert place.files() == {
        f"dumps/{backup.id}/database.dump",
        f"dumps/{backup.id}/manifest.json",
    }


def test_counts_and_dump_are_of_one_moment_while_others_write(place: Place, target: str) -> None:
    go_on = threading.Event()

    def write() -> None:
        with place.connect() as connection:
            while not go_on.is_set():
                connection.execute("INSERT INTO documents (owner, body) VALUES (1, 'new')")

    with place.connect() as blocker:
        # pg_dump and the count wait for this table, with their snapshot taken, while rows come in.
        blocker.autocommit = False
        blocker.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        writer, taken = threading.Thread(target=write), []
        taker = threading.Thread(target=lambda: taken.append(place.engine.take(None, {}, quiet)))
        writer.start()
        taker.start()
        blocker.commit()
        taker.join()
        go_on.set()
        writer.join()
    (backup,) = taken
    place.engine.restore(backup, target, quiet)
    with place.connect(target) as connection:
        found = connection.execute("SELECT count(*) FROM documents").fetchone()
    assert found is not None
    assert backup.rows is not None
    assert backup.rows["public.documents"] == found[0]


def test_a_restore_has_every_row_as_it_was(place: Place, target: str) -> None:
    with place.connect() as connection:
        then = rows(connection)
    backup = place.engine.take(None, {}, quiet)
    with place.connect() as connection:
        connection.execute("DELETE FROM documents; UPDATE users SET email = 'x@' || id")
    url = place.engine.restore(backup, target, quiet)
    assert Address.parse(url).database == target
    with place.connect(target) as connection:
        assert rows(connection) == then


def test_a_restore_has_the_owner_the_rights_and_the_settings(
    place: Place, server: PrivateServer, target: str
) -> None:
    role = server.new_role()
    with place.connect() as connection:
        connection.execute(
            f"""
            ALTER DATABASE {place.database} OWNER TO {role};
            REVOKE ALL ON DATABASE {place.database} FROM PUBLIC;
            ALTER DATABASE {place.database} SET search_path = app, "Odd one", public;
            ALTER ROLE {role} IN DATABASE {place.database} SET work_mem = '7MB';
            ALTER DATABASE {place.database} SET default_transaction_read_only = on
            """.encode()
        )
    place.engine.restore(place.engine.take(None, {}, quiet), target, quiet)
    with place.connect(target) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('app, "Odd one", public',)
        found = connection.execute(
            "SELECT pg_get_userbyid(datdba), has_database_privilege('public', oid, 'CONNECT') "
            "FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        read_only = connection.execute("SHOW default_transaction_read_only").fetchone()
    assert found == (role, False)
    assert read_only == ("off",)
    with server.connect(target, role) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)


def test_a_second_restore_of_the_same_finds_the_first(place: Place, target: str) -> None:
    backup = place.engine.take(None, {}, quiet)
    url = place.engine.restore(backup, target, quiet)
    with place.connect(target) as connection:
        connection.execute("DELETE FROM documents")
    assert place.engine.restore(backup, target, quiet) == url
    with place.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)


def test_a_database_that_is_no_restore_of_this_backup_stays_as_it_is(
    place: Place, target: str
) -> None:
    first = place.engine.take(None, {}, quiet)
    second = place.engine.take(None, {}, quiet)
    with pytest.raises(Refused, match="not a restore of"):
        place.engine.restore(first, place.database, quiet)
    place.engine.restore(first, target, quiet)
    with pytest.raises(Refused, match=f"restored from {first.id}"):
        place.engine.restore(second, target, quiet)
    with place.connect() as connection:
        assert len(rows(connection)[1]) == 500


@pytest.mark.parametrize("name", ["", "Legal", "legal-ai", "x" * 64, 'a"; DROP'])
def test_a_name_that_is_none_is_refused(place: Place, name: str) -> None:
    with pytest.raises(UsageError, match="can't be a database's name"):
        place.engine.restore(datetime.now(UTC), name, quiet)


def test_a_restored_database_is_there_once_it_is_whole(place: Place, target: str) -> None:
    backup = place.engine.take(None, {}, quiet)
    seen: list[bool] = []

    def look(_line: str) -> None:
        with place.connect() as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            seen.append(connection.execute(query, [target]).fetchone() is not None)

    place.engine.restore(backup, target, look)
    assert seen
    assert not any(seen)
    assert place.scratches() == []


def test_a_restore_that_another_run_is_making_is_refused(place: Place, target: str) -> None:
    backup = place.engine.take(None, {}, quiet)
    with (
        scratch.held(place.engine.admin, scratch.name_for(target)),
        pytest.raises(Refused, match="another run is at work"),
    ):
        place.engine.restore(backup, target, quiet)


@pytest.mark.parametrize("damage", ["flipped byte", "cut short", "gone"])
def test_a_damaged_backup_is_not_restored(place: Place, target: str, damage: str) -> None:
    backup = place.engine.take(None, {}, quiet)
    spoil(place.store / "dumps" / backup.id / "database.dump", damage)
    with pytest.raises(Refused):
        place.engine.restore(backup, target, quiet)
    assert place.scratches() == []
    with place.connect() as connection:
        there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [target])
        assert there.fetchone() is None


def spoil(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    if damage == "flipped byte":
        data[len(data) // 2] ^= 1
    if damage == "cut short":
        del data[len(data) // 2 :]
    path.write_bytes(data)
    if damage == "gone":
        path.unlink()


def test_the_same_label_twice_gives_two_backups(place: Place) -> None:
    first, second = (place.back_up("same")["id"] for _ in range(2))
    assert [backup.id for backup in place.engine.backups()] == [first, second]
    with pytest.raises(UsageError, match=f"{first}, {second}"):
        place.engine.find("same")


def test_backups_may_be_taken_at_the_same_time(place: Place) -> None:
    running = [place.start("backup_production_db", "same", "--json") for _ in range(3)]
    for process in running:
        done = end(process)
        assert done.returncode == 0, done.stderr
    assert len(place.engine.backups()) == 3
    assert len(place.files()) == 6


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(place: Place) -> None:
    done = place.script("backup_production_db", "x", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would dump database {place.database}" in done.stdout
    assert not place.store.exists()


def test_old_backups_go_and_the_newest_one_stays(place: Place) -> None:
    for _ in range(2):
        place.engine.take(None, {}, quiet)
    third = replace(place.engine, keep=timedelta(0)).take(None, {}, quiet)
    assert [backup.id for backup in place.engine.backups()] == [third.id]
    assert {name.split("/")[1] for name in place.files()} == {third.id}


def test_a_backup_that_a_restore_takes_prunes_nothing(place: Place) -> None:
    place.engine.take(None, {}, quiet)
    replace(place.engine, keep=timedelta(0)).take(None, {TAG_RESTORE: "r1"}, quiet)
    assert len(place.engine.backups()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a b"], "can't be a backup's label"),
        (["--stack", "local"], "without --stack"),
        (["--database-url-env", "NOT_SET"], "NOT_SET is not set"),
        (["--store", "ftp://host"], "no place for backups"),
    ],
)
def test_wrong_arguments_end_with_2_and_write_nothing(
    place: Place, arguments: list[str], told: str
) -> None:
    done = place.script("backup_production_db", *arguments)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert place.files() == set()


def test_a_wrong_password_ends_with_2_and_shows_no_password(place: Place) -> None:
    wrong = place.url.replace("not%20secret", "wrong%20one")
    done = place.script("backup_production_db", THE_URL=wrong)
    assert done.returncode == 2
    assert "password authentication failed" in done.stderr
    assert "wrong one" not in done.stderr + done.stdout
    assert PASSWORD not in done.stderr + done.stdout
    assert place.files() == set()


def test_a_server_that_does_not_answer_ends_with_3(place: Place) -> None:
    nowhere = place.url.replace(f":{place.server.port}/", ":1/")
    done = place.script("backup_production_db", THE_URL=nowhere)
    assert done.returncode == 3
    assert "Is the server up" in done.stderr
    assert place.files() == set()


def test_an_unknown_backup_ends_with_2_and_names_what_there_is(place: Place) -> None:
    taken = place.back_up()
    done = place.script("verify_backup", "20200101T000000Z")
    assert done.returncode == 2
    assert taken["id"] in done.stderr


def test_a_program_older_than_the_server_is_refused_with_what_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.backups.programs._candidates", lambda _name: [])
    with pytest.raises(UsageError, match="apt-get install postgresql-client-"):
        place.engine.take(None, {}, quiet)
    assert place.files() == set()


@contextmanager
def dump_that_waits(place: Place) -> Iterator[psycopg.Connection]:
    """A session with a lock that pg_dump waits for."""
    with place.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
        yield blocker


def wait_for_pg_dump(place: Place) -> int:
    """Its backend's pid, once it waits."""
    with place.connect() as connection:

        def waiting() -> list[tuple[int]]:
            return connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' "
                "AND application_name = 'pg_dump'",
                [place.database],
            ).fetchall()

        return until(waiting, "pg_dump waits")[0][0]


def test_a_session_that_is_ended_in_the_middle_leaves_nothing(place: Place) -> None:
    with dump_that_waits(place) as blocker:
        process = place.start("backup_production_db")
        blocker.execute("SELECT pg_terminate_backend(%s)", [wait_for_pg_dump(place)])
        done = end(process)
    assert done.returncode == 3
    assert "pg_dump failed" in done.stderr
    assert place.files() == set()


def test_a_count_that_fails_fails_the_backup(place: Place) -> None:
    with dump_that_waits(place) as blocker:
        process = place.start("backup_production_db")
        wait_for_pg_dump(place)
        blocker.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'legal-ai' AND datname = current_database()"
        )
    done = end(process)
    assert done.returncode == 3
    assert "counting the rows" in done.stderr
    assert place.files() == set()


def test_a_server_that_stops_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with private_server() as server:
        place = Place(server, server.new_database(), tmp_path / "store")
        with place.connect() as connection:
            fill(connection)
        with suppress(psycopg.OperationalError), dump_that_waits(place):
            process = place.start("backup_production_db")
            wait_for_pg_dump(place)
            server.stop("immediate")
        done = end(process)
        assert done.returncode == 3
        assert "run the same command again" in done.stderr
        assert place.files() == set()
        server.start()
        assert place.back_up()["id"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 12 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system of its own")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_too_small_is_refused_before_anything_is_written(
    place: Place, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(bytes(8 << 20))
    place.store = small_disk / "store"
    done = place.script("backup_production_db")
    assert done.returncode == 1
    assert "bytes free, and about" in done.stderr
    assert not place.store.exists()


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(place: Place, small_disk: Path) -> None:
    place.store = small_disk / "store"
    filler = small_disk / "filler"
    with dump_that_waits(place):
        process = place.start("backup_production_db")
        wait_for_pg_dump(place)
        fill_up(filler)
    done = end(process)
    assert done.returncode == 1
    assert "no room left" in done.stderr
    assert place.files() == set()
    filler.unlink()
    assert place.back_up()["id"]


def fill_up(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 12)):
            pass


def test_a_role_that_may_not_read_everything_ends_with_2(place: Place) -> None:
    place.role = place.server.new_role()
    done = place.script("backup_production_db")
    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert place.files() == set()
