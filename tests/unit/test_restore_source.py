"""What an operator types, as a backup or a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.backups.model import Backup, Window, choose
from ops.errors import UsageError
from ops.restore import source

TAKEN = datetime(2025, 10, 14, 1, tzinfo=UTC)


class Backups:
    """As much of an engine as is asked."""

    def __init__(self, window: Window | None = None) -> None:
        self.kept = [
            Backup("20251013T010000Z", "dump", TAKEN - timedelta(days=1)),
            Backup("20251014T010000Z-before-v1", "dump", TAKEN, label="before-v1"),
        ]
        self.known = window

    def backups(self) -> list[Backup]:
        return self.kept

    def find(self, wanted: str) -> Backup:
        return choose(wanted, self.kept)

    def window(self) -> Window | None:
        return self.known


def find(wanted: str, window: Window | None = None) -> source.Source:
    engine: Any = Backups(window)
    return source.find(wanted, engine)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-10-13T23:00:00Z", datetime(2025, 10, 13, 23, tzinfo=UTC)),
        ("2025-10-13t23:00:00.25z", datetime(2025, 10, 13, 23, 0, 0, 250000, tzinfo=UTC)),
        ("2025-10-14 01:00:00+02:00", datetime(2025, 10, 13, 23, tzinfo=UTC)),
        ("2025-10-13T23:00Z", datetime(2025, 10, 13, 23, tzinfo=UTC)),
        ("2025-10-13-23-00", datetime(2025, 10, 13, 23, tzinfo=UTC)),
        ("2025-10-13-23-00-59", datetime(2025, 10, 13, 23, 0, 59, tzinfo=UTC)),
        ("latest", None),
        ("before-v1", None),
        ("2025-10-13", None),
    ],
)
def test_moments_are_read_in_rfc_3339_and_as_the_runbook_writes_them(
    text: str, moment: datetime | None
) -> None:
    assert source.moment(text) == moment


def test_a_backups_id_is_not_taken_for_a_moment() -> None:
    """ISO 8601 allows its form, and Python reads it."""
    found = find("20251013T010000Z", Window(TAKEN - timedelta(days=9), TAKEN))
    assert found.backup is not None
    assert found.at == TAKEN - timedelta(days=1)


def test_a_moment_without_a_time_zone_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError, match="lacks its time zone: for UTC write 2025-10-13T23:00:00Z"):
        source.moment("2025-10-13T23:00:00")


@pytest.mark.parametrize("text", ["2025-02-30T00:00:00Z", "2025-10-13-25-00"])
def test_an_impossible_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no moment"):
        source.moment(text)


def test_both_ends_of_the_window_can_be_restored_and_nothing_beyond() -> None:
    window = Window(TAKEN - timedelta(hours=2), TAKEN)
    assert find("2025-10-13T23:00:00Z", window).backup is None
    assert find("2025-10-14T01:00:00Z", window).at == TAKEN
    for text in ("2025-10-13T22:59:59Z", "2025-10-14T01:00:01Z"):
        with pytest.raises(UsageError, match="2025-10-13T23:00:00Z to 2025-10-14T01:00:00Z"):
            find(text, window)


def test_a_moment_that_can_not_be_restored_names_the_backup_before_it() -> None:
    with pytest.raises(UsageError, match="last backup before it is 20251013T010000Z, 22 h earlier"):
        find("2025-10-13T23:00:00Z")
    with pytest.raises(UsageError, match="No backup is as old"):
        find("2020-10-13T23:00:00Z")


def test_a_file_as_the_runbook_names_backups_is_refused_with_the_ids_there_are() -> None:
    with pytest.raises(UsageError, match=r"20251014T010000Z-before-v1, 20251013T.*not by files"):
        find("backup-2025-10-14-01-00.sql")


def test_a_source_says_when_it_is_of_and_how_it_is_labeled() -> None:
    assert str(find("latest")) == (
        "backup 20251014T010000Z-before-v1 (of 2025-10-14T01:00:00Z, labeled before-v1)"
    )
