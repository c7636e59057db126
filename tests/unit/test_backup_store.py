"""A folder and a bucket behave alike: files appear whole, and nothing is left of the others."""

import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from ops.backups import s3_store
from ops.backups.folder_store import FolderStore
from ops.backups.opening import open_store
from ops.backups.s3_store import S3Store
from ops.backups.store import Store
from ops.errors import Refused, UsageError


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="backups")
        yield


@pytest.fixture(params=["folder", "s3", "s3 without a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "not" / "there" / "yet"))
    request.getfixturevalue("aws")
    return open_store("s3://backups/of/legal-ai/" if request.param == "s3" else "s3://backups")


def write(store: Store, name: str, data: bytes) -> None:
    with store.writer(name) as sink:
        sink.write(data)


def fail_halfway(store: Store, error: Exception) -> None:
    with store.writer("a/b") as sink:
        sink.write(b"half")
        raise error


def everything(store: Store) -> list[object]:
    """What there is in the store, half written things included."""
    if isinstance(store, FolderStore):
        return [path for path in store.folder.rglob("*") if path.is_file()]
    assert isinstance(store, S3Store)
    uploads = store.client.list_multipart_uploads(Bucket=store.bucket).get("Uploads", [])
    return [*store.names(), *uploads]


def test_what_was_written_is_read_back(store: Store) -> None:
    write(store, "a/b", b"data")
    store.write("a/c", b"small")
    assert store.names() == ["a/b", "a/c"]
    assert store.size("a/b") == 4
    assert store.read("a/c") == b"small"
    with store.reader("a/b") as source:
        assert source.read(2) + source.read(100) == b"data"


def test_an_empty_file_is_a_file(store: Store) -> None:
    write(store, "a/empty", b"")
    assert store.size("a/empty") == 0


def test_a_file_that_is_written_again_is_replaced(store: Store) -> None:
    store.write("a", b"one")
    store.write("a", b"two")
    assert store.read("a") == b"two"


def test_a_new_file_never_replaces_one_that_is_there(store: Store) -> None:
    store.write("a", b"one", new=True)
    with pytest.raises(FileExistsError):
        store.write("a", b"two", new=True)
    assert store.read("a") == b"one"
    assert len(everything(store)) == 1


def test_a_file_is_not_there_while_it_is_written(store: Store) -> None:
    with store.writer("a/b") as sink:
        sink.write(b"half")
        assert store.names() == []
    assert store.names() == ["a/b"]


def test_nothing_stays_of_a_file_whose_writing_failed(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_halfway(store, ZeroDivisionError())
    assert everything(store) == []


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    for look in (store.read, store.size):
        with pytest.raises(FileNotFoundError):
            look("a/b")
    with pytest.raises(FileNotFoundError), store.reader("a/b"):
        pass


def test_names_and_groups_are_those_below_the_prefix(store: Store) -> None:
    for name in ("dumps/1/manifest", "dumps/2/owner", "dumps/2/data", "dumpsters/x"):
        store.write(name, b"")
    assert store.names("dumps/2/") == ["dumps/2/data", "dumps/2/owner"]
    assert store.groups("dumps/") == ["1", "2"]
    assert store.groups("bases/") == []


def test_clearing_takes_all_below_the_prefix_and_nothing_beside_it(store: Store) -> None:
    for name in ("a/1/x", "a/1/y", "a/10/x"):
        store.write(name, b"")
    store.clear("a/1/")
    store.clear("a/none/")
    assert store.names() == ["a/10/x"]


def test_clearing_takes_what_a_killed_run_was_writing(store: Store) -> None:
    store.write("a/1/owner", b"")
    writing = store.writer("a/1/data")
    writing.__enter__().write(b"half")  # and never the end of it
    assert len(everything(store)) == 2
    store.clear("a/1/")
    assert everything(store) == []


def test_deleting_twice_is_as_deleting_once(store: Store) -> None:
    store.write("a", b"")
    store.delete("a")
    store.delete("a")
    assert store.names() == []


@pytest.mark.usefixtures("aws")
def test_a_large_object_is_sent_in_parts_and_comes_back_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    five_megabytes = 5 << 20  # the least that S3 takes for a part
    monkeypatch.setattr(s3_store, "PART", five_megabytes)
    store = open_store("s3://backups/x")
    pieces = [bytes([number]) * (3 << 20) for number in range(5)]
    with store.writer("data") as sink:
        for piece in pieces:
            sink.write(piece)
    assert store.read("data") == b"".join(pieces)
    assert isinstance(store, S3Store)
    head = store.client.head_object(Bucket="backups", Key="x/data", PartNumber=1)
    assert head["PartsCount"] == 3


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_is_not_there_is_named_before_anything_is_written() -> None:
    with pytest.raises(UsageError, match="s3://nowhere/x can't be used"):
        open_store("s3://nowhere/x").require_room(1)


@pytest.mark.parametrize("place", ["", "s3://", "s3:///prefix", "ftp://host/x"])
def test_a_place_that_is_neither_folder_nor_bucket_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="no place"):
        open_store(place)


def test_no_room_is_refused_with_both_numbers_before_the_folder_is_made(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "backups"))
    with pytest.raises(Refused, match=r"bytes free, and about 1,000,000,000,000,000 are needed"):
        store.require_room(10**15)
    assert list(tmp_path.iterdir()) == []


def test_what_is_free_for_root_alone_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(f_bavail=1, f_bfree=1000, f_frsize=4096)
    monkeypatch.setattr("os.statvfs", lambda _path: full)
    with pytest.raises(Refused):
        open_store(str(tmp_path)).require_room(5000)


def test_a_disk_that_is_full_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with pytest.raises(Refused, match="no room left"):
        fail_halfway(store, OSError(errno.ENOSPC, "No space left on device"))
    assert everything(store) == []


def test_a_folder_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is not possible"):
        open_store(str(tmp_path / "file")).write("a", b"")


def test_a_folder_that_may_not_be_read_is_no_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)  # root may read everything
    with pytest.raises(UsageError, match="is not allowed"):
        open_store(str(tmp_path)).names()


def test_backups_in_a_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "backups"))
    store.write("a/b", b"")
    for path in (tmp_path / "backups" / "a", tmp_path / "backups" / "a" / "b"):
        assert path.stat().st_mode & 0o077 == 0
