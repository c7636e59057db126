"""The store at a place as people give it: a folder, or a prefix of an S3 bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ops.backups.folder_store import FolderStore
from ops.errors import UsageError
from ops.stack import ROOT

if TYPE_CHECKING:
    from ops.backups.store import Store


def open_store(place: str) -> Store:
    """The store at s3://bucket/prefix or in a folder, relative ones of the project's.

    Raises UsageError.
    """
    if place.startswith("s3://"):
        from ops.backups.s3_store import S3Store  # noqa: PLC0415 boto3 takes a while

        return S3Store.at(place)
    if not place or "://" in place:
        raise UsageError(f"{place!r} is no place for backups: give a folder or s3://bucket/prefix")
    return FolderStore(ROOT / Path(place).expanduser())
