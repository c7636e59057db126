"""Ids, labels, and which backup a word means."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ops.backups.model import (
    TAG_FAILED_AT,
    TAG_VERIFIED_AT,
    Backup,
    Window,
    begun_at,
    choose,
    is_id,
    new_id,
    require_label,
)
from ops.errors import UsageError

MOMENT = datetime(2025, 10, 14, 1, 0, tzinfo=UTC)


def backup(number: int, label: str | None = None, **tags: str) -> Backup:
    taken = MOMENT + timedelta(hours=number)
    return Backup(new_id(taken, label), "dump", taken, label, tags)


def test_an_id_is_the_moment_in_utc_with_the_label_behind() -> None:
    here = MOMENT.astimezone(timezone(timedelta(hours=-7)))
    assert new_id(here, None) == "20251014T010000Z"
    assert new_id(here, "before-v1-2-0") == "20251014T010000Z-before-v1-2-0"
    assert begun_at("20251014T010000Z-before-v1-2-0") == MOMENT


@pytest.mark.parametrize("text", ["20251014T010000Z", "20251014T010000Z-a_b.c-1"])
def test_ids_are_told_from_other_names(text: str) -> None:
    assert is_id(text)
    assert not is_id(f"{text}/..")
    assert not is_id("lost+found")


@pytest.mark.parametrize("label", ["a", "v1.2.0", "before_x", "x" * 40])
def test_a_label_of_plain_characters_is_taken(label: str) -> None:
    assert require_label(label) == label


@pytest.mark.parametrize("label", ["", "a b", "../x", "a/b", "x" * 41, "ümlaut", "a\n"])
def test_a_label_that_could_leave_the_folder_or_break_a_tag_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match="can't be a backup's label"):
        require_label(label)


def test_latest_is_the_newest_of_the_list() -> None:
    assert choose("latest", [backup(1), backup(2)]) == backup(2)


def test_a_backup_is_found_by_its_id_or_by_a_label_that_only_it_has() -> None:
    there = [backup(1, "a"), backup(2, "b")]
    assert choose("20251014T020000Z-a", there) == there[0]
    assert choose("b", there) == there[1]


def test_a_label_that_two_backups_share_names_both() -> None:
    with pytest.raises(UsageError, match="20251014T020000Z-a, 20251014T030000Z-a"):
        choose("a", [backup(1, "a"), backup(2, "a")])


def test_an_unknown_backup_names_the_newest_there_are() -> None:
    with pytest.raises(UsageError, match=r"'nope'; the newest of 2 are: 20251014T030000Z, 2025"):
        choose("nope", [backup(1), backup(2)])


def test_with_no_backup_at_all_the_command_that_takes_one_is_named() -> None:
    with pytest.raises(UsageError, match="backup_production_db"):
        choose("latest", [])


def test_a_proof_is_void_once_a_later_one_failed() -> None:
    proven = {TAG_VERIFIED_AT: "2025-10-14T02:00:00Z"}
    assert backup(0, **proven).verified_at == MOMENT + timedelta(hours=1)
    assert backup(0, **proven, **{TAG_FAILED_AT: "2025-10-14T03:00:00Z"}).verified_at is None
    again = proven | {TAG_FAILED_AT: "2025-10-14T01:30:00Z"}
    assert backup(0, **again).verified_at == MOMENT + timedelta(hours=1)


UNREADABLE = ["yesterday", "", "2025-10-14T01:30:00"]
"""The last one has no time zone, so it may be of any hour of that day."""


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_proof_that_can_not_be_read_is_none(text: str) -> None:
    assert backup(0, **{TAG_VERIFIED_AT: text}).verified_at is None


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_failure_that_can_not_be_read_may_be_later_than_the_proof(text: str) -> None:
    proven = {TAG_VERIFIED_AT: "2025-10-14T02:00:00Z"}
    assert backup(0, **proven, **{TAG_FAILED_AT: text}).verified_at is None


def test_a_window_has_both_its_ends() -> None:
    window = Window(MOMENT, MOMENT + timedelta(hours=1))
    assert window.earliest in window
    assert window.latest in window
    assert window.latest + timedelta(microseconds=1) not in window
    assert str(window) == "2025-10-14T01:00:00Z to 2025-10-14T02:00:00Z"
