"""What an operator asks to go back to: the latest backup, one by its id, or a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ops.backups.model import Backup
from ops.errors import UsageError
from ops.times import ago, rfc3339

if TYPE_CHECKING:
    from ops.backups.engine import Engine

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?"
)
_RUNBOOK: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)(?:-(\d\d))?")
_RUNBOOK_FILE: Final = re.compile(r".*\.(sql|dump)(\.gz)?")


@dataclass(frozen=True)
class Source:
    """What is restored: a backup, or (without one) the moment `at`. `at` is aware."""

    at: datetime
    backup: Backup | None = None

    @property
    def id(self) -> str:
        """The backup's id, or the moment in UTC."""
        return self.backup.id if self.backup else rfc3339(self.at)

    def __str__(self) -> str:
        if self.backup is None:
            return f"the moment {self.id}"
        label = f", labeled {self.backup.label}" if self.backup.label else ""
        return f"backup {self.id} (of {rfc3339(self.at)}{label})"


def moment(text: str) -> datetime | None:
    """The moment that `text` is, None if it has the form of none.

    RFC 3339, or the runbook's 2025-10-13-23-00, which is UTC. Raises UsageError where the time zone
    is missing or a number is impossible.
    """
    runbook, common = _RUNBOOK.fullmatch(text), _RFC3339.fullmatch(text)
    try:
        if runbook:
            year, month, day, hour, minute, second = (int(part or 0) for part in runbook.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        if common is None:
            return None
        found = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise UsageError(f"{text!r} is no moment: {error}") from error
    if common["zone"] is None:
        raise UsageError(f"{text!r} lacks its time zone: for UTC write {text}Z")
    return found.astimezone(UTC)


def find(wanted: str, engine: Engine) -> Source:
    """What `latest`, an id, a label or a moment names.

    Raises UsageError with what there is: the ids of backups, or the window of moments.
    """
    at = moment(wanted)
    if at is None:
        try:
            backup = engine.find(wanted)
        except UsageError as error:
            hint = (
                ". Backups are named by their ids, not by files"
                if _RUNBOOK_FILE.fullmatch(wanted)
                else ""
            )
            raise UsageError(f"{error}{hint}") from error
        return Source(backup.taken_at, backup)
    window = engine.window()
    if window is None:
        raise UsageError(
            f"{rfc3339(at)} can't be restored: this database has no point in time (backups."
            f"archive, or backups.pointInTime with RDS){_before(at, engine)}"
        )
    if at not in window:
        raise UsageError(
            f"{rfc3339(at)} is outside what can be restored: {window}{_before(at, engine)}"
        )
    return Source(at)


def _before(at: datetime, engine: Engine) -> str:
    earlier = [backup for backup in engine.backups() if backup.taken_at <= at]
    if not earlier:
        return ". No backup is as old as that"
    newest = earlier[-1]
    return f". The last backup before it is {newest.id}, {ago(at - newest.taken_at)} earlier"
