"""Backups in a bucket: the same commands, streamed in parts, with nothing on this machine."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ops.backups import postgres
from ops.failpoint import VARIABLE
from tests.integration.backups import Place, clock, fill, rows
from tests.integration.postgres import PrivateServer, private_server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def quiet(_line: str) -> None:
    pass


@dataclass
class Bucket:
    """A bucket of the test's own."""

    client: "S3Client"
    name: str

    @property
    def place(self) -> str:
        return f"s3://{self.name}/legal-ai"

    def objects(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [entry["Key"] for entry in found]

    def uploads(self) -> int:
        """How many have begun and have not ended."""
        return len(self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", []))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    made = Bucket(boto3.client("s3"), f"backups-{uuid.uuid4().hex[:10]}")
    made.client.create_bucket(Bucket=made.name)
    yield made
    server.stop()


@pytest.fixture
def place(server: PrivateServer, database: str, tmp_path: Path) -> Place:
    with server.connect(database) as connection:
        fill(connection)
    return Place(server, database, tmp_path / "nothing is written here")


def test_a_backup_goes_to_the_bucket_and_is_proven_from_there(place: Place, bucket: Bucket) -> None:
    done = place.script("backup_production_db", "label", "--store", bucket.place)
    assert done.returncode == 0, done.stderr
    data, manifest = bucket.objects()
    assert data.endswith("-label/database.dump")
    assert manifest.endswith("-label/manifest.json")
    done = place.script("verify_backup", "label", "--store", bucket.place)
    assert done.returncode == 0, done.stderr
    assert any("/verification-" in key for key in bucket.objects())
    assert not place.store.exists()


def test_what_a_killed_upload_left_goes_with_the_next_one(place: Place, bucket: Bucket) -> None:
    command = ("backup_production_db", "--store", bucket.place)
    assert place.script(*command, **{VARIABLE: "backup.dumped"}).returncode == -9
    assert bucket.uploads() == 1
    done = place.script(*command)
    assert done.returncode == 0, done.stderr
    assert bucket.uploads() == 0
    assert len(bucket.objects()) == 2


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_ends_with_2(place: Place) -> None:
    done = place.script("backup_production_db", "--store", "s3://nowhere/x")
    assert done.returncode == 2
    assert "s3://nowhere/x can't be used" in done.stderr


def test_a_moment_is_restored_from_wal_in_the_bucket(tmp_path: Path, bucket: Bucket) -> None:
    with private_server(archiving=True) as server, private_server() as other:
        place = Place(server, server.new_database(), tmp_path / "store", server.archive)
        engine = postgres.at(place.url, bucket.place, archive=str(server.archive))
        with place.connect() as connection:
            fill(connection)
            engine.take(None, {}, quiet)
            then, moment = rows(connection), clock(connection)
            connection.execute("DELETE FROM documents")
        assert engine.window() is not None  # archives what is there
        for path in server.archive.iterdir():
            bucket.client.upload_file(str(path), bucket.name, f"wal/{path.name}")
        server.stop("immediate")
        archive = f"s3://{bucket.name}/wal"
        saved = postgres.at(other.url(), bucket.place, database=place.database, archive=archive)
        saved.restore(moment, "saved", quiet)
        with other.connect("saved") as connection:
            assert rows(connection) == then
