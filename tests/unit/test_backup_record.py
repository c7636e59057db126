"""What the alerts learn of backups: the newest moment, whoever writes it and however often."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.backups.record import NAME, Noted, note, read, tell
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut
from tests.unit.versioned import Versioned

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_backup_and_its_proof_stand_beside_each_other() -> None:
    cluster = Versioned()
    note(cluster, "taken", AT, "b1")
    note(cluster, "verified", AT + HOUR, "b1")
    assert cluster.data(NAME) == {
        "taken": "2026-11-23T18:00:00Z",
        "takenId": "b1",
        "verified": "2026-11-23T19:00:00Z",
        "verifiedId": "b1",
    }


def test_an_older_moment_never_takes_the_place_of_a_newer_one() -> None:
    cluster = Versioned()
    note(cluster, "taken", AT, "new")
    note(cluster, "taken", AT - HOUR, "old")
    assert read(cluster)["taken"].backup == "new"


def test_somebody_elses_newer_moment_that_comes_in_between_stays() -> None:
    newer = {"taken": "2026-11-23T20:00:00Z", "takenId": "theirs"}
    cluster = Versioned()
    cluster.others_write(NAME, [newer])
    note(cluster, "taken", AT, "ours")
    assert cluster.data(NAME) == newer


@pytest.mark.parametrize("nonsense", ["", "yesterday", "2026-11-23T20:00:00"])
def test_a_moment_that_can_not_be_read_is_written_anew(nonsense: str) -> None:
    cluster = Versioned()
    cluster.config_map(NAME, {"taken": nonsense})
    note(cluster, "taken", AT, "b1")
    assert read(cluster) == {"taken": Noted(AT, "b1")}


def test_others_that_never_stop_writing_are_not_fought_for_ever() -> None:
    cluster = Versioned()
    cluster.others_write(NAME, [{"verifiedId": str(n)} for n in range(100)])
    with pytest.raises(CouldNotFindOut, match="run this again"):
        note(cluster, "taken", AT, "b1")


def test_a_backup_is_as_good_when_the_alerts_can_not_be_told() -> None:
    def unreachable() -> Cluster:
        raise CouldNotFindOut("no way to the cluster")

    said: list[str] = []
    tell(unreachable, "taken", AT, "b1", said.append)
    assert len(said) == 1
    assert "BackupTooOld" in said[0]
    assert "no way to the cluster" in said[0]


def test_what_was_noted_is_read_as_far_as_it_was() -> None:
    cluster = Versioned()
    assert read(cluster) == {}
    note(cluster, "taken", AT, "b1")
    assert read(cluster) == {"taken": Noted(AT, "b1")}


@pytest.mark.parametrize("at", ["yesterday", "2026-11-23T18:00:00"])
def test_a_moment_that_can_not_be_compared_is_no_missing_one(at: str) -> None:
    cluster = Versioned()
    cluster.config_map(NAME, {"taken": at, "takenId": "b1"})
    with pytest.raises(CouldNotFindOut, match="the next backup writes it anew"):
        read(cluster)
