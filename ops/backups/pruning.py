"""What may go: never the newest, the last proven one, or what a kept one or a restore needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ops.backups.manifest import BaseManifest
from ops.backups.model import TAG_RESTORE, Backup


def dumps(backups: Sequence[Backup], keep: timedelta, now: datetime) -> list[Backup]:
    """The dumps that are older than `keep` and not needed. `backups` are oldest first."""
    if not backups:
        return []
    proven = [backup for backup in backups if backup.verified_at]
    needed = {backups[-1].id, *(backup.id for backup in proven[-1:])}
    return [
        backup
        for backup in backups
        if now - backup.taken_at > keep
        and backup.id not in needed
        and TAG_RESTORE not in backup.tags
    ]


def bases(there: Sequence[BaseManifest], keep: timedelta, now: datetime) -> list[BaseManifest]:
    """The base backups that no moment within `keep` starts from. The newest always stays."""
    ordered = sorted(there, key=lambda base: base.ended_at)
    old = [base for base in ordered if now - base.ended_at > keep]
    return old[:-1]
