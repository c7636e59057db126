"""A backup is listed once its manifest is there; what killed runs left goes, a live one's stays."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.backups import owner, shelf
from ops.backups.folder_store import FolderStore
from ops.backups.manifest import DatabaseShape, DumpManifest
from ops.backups.owner import Owner
from ops.backups.shelf import MANIFEST, OWNER, Shelf

MOMENT = datetime(2025, 10, 14, 1, 0, tzinfo=UTC)


@pytest.fixture
def dumps(tmp_path: Path) -> Shelf[DumpManifest]:
    return shelf.dumps(FolderStore(tmp_path))


@pytest.fixture
def live() -> Iterator[Owner]:
    """A process that is at work."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        me = Owner.me()
        ticks = owner._ticks(process.pid)
        assert ticks is not None
        yield Owner(me.machine, process.pid, ticks, me.since)
        process.communicate(b"\n")


def manifest(name: str) -> DumpManifest:
    return DumpManifest(
        id=name,
        label=None,
        taken_at=MOMENT,
        finished_at=MOMENT,
        database=DatabaseShape(
            name="legal_ai", owner="legal_ai", encoding="UTF8", collate="C", ctype="C"
        ),
        database_bytes=1000,
        size_bytes=4,
        sha256="0",
        server_version="PostgreSQL 15",
        pg_dump_version="pg_dump 15",
        tags={},
        rows={"public.documents": 7},
        newest=None,
    )


def take(dumps: Shelf[DumpManifest], label: str | None = None) -> str:
    with dumps.new(MOMENT, label) as name:
        with dumps.writer(name) as sink:
            sink.write(b"data")
        dumps.publish(manifest(name))
    return name


def left(dumps: Shelf[DumpManifest], mark: str | None) -> str:
    """What a killed run leaves: data, and its owner's mark."""
    if mark is not None:
        dumps.store.write(f"dumps/20251014T000000Z/{OWNER}", mark.encode())
    dumps.store.write("dumps/20251014T000000Z/database.dump", b"half")
    return "20251014T000000Z"


def test_a_backup_is_there_once_its_manifest_is_and_not_before(dumps: Shelf[DumpManifest]) -> None:
    with dumps.new(MOMENT, None) as name:
        with dumps.writer(name) as sink:
            sink.write(b"data")
        assert dumps.entries() == []
        dumps.publish(manifest(name))
    (entry,) = dumps.entries()
    assert entry.manifest == manifest(name)
    assert entry.intact


def test_the_owner_s_mark_is_gone_when_all_is_done(dumps: Shelf[DumpManifest]) -> None:
    name = take(dumps)
    names = dumps.store.names(f"dumps/{name}/")
    assert names == [f"dumps/{name}/database.dump", f"dumps/{name}/{MANIFEST}"]


def test_nothing_stays_of_one_that_failed(dumps: Shelf[DumpManifest], tmp_path: Path) -> None:
    def fail() -> None:
        with dumps.new(MOMENT, None) as name:
            with dumps.writer(name) as sink:
                sink.write(b"data")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.rglob("2025*")) == []


def test_two_in_the_same_second_with_the_same_label_are_two(dumps: Shelf[DumpManifest]) -> None:
    first, second = take(dumps, "x"), take(dumps, "x")
    assert (first, second) == ("20251014T010000Z-x", "20251014T010001Z-x")
    assert len(dumps.entries()) == 2


def test_one_that_is_being_made_keeps_its_id(dumps: Shelf[DumpManifest]) -> None:
    with dumps.new(MOMENT, None) as first, dumps.new(MOMENT, None) as second:
        assert first != second


def test_a_sweep_takes_what_a_dead_run_left(dumps: Shelf[DumpManifest]) -> None:
    me = Owner.me()
    dead = Owner(me.machine, me.pid, me.ticks + 1, me.since)  # the pid was given out again
    left(dumps, str(dead))
    said: list[str] = []
    dumps.sweep(said.append)
    assert dumps.store.names() == []
    assert "20251014T000000Z" in said[0]


