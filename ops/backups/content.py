"""What a restored database holds, against what its backup says and what its source has now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ops.backups import model
from ops.backups.model import Backup, Check
from ops.backups.snapshot import Count, count, latest, reading
from ops.backups.tags import of_schema
from ops.database import Address, asking
from ops.errors import OpsError
from ops.times import rfc3339

NEAR: Final = "rows near the source"
COMMIT_SLACK: Final = timedelta(minutes=1)
"""How long before its commit a row's time may have been taken: such a row may be missing."""


@dataclass(frozen=True)
class Limits:
    """What is still good. `max_age` None: age is no question.

    Against a source that goes on, each table may differ by `tolerance_percent` of its rows, or by
    `tolerance_rows` where that is more. `moment`: what was restored to, where it is no backup's.
    """

    max_age: timedelta | None
    tolerance_percent: float = 5.0
    tolerance_rows: int = 10
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    moment: datetime | None = None


@dataclass(frozen=True)
class Content:
    """What a database holds at one moment."""

    counts: Mapping[str, Count]
    tags: Mapping[str, str]

    @property
    def newest(self) -> datetime | None:
        """The time of the newest row of all."""
        return latest([each.newest for each in self.counts.values()])

    @property
    def revision(self) -> str:
        """Alembic's; empty where there is none."""
        return self.tags.get(model.TAG_REVISION, "")


def compare(
    restored: Address, source: Address | None, backup: Backup | None, limits: Limits
) -> list[Check]:
    """Revision, rows and newest row. Raises where `restored` can't be read."""
    there = _read(restored)
    found, live = [], None
    if backup is not None and backup.rows is not None:
        found.append(_same_rows(backup.rows, there))
        found.append(_same_newest(backup.newest, there))
    moment = backup.taken_at if backup else limits.moment
    if source is not None:
        try:
            live = _read(source, moment)
        except OpsError as error:
            found.append(Check(NEAR, "unknown", str(error)))
    if live is not None:
        found.append(_near(there, live, limits))
        if moment is not None and (backup is None or backup.rows is None):
            found.append(_recent(there, live))
    return [*_revision(backup, there, live), *found]


def _read(address: Address, until: datetime | None = None) -> Content:
    with reading(address) as connection, asking(f"counting the rows of {address}"):
        return Content(count(connection, until), of_schema(connection))


def _revision(backup: Backup | None, there: Content, live: Content | None) -> list[Check]:
    """Revision and level as its tags say. One that we did not tag must have what the source has."""
    name = "alembic revision"
    if backup is None:
        return []
    keys = (model.TAG_REVISION, model.TAG_LEVEL)
    wanted = {key: backup.tags[key] for key in keys if key in backup.tags}
    has = {key: there.tags[key] for key in keys if key in there.tags}
    told = " level ".join(has.values()) or "none"
    if backup.kind == "snapshot" and not wanted:
        if live is not None and live.revision and not there.revision:
            return [Check(name, "bad", f"none, and the source has {live.revision}")]
        return [Check(name, "good", f"{told}; no tag says what it was")]
    if wanted != has:
        expected = " level ".join(wanted.values()) or "none"
        return [Check(name, "bad", f"{told}, and the backup's is {expected}")]
    return [Check(name, "good", told)]


def _same_rows(wanted: Mapping[str, int], there: Content) -> Check:
    name = "rows as in the backup"
    has = {table: each.rows for table, each in there.counts.items()}
    different = [
        f"{table} has {_rows(has.get(table))}, had {_rows(wanted.get(table))}"
        for table in sorted(wanted.keys() | has.keys())
        if wanted.get(table) != has.get(table)
    ]
    if different:
        return Check(name, "bad", "; ".join(different))
    return Check(name, "good", f"{sum(wanted.values()):,} in {len(wanted)} tables")


def _same_newest(wanted: datetime | None, there: Content) -> Check:
    told = rfc3339(there.newest) if there.newest else "no row says when it was written"
    if there.newest != wanted:
        was = rfc3339(wanted) if wanted else "none"
        return Check("newest row", "bad", f"{told}, and the backup's is {was}")
    return Check("newest row", "good", told)


def _near(there: Content, live: Content, limits: Limits) -> Check:
    """Rows against a source that goes on. With another revision it may have other tables."""
    tables = there.counts.keys() & live.counts.keys()
    if there.revision == live.revision:
        tables = there.counts.keys() | live.counts.keys()
    far = []
    for table in sorted(tables):
        mine, theirs = (_rows_of(each, table) for each in (there, live))
        allowed = max(limits.tolerance_rows, (theirs or 0) * limits.tolerance_percent / 100)
        if mine is None or theirs is None or abs(mine - theirs) > allowed:
            far.append(f"{table} has {_rows(mine)}, the source has {_rows(theirs)}")
    if far:
        return Check(NEAR, "bad", "; ".join(far))
    return Check(NEAR, "good", f"{len(tables)} tables within {limits.tolerance_percent:g} %")


def _recent(there: Content, live: Content) -> Check:
    """The newest row is what the source had by then; `live` was read up to that moment."""
    told = rfc3339(there.newest) if there.newest else "no row says when it was written"
    if live.newest and (there.newest is None or there.newest < live.newest - COMMIT_SLACK):
        return Check("newest row", "bad", f"{told}, and the source's is {rfc3339(live.newest)}")
    return Check("newest row", "good", told)


def _rows_of(content: Content, table: str) -> int | None:
    found = content.counts.get(table)
    return None if found is None else found.rows


def _rows(count: int | None) -> str:
    return "no such table" if count is None else f"{count:,} rows"
