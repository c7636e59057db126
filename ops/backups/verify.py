"""Proof that a backup can be restored: it is restored, and what came out is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ops import failpoint
from ops.backups import integrity, model
from ops.backups.engine import Engine, Say
from ops.backups.model import Backup, Check, Verdict, ago, rfc3339
from ops.backups.snapshot import Count, count, latest, reading
from ops.backups.tags import of_schema
from ops.database import Address, asking
from ops.errors import CouldNotFindOut, OpsError, Refused

AGE: Final = "age"
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
class Report:
    """One verification. `restore_seconds` is None where it did not come to a restore."""

    backup: Backup
    started_at: datetime
    finished_at: datetime
    restore_seconds: float | None
    checks: list[Check]

    @property
    def verdict(self) -> Verdict:
        """Good only if every check is."""
        return worst(self.checks)

    def as_data(self) -> dict[str, Any]:
        """As it is kept and printed."""
        return {
            "backup": self.backup.id,
            "takenAt": rfc3339(self.backup.taken_at),
            "verdict": self.verdict,
            "startedAt": rfc3339(self.started_at),
            "finishedAt": rfc3339(self.finished_at),
            "restoreSeconds": self.restore_seconds,
            "tags": dict(self.backup.tags),
            "checks": [
                {"name": each.name, "verdict": each.verdict, "detail": each.detail}
                for each in self.checks
            ],
        }


def verify(
    engine: Engine, backup: Backup, source_url: str | None, limits: Limits, say: Say
) -> Report:
    """Restore `backup` into a scratch, check it, keep the report and tag the verdict on it.

    The scratch is gone afterwards; of a killed run, the next one takes it away.
    """
    started = datetime.now(UTC)
    seconds = None
    checks = [_age(backup, limits)] if limits.max_age else []
    say(f"verifying {backup.id}, taken {ago(limits.now - backup.taken_at)} ago")
    checks += engine.examine(backup, say)
    if worst(each for each in checks if each.name != AGE) == "good":
        with engine.scratch(f"verify {backup.id}") as name:
            begun = time.monotonic()
            try:
                url = engine.restore(backup, name, say)
            except (Refused, CouldNotFindOut) as error:
                verdict: Verdict = "bad" if isinstance(error, Refused) else "unknown"
                checks.append(Check("restore", verdict, str(error)))
            else:
                seconds = round(time.monotonic() - begun, 1)
                checks.append(Check("restore", "good", f"took {seconds} s"))
                failpoint.reach("verify.restored")
                say("checking what was restored")
                checks += check(source_url, url, backup, replace(limits, max_age=None))
                failpoint.reach("verify.checked")
    report = Report(backup, started, datetime.now(UTC), seconds, checks)
    engine.keep_report(backup, report.as_data())
    if tags := _tags(report):
        engine.tag(backup, tags)
    failpoint.reach("verify.tagged")
    return report


def check(
    source_url: str | None, restored_url: str, backup: Backup | None, limits: Limits
) -> list[Check]:
    """Whether a restored database is what `backup` has, sound, and near its source; read only.

    Without a `backup` (a moment was restored) what it would say is not asked, nor is the age
    without `limits.max_age`.
    """
    restored = Address.parse(restored_url)
    source = Address.parse(source_url) if source_url else None
    found = [_age(backup, limits)] if backup and limits.max_age else []
    found += _asked("rows", lambda: _content(restored, source, backup, limits))
    found += _asked(integrity.CONSTRAINTS, lambda: [integrity.constraints(restored, source)])
    found += _asked(integrity.AMCHECK, lambda: [integrity.amcheck(restored)])
    return found


def worst(checks: Iterable[Check]) -> Verdict:
    """Bad if one is bad, unknown if one is unknown or there is none, else good."""
    verdicts = {each.verdict for each in checks}
    if "bad" in verdicts:
        return "bad"
    return "good" if verdicts == {"good"} else "unknown"


def enforce(checks: list[Check], title: str) -> None:
    """Raise Refused if a check is bad, CouldNotFindOut if one is unknown."""
    verdict = worst(checks)
    if verdict == "good":
        return
    told = "\n".join(f"  {each}" for each in checks if each.verdict != "good") or "  no check ran"
    raise (Refused if verdict == "bad" else CouldNotFindOut)(f"{title}:\n{told}")


@dataclass(frozen=True)
class _Content:
    """What a database holds at one moment."""

    counts: Mapping[str, Count]
    tags: Mapping[str, str]

    @property
    def newest(self) -> datetime | None:
        return latest([each.newest for each in self.counts.values()])

    @property
    def revision(self) -> str:
        return self.tags.get(model.TAG_REVISION, "")


def _content(
    restored: Address, source: Address | None, backup: Backup | None, limits: Limits
) -> list[Check]:
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


def _read(address: Address, until: datetime | None = None) -> _Content:
    with reading(address) as connection, asking(f"counting the rows of {address}"):
        return _Content(count(connection, until), of_schema(connection))


def _age(backup: Backup, limits: Limits) -> Check:
    age, most = limits.now - backup.taken_at, limits.max_age or timedelta.max
    verdict: Verdict = "good" if age <= most else "bad"
    return Check(AGE, verdict, f"taken {ago(age)} ago, at most {ago(most)} is allowed")


def _revision(backup: Backup | None, there: _Content, live: _Content | None) -> list[Check]:
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


def _same_rows(wanted: Mapping[str, int], there: _Content) -> Check:
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


def _same_newest(wanted: datetime | None, there: _Content) -> Check:
    told = rfc3339(there.newest) if there.newest else "no row says when it was written"
    if there.newest != wanted:
        was = rfc3339(wanted) if wanted else "none"
        return Check("newest row", "bad", f"{told}, and the backup's is {was}")
    return Check("newest row", "good", told)


def _near(there: _Content, live: _Content, limits: Limits) -> Check:
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


def _recent(there: _Content, live: _Content) -> Check:
    """The newest row is what the source had by then; `live` was read up to that moment."""
    told = rfc3339(there.newest) if there.newest else "no row says when it was written"
    if live.newest and (there.newest is None or there.newest < live.newest - COMMIT_SLACK):
        return Check("newest row", "bad", f"{told}, and the source's is {rfc3339(live.newest)}")
    return Check("newest row", "good", told)


def _tags(report: Report) -> dict[str, str]:
    """What the verdict is worth on the backup: an old one that is sound has not failed."""
    if report.verdict == "good":
        return {
            model.TAG_VERIFIED_AT: rfc3339(report.finished_at.replace(microsecond=0)),
            model.TAG_VERIFIED_SECONDS: str(report.restore_seconds),
        }
    if any(each.verdict == "bad" and each.name != AGE for each in report.checks):
        return {model.TAG_FAILED_AT: rfc3339(report.finished_at.replace(microsecond=0))}
    return {}


def _asked(name: str, ask: Callable[[], list[Check]]) -> list[Check]:
    try:
        return ask()
    except OpsError as error:
        return [Check(name, "unknown", str(error))]


def _rows_of(content: _Content, table: str) -> int | None:
    found = content.counts.get(table)
    return None if found is None else found.rows


def _rows(count: int | None) -> str:
    return "no such table" if count is None else f"{count:,} rows"
