"""Proof that a backup can be restored: it is restored, and what came out is checked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ops import failpoint
from ops.backups import integrity, model
from ops.backups.content import Limits, compare
from ops.backups.engine import Engine, Say
from ops.backups.model import Backup, Check, Verdict
from ops.checklist import worst
from ops.database import Address
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.times import ago, rfc3339, stamp

__all__ = ["AGE", "Limits", "Report", "check", "enforce", "verify", "worst"]

AGE: Final = "age"


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
    found += _asked("rows", lambda: compare(restored, source, backup, limits))
    found += _asked(integrity.CONSTRAINTS, lambda: [integrity.constraints(restored, source)])
    found += _asked(integrity.AMCHECK, lambda: [integrity.amcheck(restored)])
    return found


def enforce(checks: list[Check], title: str) -> None:
    """Raise Refused if a check is bad, CouldNotFindOut if one is unknown."""
    verdict = worst(checks)
    if verdict == "good":
        return
    told = "\n".join(f"  {each}" for each in checks if each.verdict != "good") or "  no check ran"
    raise (Refused if verdict == "bad" else CouldNotFindOut)(f"{title}:\n{told}")


def _age(backup: Backup, limits: Limits) -> Check:
    age, most = limits.now - backup.taken_at, limits.max_age or timedelta.max
    verdict: Verdict = "good" if age <= most else "bad"
    return Check(AGE, verdict, f"taken {ago(age)} ago, at most {ago(most)} is allowed")


def _tags(report: Report) -> dict[str, str]:
    """What the verdict is worth on the backup: an old one that is sound has not failed."""
    if report.verdict == "good":
        return {
            model.TAG_VERIFIED_AT: stamp(report.finished_at),
            model.TAG_VERIFIED_SECONDS: str(report.restore_seconds),
        }
    if any(each.verdict == "bad" and each.name != AGE for each in report.checks):
        return {model.TAG_FAILED_AT: stamp(report.finished_at)}
    return {}


def _asked(name: str, ask: Callable[[], list[Check]]) -> list[Check]:
    try:
        return ask()
    except OpsError as error:
        return [Check(name, "unknown", str(error))]
