"""When AWS Backup backs up the database, and how long each backup is kept; pure."""

from typing import Final

from components.aws import Properties
from components.settings import BackupsSettings

HOURLY_KEPT_DAYS: Final = 2
"""48 hours; further back the daily snapshots and the history are there."""
LONGEST_CONTINUOUS_DAYS: Final = 35

HOURLY_AT: Final = "cron(0 * * * ? *)"
DAILY_AT: Final = "cron(0 2 * * ? *)"
CONTINUOUS_AT: Final = "cron(0 5 * * ? *)"
"""UTC. Of two rules of one plan whose start windows overlap AWS Backup runs the one that keeps
longer, so the daily snapshot takes an hourly one's place, and the history is a plan of its own;
https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html"""
START_WITHIN_MINUTES: Final = 60
"""The shortest that AWS Backup offers."""
HOURLY_DONE_WITHIN_MINUTES: Final = 180
DONE_WITHIN_MINUTES: Final = 720

LATEST_HOURLY_MINUTES: Final = 180
LATEST_DAILY_MINUTES: Final = 1560
"""Age that the newest snapshot reaches without a fault: the interval, an hour for a late start,
an hour for the maintenance window or for taking it."""


def plans(
    settings: BackupsSettings, vault: object, copies: object | None
) -> dict[str, list[Properties]]:
    """Rules by plan. `vault` is the vault's name, `copies` the ARN of the one in another region."""
    snapshots = [_rule("daily", DAILY_AT, settings.retention_days, vault, copies)]
    if settings.schedule == "hourly":
        hourly = _rule("hourly", HOURLY_AT, HOURLY_KEPT_DAYS, vault, copies)
        snapshots.append({**hourly, "completionWindow": HOURLY_DONE_WITHIN_MINUTES})
    found: dict[str, list[Properties]] = {"snapshots": snapshots}
    if settings.point_in_time:
        days = min(settings.retention_days, LONGEST_CONTINUOUS_DAYS)
        # Without a copy: it would be a snapshot once more, as the daily one's copy is already.
        history = _rule("continuous", CONTINUOUS_AT, days, vault, None)
        found["continuous"] = [{**history, "enableContinuousBackup": True}]
    return found


def kept_days(settings: BackupsSettings) -> tuple[int, int]:
    """The shortest and the longest time that any backup is kept."""
    hourly = HOURLY_KEPT_DAYS if settings.schedule == "hourly" else settings.retention_days
    return min(hourly, settings.retention_days), max(hourly, settings.retention_days)


def latest_minutes(settings: BackupsSettings) -> int:
    """Age of the newest snapshot from which on something is wrong."""
    usual = LATEST_HOURLY_MINUTES if settings.schedule == "hourly" else LATEST_DAILY_MINUTES
    return max(usual, settings.max_age_minutes)


def _rule(name: str, when: str, days: int, vault: object, copies: object | None) -> Properties:
    lifecycle = {"deleteAfter": days}
    rule: dict[str, object] = {
        "ruleName": name,
        "targetVaultName": vault,
        "schedule": when,
        "startWindow": START_WITHIN_MINUTES,
        "completionWindow": DONE_WITHIN_MINUTES,
        "lifecycle": lifecycle,
    }
    if copies is not None:
        rule["copyActions"] = [{"destinationVaultArn": copies, "lifecycle": lifecycle}]
    return rule
