"""What a backup is, whoever keeps it: names, tags, moments, and the verdict of one check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from ops.errors import UsageError
from ops.times import rfc3339

Kind = Literal["dump", "snapshot"]
Verdict = Literal["good", "bad", "unknown"]

TAG_STACK: Final = "legal-ai:stack"
TAG_COLOR: Final = "legal-ai:color"
TAG_VERSION: Final = "legal-ai:version"
TAG_REVISION: Final = "legal-ai:revision"
TAG_LEVEL: Final = "legal-ai:level"
TAG_LABEL: Final = "legal-ai:label"
TAG_VERIFIED_AT: Final = "legal-ai:verified-at"
TAG_VERIFIED_SECONDS: Final = "legal-ai:verified-seconds"
TAG_FAILED_AT: Final = "legal-ai:failed-at"
TAG_RESTORE: Final = "legal-ai:restore"
"""The restore that a backup was taken for, of what it replaced: such a backup is never pruned."""

_LABEL: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")
_ID: Final = re.compile(r"\d{8}T\d{6}Z(-[A-Za-z0-9._-]{1,40})?")


@dataclass(frozen=True)
class Backup:
    """One backup. `taken_at` is the moment whose data it holds, aware.

    `rows` are exact counts by `schema.table` and `newest` the youngest row's time, both read in the
    backup's own snapshot; None where its kind can't know them.
    """

    id: str
    kind: Kind
    taken_at: datetime
    label: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int | None = None
    complete: bool = True
    rows: Mapping[str, int] | None = None
    newest: datetime | None = None

    @property
    def verified_at(self) -> datetime | None:
        """When a restore of it was last proven good.

        None if never, if a later proof failed, or if a tag about it can't be read.
        """
        verified = _moment(self.tags.get(TAG_VERIFIED_AT, ""))
        if verified is None or TAG_FAILED_AT not in self.tags:
            return verified
        failed = _moment(self.tags[TAG_FAILED_AT])
        return None if failed is None or failed >= verified else verified


@dataclass(frozen=True)
class Window:
    """The moments that can be restored, both ends included; aware."""

    earliest: datetime
    latest: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.earliest <= moment <= self.latest

    def __str__(self) -> str:
        return f"{rfc3339(self.earliest)} to {rfc3339(self.latest)}"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `unknown` is what could not be looked at: never good."""

    name: str
    verdict: Verdict
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.name}: {self.detail}"


def require_label(label: str | None) -> str | None:
    """The label as it was given. Raises UsageError where it can't be part of an id."""
    if label is not None and not _LABEL.fullmatch(label):
        raise UsageError(
            f"{label!r} can't be a backup's label: use 1 to 40 letters, digits, '.', '_' and '-'"
        )
    return label


def new_id(moment: datetime, label: str | None) -> str:
    """The id of a backup begun at `moment`: 20251014T010000Z, or with the label behind."""
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{stamp}-{label}" if label else stamp


def is_id(text: str) -> bool:
    """Whether `text` has the form of `new_id`'s."""
    return _ID.fullmatch(text) is not None


def begun_at(backup: str) -> datetime:
    """When the backup of an id was begun, to the second."""
    return datetime.strptime(backup[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def choose(wanted: str, backups: list[Backup]) -> Backup:
    """The backup that `latest`, an id or a label names, of a list with the oldest first.

    Raises UsageError with the ids there are, or with those that share the label.
    """
    if not backups:
        raise UsageError("there is no backup yet: take one with scripts/backup_production_db.py")
    if wanted == "latest":
        return backups[-1]
    for backup in backups:
        if backup.id == wanted:
            return backup
    labeled = [backup for backup in backups if backup.label == wanted]
    if len(labeled) == 1:
        return labeled[0]
    if labeled:
        raise UsageError(
            f"{len(labeled)} backups have the label {wanted!r}: say which one by its id, of "
            + ", ".join(backup.id for backup in labeled)
        )
    newest = ", ".join(backup.id for backup in reversed(backups[-10:]))
    raise UsageError(f"there is no backup {wanted!r}; the newest of {len(backups)} are: {newest}")


def _moment(text: str) -> datetime | None:
    """The moment of a tag; None for what is none, or has no time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