def test_a_sweep_leaves_what_a_live_run_is_making(dumps: Shelf[DumpManifest], live: Owner) -> None:
    left(dumps, str(live))
    dumps.sweep(lambda _line: None)
    assert len(dumps.store.names()) == 2


def test_a_sweep_takes_what_was_left_before_a_mark_was_made(
    dumps: Shelf[DumpManifest], tmp_path: Path
) -> None:
    (tmp_path / "dumps" / "20251014T000000Z").mkdir(parents=True)
    (tmp_path / "dumps" / "20251014T000000Z" / ".owner.123.part").write_text("")
    dumps.sweep(lambda _line: None)
    assert list((tmp_path / "dumps").iterdir()) == []


def test_a_sweep_leaves_whole_ones_and_takes_only_the_mark_of_a_killed_run(
    dumps: Shelf[DumpManifest],
) -> None:
    name = take(dumps)
    me = Owner.me()
    dead = Owner(me.machine, me.pid, me.ticks + 1, me.since)
    dumps.store.write(f"dumps/{name}/{OWNER}", str(dead).encode())
    dumps.sweep(lambda _line: None)
    assert len(dumps.entries()) == 1
    assert f"dumps/{name}/{OWNER}" not in dumps.store.names()


@pytest.mark.parametrize(("hours", "is_dead"), [(23, False), (25, True)])
def test_a_run_on_another_machine_is_dead_after_a_day(hours: int, is_dead: bool) -> None:
    elsewhere = Owner("00000000", 1, 1, MOMENT)
    assert elsewhere.is_dead(MOMENT + timedelta(hours=hours)) is is_dead


def test_a_mark_is_read_back_as_it_was_written(live: Owner) -> None:
    me = Owner.me()
    assert Owner.parse(str(me)) == me
    assert not me.is_dead(datetime.now(UTC))
    assert not live.is_dead(datetime.now(UTC))
    assert Owner.parse("something else") is None


def test_a_process_that_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        ticks = owner._ticks(process.pid) or 0
        process.wait()
    assert Owner(Owner.me().machine, process.pid, ticks, MOMENT).is_dead(datetime.now(UTC))


@pytest.mark.parametrize("key", ["rows", "sha256", "takenAt", "tags"])
def test_an_edited_manifest_is_not_intact(dumps: Shelf[DumpManifest], key: str) -> None:
    name = take(dumps)
    path = f"dumps/{name}/{MANIFEST}"
    body = json.loads(dumps.store.read(path))
    edits = {"rows": {}, "sha256": "1", "takenAt": "2026-01-01T00:00:00Z", "tags": {"a": "b"}}
    dumps.store.write(path, json.dumps(body | {key: edits[key]}).encode())
    (entry,) = dumps.entries()
    assert entry.manifest is not None
    assert not entry.intact


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"{", b'{"format": 2}'])
def test_a_manifest_that_can_not_be_read_is_listed_as_that(
    dumps: Shelf[DumpManifest], data: bytes
) -> None:
    name = take(dumps)
    dumps.store.write(f"dumps/{name}/{MANIFEST}", data)
    (entry,) = dumps.entries()
    assert (entry.manifest, entry.intact) == (None, False)


def test_a_manifest_copied_from_another_backup_is_not_intact(dumps: Shelf[DumpManifest]) -> None:
    first, second = take(dumps), take(dumps)
    copied = dumps.store.read(f"dumps/{first}/{MANIFEST}")
    dumps.store.write(f"dumps/{second}/{MANIFEST}", copied)
    assert [entry.intact for entry in dumps.entries()] == [True, False]


def test_tags_that_come_later_are_added_to_each_other(dumps: Shelf[DumpManifest]) -> None:
    name = take(dumps)
    dumps.tag(name, {"a": "1"})
    dumps.tag(name, {"b": "2"})
    (entry,) = dumps.entries()
    assert entry.tags == {"a": "1", "b": "2"}
    assert entry.intact


def test_one_that_is_removed_is_gone_with_its_tags(dumps: Shelf[DumpManifest]) -> None:
    name = take(dumps)
    dumps.tag(name, {"a": "1"})
    dumps.remove(name)
    assert dumps.store.names() == []
