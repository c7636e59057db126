"""A store below a prefix of an S3 bucket; AWS_ENDPOINT_URL leads to anything that speaks S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops.backups.store import Source
from ops.errors import CouldNotFindOut, OpsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART: Final = 16 << 20
"""Bytes of a part. S3 takes 10,000 of them, so that from each thousandth on they get larger."""
_MISSING: Final = ("404", "NoSuchKey", "NotFound")
_CONFIG: Final = ("NoSuchBucket", "AccessDenied", "403", "InvalidAccessKeyId")
_EXISTS: Final = ("PreconditionFailed", "412", "ConditionalRequestConflict")


@dataclass(frozen=True)
class S3Store:
    """Objects of `bucket` whose keys begin with `prefix` (empty, or with a `/` at its end)."""

    client: S3Client
    bucket: str
    prefix: str

    @classmethod
    def at(cls, place: str) -> S3Store:
        """The store at s3://bucket/prefix. Raises UsageError."""
        parts = urlsplit(place)
        prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc:
            raise UsageError(f"{place!r} is no place in S3: it must be s3://BUCKET/PREFIX")
        # Other servers than AWS's have no host name for each bucket.
        style: Final = "path" if os.environ.get("AWS_ENDPOINT_URL") else "auto"
        config = Config(s3={"addressing_style": style}, retries={"mode": "standard"})
        with _telling(f"s3://{parts.netloc}"):
            client = boto3.client("s3", config=config)
        return cls(client, parts.netloc, f"{prefix}/" if prefix else "")

    @property
    def place(self) -> str:
        """s3://bucket/prefix."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def folder(self) -> Path | None:
        """None: nothing is on this machine."""
        return None

    def names(self, prefix: str = "") -> list[str]:
        """See `Store`."""
        pages = self.client.get_paginator("list_objects_v2")
        with _telling(self.place):
            keys = [
                entry["Key"]
                for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
                for entry in page.get("Contents", [])
            ]
        return sorted(key.removeprefix(self.prefix) for key in keys)

    def groups(self, prefix: str) -> list[str]:
        """See `Store`."""
        below = (name.removeprefix(prefix).partition("/")[0] for name in self.names(prefix))
        return sorted(set(below))

    def size(self, name: str) -> int:
        """See `Store`."""
        with _telling(self.place, name):
            return self.client.head_object(**self._key(name))["ContentLength"]

    def read(self, name: str) -> bytes:
        """See `Store`."""
        with _telling(self.place, name):
            return self.client.get_object(**self._key(name))["Body"].read()

    @contextmanager
    def reader(self, name: str) -> Iterator[Source]:
        """See `Store`."""
        with _telling(self.place, name):
            body = self.client.get_object(**self._key(name))["Body"]
            with body:
                yield body

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:
        """See `Store`."""
        only_new: Any = {"IfNoneMatch": "*"} if new else {}
        with _telling(self.place, name):
            self.client.put_object(**self._key(name), Body=data, **only_new)

    @contextmanager
    def writer(self, name: str) -> Iterator[_Upload]:
        """See `Store`."""
        with _telling(self.place, name):
            begun = self.client.create_multipart_upload(**self._key(name))
            upload = _Upload(self.client, self._key(name) | {"UploadId": begun["UploadId"]})
            try:
                yield upload
                upload.complete()
            except BaseException:
                upload.abort()
                raise

    def delete(self, name: str) -> None:
        """See `Store`."""
        with _telling(self.place, name):
            self.client.delete_object(**self._key(name))

    def clear(self, prefix: str) -> None:
        """See `Store`."""
        pages = self.client.get_paginator("list_multipart_uploads")
        with _telling(self.place):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for begun in page.get("Uploads", []):
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket, Key=begun["Key"], UploadId=begun["UploadId"]
                    )
        for name in self.names(prefix):
            self.delete(name)

    def require_room(self, size: int) -> None:  # noqa: ARG002 a bucket has room for all
        """Only that the bucket is there and open to us."""
        with _telling(self.place):
            self.client.head_bucket(Bucket=self.bucket)

    def _key(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.prefix + name}


@dataclass
class _Upload:
    """One multipart upload: a part is sent while the next one is collected, so two are held."""

    client: S3Client
    key: dict[str, Any]
    parts: list[CompletedPartTypeDef] = field(default_factory=list)
    _buffer: bytearray = field(default_factory=bytearray)
    _sending: Future[CompletedPartTypeDef] | None = None
    _number: int = 0
    _sender: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def write(self, data: bytes) -> None:
        """Collect `data`, and send a part when there is enough for one."""
        self._buffer += data
        if len(self._buffer) >= PART * (1 + self._number // 1000):
            self._send()

    def complete(self) -> None:
        """Send the rest and put the object in its place."""
        if self._buffer or not self._number:
            self._send()
        self._collect()
        self.client.complete_multipart_upload(**self.key, MultipartUpload={"Parts": self.parts})
        self._sender.shutdown()

    def abort(self) -> None:
        """Take back what was sent; what can't be taken back now, the next run clears."""
        self._sender.shutdown(cancel_futures=True)
        try:
            self.client.abort_multipart_upload(**self.key)
        except (ClientError, BotoCoreError):
            return

    def _send(self) -> None:
        self._collect()
        self._number += 1
        body, self._buffer = self._buffer, bytearray()
        self._sending = self._sender.submit(self._part, self._number, bytes(body))

    def _collect(self) -> None:
        if self._sending is not None:
            self.parts.append(self._sending.result())
            self._sending = None

    def _part(self, number: int, body: bytes) -> CompletedPartTypeDef:
        sent = self.client.upload_part(**self.key, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": sent["ETag"]}


@contextmanager
def _telling(place: str, name: str = "") -> Iterator[None]:
    """Tell S3's errors as ours, and as files' errors where a caller asks for those."""
    where = f"{place}/{name}" if name else place
    try:
        yield
    except OpsError:
        raise
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXISTS:
            raise FileExistsError(where) from error
        if name and code in _MISSING:
            raise FileNotFoundError(where) from error
        if code in (*_CONFIG, *_MISSING):
            raise UsageError(
                f"{where} can't be used: {error}. Is the bucket there, and may these credentials "
                "list, read, write and delete in it?"
            ) from error
        raise CouldNotFindOut(f"S3 failed at {where}: {error}. Run the same again") from error
    except NoCredentialsError as error:
        raise UsageError(f"{where} needs AWS credentials, and none were found") from error
    except BotoCoreError as error:
        raise CouldNotFindOut(f"S3 does not answer at {where}: {error}") from error
