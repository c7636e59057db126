"""What a restored database holds, judged without one: above all snapshots that others took."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.backups import content
from ops.backups.content import Content, Limits
from ops.backups.model import TAG_LEVEL, TAG_REVISION, Backup
from ops.backups.snapshot import Count

NOW = datetime(2025, 10, 14, 12, 0, tzinfo=UTC)
LIMITS = Limits(max_age=None, now=NOW)


def holds(revision: str = "b83e", newest: datetime | None = NOW, **rows: int) -> Content:
    tags = {TAG_REVISION: revision} if revision else {}
    return Content({table: Count(count, newest) for table, count in rows.items()}, tags)


def snapshot(**tags: str) -> Backup:
    return Backup("s", "snapshot", NOW, tags=tags)


def revision(backup: Backup, there: Content, live: Content | None) -> str:
    (check,) = content._revision(backup, there, live)
    return check.verdict


def test_a_snapshot_without_tags_is_good_with_whatever_revision_it_holds() -> None:
    assert revision(snapshot(), holds("b83e"), holds("c5d0")) == "good"


def test_a_snapshot_without_tags_that_lost_its_revision_is_bad() -> None:
    assert revision(snapshot(), holds(""), holds("c5d0")) == "bad"


def test_a_dump_without_a_revision_that_holds_one_is_bad() -> None:
    assert revision(Backup("d", "dump", NOW), holds("b83e"), None) == "bad"


def test_a_level_that_is_not_the_backup_s_is_bad() -> None:
    backup = snapshot(**{TAG_REVISION: "b83e", TAG_LEVEL: "3"})
    there = Content({}, {TAG_REVISION: "b83e", TAG_LEVEL: "4"})
    assert revision(backup, there, None) == "bad"


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        (1000, 1050, "good"),
        (1000, 1053, "bad"),
        (1053, 1000, "bad"),
        (0, 10, "good"),  # a small table may differ by a few rows
        (0, 11, "bad"),
    ],
)
def test_rows_may_differ_by_the_tolerance_either_way(mine: int, theirs: int, verdict: str) -> None:
    assert content._near(holds(users=mine), holds(users=theirs), LIMITS).verdict == verdict


def test_a_table_that_is_missing_is_bad_even_if_it_is_empty_in_the_source() -> None:
    assert content._near(holds(users=1), holds(users=1, notes=0), LIMITS).verdict == "bad"


def test_with_another_revision_only_the_tables_of_both_are_compared() -> None:
    there, live = holds("b83e", users=1, old=500), holds("c5d0", users=1, new=500)
    assert content._near(there, live, LIMITS).verdict == "good"


def test_a_row_whose_commit_was_a_moment_after_its_time_may_be_missing() -> None:
    live = holds(newest=NOW, users=1)
    almost = holds(newest=NOW - timedelta(seconds=59), users=1)
    stale = holds(newest=NOW - timedelta(seconds=61), users=1)
    assert content._recent(almost, live).verdict == "good"
    assert content._recent(stale, live).verdict == "bad"
    assert content._recent(holds(newest=None, users=1), live).verdict == "bad"


def test_tables_without_times_have_no_newest_row_and_that_is_told() -> None:
    check = content._recent(holds(newest=None, users=1), holds(newest=None, users=1))
    assert check.verdict == "good"
    assert "no row says" in check.detail
