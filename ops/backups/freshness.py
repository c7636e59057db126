"""Whether there is something fresh and proven to go back to (hard to undo: asked before it is)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ops.backups.model import Backup, Window
from ops.operations import BackupFacts
from ops.times import ago, rfc3339

CLOCK_SLACK: Final = timedelta(minutes=5)
"""How far two clocks may be apart before a time in the future is called wrong."""


def problems(
    backups: Sequence[Backup], window: Window | None, facts: BackupFacts, now: datetime
) -> list[str]:
    """Why there is no fresh restore point or no fresh proof, each with what to do; empty: both are.

    A restore point is a complete backup or the latest moment of the window. Proof is a backup whose
    restore was verified. `now` is aware.
    """
    return [
        *_restore_point(backups, window, timedelta(minutes=facts.max_age_minutes), now),
        *_proof(backups, timedelta(days=facts.verified_within_days), now),
    ]


def _restore_point(
    backups: Sequence[Backup], window: Window | None, limit: timedelta, now: datetime
) -> list[str]:
    moments = [backup.taken_at for backup in backups if backup.complete]
    moments += [window.latest] if window else []
    todo = "Take one: scripts/backup_production_db.py"
    believed = [moment for moment in moments if moment <= now + CLOCK_SLACK]
    if not believed:
        future = f" but one of {rfc3339(max(moments))}, in the future" if moments else ""
        return [f"there is no restore point{future}. {todo}"]
    age = now - max(believed)
    if age > limit:
        return [
            f"the newest restore point is {ago(age)} old ({rfc3339(max(believed))}), at most "
            f"{ago(limit)} is allowed (backups.maxAgeMinutes). {todo}"
        ]
    return []


def _proof(backups: Sequence[Backup], limit: timedelta, now: datetime) -> list[str]:
    todo = "Prove one: scripts/verify_backup.py latest"
    proofs = [
        (backup.verified_at, backup)
        for backup in backups
        if backup.complete and backup.verified_at and backup.verified_at <= now + CLOCK_SLACK
    ]
    if not proofs:
        return [f"no backup was ever proven by a restore. {todo}"]
    moment, backup = max(proofs, key=lambda proof: (proof[0], proof[1].id))
    age = now - moment
    if age > limit:
        return [
            f"the last backup proven by a restore is {backup.id}, {ago(age)} ago; at most "
            f"{ago(limit)} is allowed (backups.verifiedWithinDays). {todo}"
        ]
    return []
