"""What is written beside a backup's data, last: from then on the backup is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

DIGEST: Final = "digest"


class _Written(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class DatabaseShape(_Written):
    """What of a database is outside of its dump. Rights are (role or PUBLIC, right, may grant)."""

    name: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    icu_locale: str | None = None
    rights: tuple[tuple[str, str, bool], ...] | None = None
    settings: tuple[tuple[str | None, str, str], ...] = ()


class DumpManifest(_Written):
    """One pg_dump. Sizes in bytes; `taken_at` is its snapshot's moment, by the server's clock."""

    format: Literal[1] = 1
    id: str
    kind: Literal["dump"] = "dump"
    label: str | None
    taken_at: datetime
    finished_at: datetime
    database: DatabaseShape
    database_bytes: int
    size_bytes: int
    sha256: str
    server_version: str
    pg_dump_version: str
    tags: dict[str, str]
    rows: dict[str, int]
    newest: datetime | None


class BaseManifest(_Written):
    """One base backup: replaying the archived WAL from `start_segment` on makes it whole.

    `ended_at` is the first moment that it can be brought to, by the server's clock.
    """

    format: Literal[1] = 1
    id: str
    kind: Literal["base"] = "base"
    began_at: datetime
    ended_at: datetime
    start_segment: str
    segment_bytes: int
    system_identifier: str
    server_version: str
    major: int
    cluster_bytes: int
    size_bytes: int
    sha256: str
    preload: str
    superuser: str


M = TypeVar("M", DumpManifest, BaseManifest)


def to_bytes(manifest: DumpManifest | BaseManifest) -> bytes:
    """The manifest as JSON, with a digest of itself by which an edit is seen."""
    body = manifest.model_dump(mode="json", by_alias=True)
    return json.dumps(body | {DIGEST: _digest(body)}, indent=2).encode() + b"\n"


def from_bytes(data: bytes, kind: type[M]) -> tuple[M | None, bool]:
    """The manifest, None if it can't be read; and whether it is as it was written."""
    try:
        body = json.loads(data)
        digest = body.pop(DIGEST, None)
        return kind.model_validate(body), digest == _digest(body)
    except (ValueError, TypeError, AttributeError, ValidationError):
        return None, False


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
