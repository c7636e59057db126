"""The names of WAL segments: which are missing, and which nobody needs any more."""

import pytest

from ops.backups import archive
from ops.backups.archive import Archive
from ops.backups.folder_store import FolderStore

SIZE = 16 << 20
FIRST = "000000010000000A000000FE"
NAMES = [FIRST, "000000010000000A000000FF", "000000010000000B00000000", "000000010000000B00000001"]


def test_numbers_go_on_over_the_end_of_a_log() -> None:
    numbers = [archive.number(name, SIZE) for name in NAMES]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_the_end_of_a_log_depends_on_the_size_of_segments() -> None:
    one_megabyte = 1 << 20
    assert archive.number("000000010000000100000000", one_megabyte) == 4096


def test_a_chain_without_a_hole_has_no_gap() -> None:
    assert archive.gap(NAMES, FIRST, SIZE) is None


@pytest.mark.parametrize("missing", NAMES[:-1])
def test_the_first_missing_segment_is_named(missing: str) -> None:
    there = [name for name in NAMES if name != missing]
    assert archive.gap(there, FIRST, SIZE) == missing


def test_what_is_older_than_the_base_may_be_missing() -> None:
    assert archive.gap(NAMES[2:], NAMES[2], SIZE) is None


def test_a_segment_of_a_later_timeline_fills_its_place() -> None:
    promoted = [*NAMES[:2], "000000020000000B00000000", "000000020000000B00000001"]
    assert archive.gap(promoted, FIRST, SIZE) is None
    assert archive.since(promoted, FIRST, SIZE) == promoted


def test_a_timeline_before_the_base_s_own_is_not_needed() -> None:
    first = "000000020000000B00000000"
    names = [*NAMES, first]
    assert archive.since(names, first, SIZE) == [first]


def test_only_segments_before_the_first_needed_one_are_deleted(tmp_path_store: FolderStore) -> None:
    wal = Archive(tmp_path_store)
    others = ["00000002.history", f"{FIRST}.00000028.backup", f"{NAMES[0]}.partial", "README"]
    for name in (*NAMES, *others):
        wal.store.write(name, b"")
    assert wal.prune(NAMES[2], SIZE) == 2
    assert wal.names() == NAMES[2:]
    assert set(others) <= set(wal.store.names())


@pytest.fixture
def tmp_path_store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return FolderStore(tmp_path_factory.mktemp("archive"))
