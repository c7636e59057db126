"""Acts that are hard to undo ask for a fresh restore point and a fresh proof: for both."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.backups.freshness import problems
from ops.backups.model import TAG_VERIFIED_AT, Backup, Window
from ops.operations import BackupFacts
from ops.times import rfc3339

NOW = datetime(2025, 10, 14, 12, 0, tzinfo=UTC)
FACTS = BackupFacts(
    schedule="hourly",
    point_in_time=True,
    retention_days=35,
    max_age_minutes=60,
    verified_within_days=7,
)


def backup(age: timedelta, proven: timedelta | None = None, *, complete: bool = True) -> Backup:
    tags = {} if proven is None else {TAG_VERIFIED_AT: rfc3339(NOW - proven)}
    return Backup(f"b{age}", "dump", NOW - age, tags=tags, complete=complete)


OLD_BUT_PROVEN = backup(timedelta(days=3), proven=timedelta(days=2))
FRESH = backup(timedelta(minutes=59))


def test_a_fresh_backup_and_another_one_proven_this_week_are_enough() -> None:
    assert problems([OLD_BUT_PROVEN, FRESH], None, FACTS, NOW) == []


def test_a_window_that_reaches_to_now_is_a_restore_point() -> None:
    window = Window(NOW - timedelta(days=30), NOW - timedelta(minutes=5))
    assert problems([OLD_BUT_PROVEN], window, FACTS, NOW) == []


def test_no_backup_at_all_is_two_problems_each_with_what_to_do() -> None:
    point, proof = problems([], None, FACTS, NOW)
    assert "no restore point" in point
    assert "backup_production_db.py" in point
    assert "proven" in proof
    assert "verify_backup.py" in proof


def test_a_restore_point_older_than_allowed_is_told_with_its_age() -> None:
    (problem,) = problems([OLD_BUT_PROVEN, backup(timedelta(minutes=61))], None, FACTS, NOW)
    assert "61 min old" in problem
    assert "backups.maxAgeMinutes" in problem


def test_exactly_as_old_as_allowed_is_allowed() -> None:
    proven = backup(timedelta(minutes=60), proven=timedelta(days=7))
    assert problems([proven], None, FACTS, NOW) == []


def test_a_proof_older_than_a_week_is_told_with_the_backup() -> None:
    stale = backup(timedelta(days=9), proven=timedelta(days=8))
    (problem,) = problems([stale, FRESH], None, FACTS, NOW)
    assert stale.id in problem
    assert "8 days ago" in problem


def test_a_backup_that_is_not_whole_counts_for_nothing() -> None:
    broken = backup(timedelta(minutes=1), proven=timedelta(minutes=1), complete=False)
    assert len(problems([broken], None, FACTS, NOW)) == 2


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=400)])
def test_a_backup_from_the_future_is_not_believed(ahead: timedelta) -> None:
    point, _ = problems([backup(-ahead, proven=-ahead)], None, FACTS, NOW)
    assert "in the future" in point


def test_clocks_that_differ_a_little_are_no_problem() -> None:
    ahead = timedelta(minutes=4)
    assert problems([backup(-ahead, proven=-ahead)], None, FACTS, NOW) == []
