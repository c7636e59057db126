"""`kill -9` at every step of a backup and of its proof: the rerun ends right, nothing is left."""

from pathlib import Path

import pytest

from ops.failpoint import VARIABLE
from tests.integration.backups import Place, fill
from tests.integration.postgres import PrivateServer

KILLED = -9


@pytest.fixture
def place(server: PrivateServer, database: str, tmp_path: Path) -> Place:
    with server.connect(database) as connection:
        fill(connection)
    return Place(server, database, tmp_path / "store")


def kill(place: Place, script: str, *arguments: str, at: str) -> None:
    done = place.script(script, *arguments, **{VARIABLE: at})
    assert done.returncode == KILLED, done.stderr


@pytest.mark.parametrize(
    "at",
    [
        pytest.param("backup.began", marks=pytest.mark.long),
        "backup.dumped",
        pytest.param("backup.uploaded", marks=pytest.mark.long),
    ],
)
def test_a_killed_backup_is_no_backup_and_the_next_one_takes_its_rest_away(
    place: Place, at: str
) -> None:
    kill(place, "backup_production_db", "label", at=at)
    assert place.files() != set()
    assert place.engine.backups() == []
    taken = place.back_up("label")
    assert [backup.id for backup in place.engine.backups()] == [taken["id"]]
    assert {name.split("/")[1] for name in place.files()} == {taken["id"]}


@pytest.mark.long
def test_a_backup_that_was_killed_after_it_was_published_is_one(place: Place) -> None:
    kill(place, "backup_production_db", at="backup.published")
    (first,) = place.engine.backups()
    second = place.back_up()
    assert [backup.id for backup in place.engine.backups()] == [first.id, second["id"]]
    assert not any(name.endswith("/owner") for name in place.files())
    assert place.script("verify_backup", first.id).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("at", "is_left"),
    [
        ("verify.scratch_made", True),
        ("verify.restored", True),
        ("verify.checked", True),
        ("verify.tagged", False),
    ],
)
def test_a_killed_proof_leaves_at_most_a_scratch_and_the_next_one_drops_it(
    place: Place, at: str, is_left: bool
) -> None:
    taken = place.back_up()
    kill(place, "verify_backup", "latest", at=at)
    assert bool(place.scratches()) is is_left
    assert (place.engine.find(taken["id"]).verified_at is None) is is_left
    done = place.script("verify_backup", "latest")
    assert done.returncode == 0, done.stderr
    assert place.scratches() == []
    assert place.engine.find(taken["id"]).verified_at is not None


@pytest.mark.long
def test_what_a_killed_backup_left_is_no_obstacle_to_a_live_one(place: Place) -> None:
    kill(place, "backup_production_db", at="backup.dumped")
    done = place.script("verify_backup", "latest")
    assert done.returncode == 2
    assert "there is no backup yet" in done.stderr
