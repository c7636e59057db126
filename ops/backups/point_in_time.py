"""Which moments of a plain PostgreSQL can be restored, and out of what."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ops.backups import archive, base, pruning
from ops.backups.archive import Archive
from ops.backups.engine import Say
from ops.backups.manifest import BaseManifest
from ops.backups.model import Window
from ops.backups.recovery import Plan
from ops.backups.shelf import Shelf
from ops.database import Address, administer, asking, one
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.times import rfc3339

BASE_EVERY: Final = timedelta(days=1)
ARCHIVE_SECONDS: Final = 30.0
"""How long a finished segment may take into the archive, until what is there has to do."""
POLL_SECONDS: Final = 0.1


@dataclass(frozen=True)
class _Reach:
    """What there is: usable bases with the oldest first, all segments, and their latest moment.

    `beyond`: a commit later than `latest` is archived, so that a replay can stop between the two.
    """

    bases: list[BaseManifest]
    names: list[str]
    latest: datetime | None
    beyond: bool


@dataclass(frozen=True)
class PointInTime:
    """Base backups of a server, and the WAL that it archives."""

    admin: Address
    bases: Shelf[BaseManifest]
    wal: Archive

    def window(self) -> Window | None:
        """From the end of the oldest base with all WAL behind it, to what is archived.

        A server that answers is made to archive up to now.
        """
        return _window(self._reach())

    def plan(self, moment: datetime) -> Plan:
        """What to replay. Raises UsageError outside of the window, Refused where WAL is missing."""
        reach = self._reach()
        window = _window(reach)
        fitting = [each for each in reach.bases if each.ended_at <= moment]
        if window is None or moment not in window:
            self._refuse_gap(reach, moment)
            raise UsageError(
                f"{rfc3339(moment)} can't be restored: "
                + (f"the window is {window}" if window else "there is no base backup with WAL yet")
            )
        chosen = fitting[-1]
        is_end = not reach.beyond and moment >= window.latest
        return Plan(
            base=chosen,
            segments=archive.since(reach.names, chosen.start_segment, chosen.segment_bytes),
            until=None if is_end else moment,
            last=window.latest,
        )

    def push(self) -> datetime:
        """Have the server archive all until now; returns that moment, once it is in the archive.

        Raises Refused where it archives nothing, CouldNotFindOut where that does not arrive.
        """
        with administer(self.admin) as connection, asking("having the server archive its WAL"):
            if one(connection, "SHOW archive_mode") == "off":
                raise Refused(
                    f"{self.admin.host}:{self.admin.port} archives no WAL (archive_mode = off): "
                    "set archive_mode and archive_command, or unset backups.archive"
                )
            now: datetime = one(connection, "SELECT clock_timestamp()")
            # A commit behind `now`: a replay stops at the first one that is later.
            connection.execute("SELECT pg_current_xact_id()")
            segment = one(connection, "SELECT pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + ARCHIVE_SECONDS
        while time.monotonic() < deadline:
            try:
                self.wal.store.size(segment)
            except FileNotFoundError:
                time.sleep(POLL_SECONDS)
            else:
                return now
        raise CouldNotFindOut(
            f"the WAL segment {segment} was not in {self.wal.store.place} after "
            f"{ARCHIVE_SECONDS:g} s: see whether archive_command and backups.archive mean the same "
            "place, and pg_stat_archiver for what the server says"
        )

    def renew(self, say: Say) -> None:
        """See that WAL is archived; take a base backup if the newest usable one is a day old."""
        self.push()
        self.bases.sweep(say)
        names = self.wal.names()
        usable = [each for each in self._whole() if not _gap(names, each)]
        if not usable or datetime.now(UTC) - usable[-1].ended_at > BASE_EVERY:
            base.take(self.admin, self.bases, say)

    def prune(self, keep: timedelta, say: Say) -> None:
        """Delete bases that no moment within `keep` needs, and WAL that no other one needs."""
        there = self._whole()
        old = pruning.bases(there, keep, datetime.now(UTC))
        for each in old:
            self.bases.remove(each.id)
            say(f"removed the base backup {each.id}: older than {keep.days} days, not needed")
        needed = [each for each in there if each not in old]
        if needed:
            count = self.wal.prune(needed[0].start_segment, needed[0].segment_bytes)
            say(f"removed {count} WAL segments that no base backup needs")

    def _whole(self) -> list[BaseManifest]:
        found = [each.manifest for each in self.bases.entries() if each.manifest and each.intact]
        return sorted(found, key=lambda each: each.ended_at)

    def _reach(self) -> _Reach:
        whole = self._whole()
        if not whole:
            return _Reach([], [], None, beyond=False)
        pushed = self._pushed(whole[-1].system_identifier)
        names = self.wal.names()
        usable = [
            each
            for each in whole
            if archive.since(names, each.start_segment, each.segment_bytes)
            and not _gap(names, each)
        ]
        latest = pushed
        if usable and pushed is None:
            newest = usable[-1]
            behind = archive.since(names, newest.start_segment, newest.segment_bytes)
            latest = self.wal.last_commit(behind, newest.major)
        return _Reach(usable, names, latest, beyond=pushed is not None)

    def _pushed(self, system: str) -> datetime | None:
        """Up to when the server archived just now; None where it can't, or is another one."""
        try:
            with administer(self.admin) as connection, asking("asking which server this is"):
                query = "SELECT system_identifier::text FROM pg_control_system()"
                if one(connection, query) != system:
                    return None
            return self.push()
        except OpsError:  # what is in the archive is there all the same
            return None

    def _refuse_gap(self, reach: _Reach, moment: datetime) -> None:
        """If only a missing segment keeps the moment from being restored, say which."""
        before = [each for each in self._whole() if each.ended_at <= moment]
        missing = _gap(reach.names, before[-1]) if before else None
        if missing and (reach.latest is None or moment <= reach.latest):
            raise Refused(
                f"{rfc3339(moment)} can't be restored: the WAL segment {missing} is missing in "
                f"{self.wal.store.place}, and the base backup {before[-1].id} needs it. Put it "
                "back there, or choose a moment after the next base backup"
            )


def _gap(names: list[str], each: BaseManifest) -> str | None:
    return archive.gap(names, each.start_segment, each.segment_bytes)


def _window(reach: _Reach) -> Window | None:
    if not reach.bases or reach.latest is None or reach.bases[0].ended_at > reach.latest:
        return None
    return Window(reach.bases[0].ended_at, reach.latest)
