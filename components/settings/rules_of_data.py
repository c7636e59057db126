"""Rules of data and watching: what production must have, storage, generations, thresholds."""

from collections.abc import Iterator
from typing import Final

from components.settings.data import GenerationSettings, RdsSettings
from components.settings.problem import (
    Problem,
    remove_command,
    set_command,
    shown,
    typed,
)
from components.settings.sound import Sound
from components.settings.watching import LatencyThreshold, PercentThreshold

LONGEST_CONTINUOUS_BACKUP: Final = 35
"""Days; https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html"""
_LEAST_GROWTH_PERCENT: Final = 10
"""https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html"""


def production_database_survives(sound: Sound) -> Iterator[Problem]:
    """Production has a database that outlives a zone, a slip and a busy reader."""
    if sound.environment != "production" or sound.database is None:
        return
    if not isinstance(sound.database, RdsSettings):
        yield Problem(
            typed("database.kind"),
            f"is {shown(sound.database.kind)} in production, where replica, Multi-AZ and "
            "protection can't be seen",
            "rds",
            set_command("database.kind", "rds"),
        )
        return
    required = {
        "multiAz": sound.database.multi_az,
        "replica": sound.database.replica,
        "deletionProtection": sound.database.deletion_protection,
    }
    yield from (_must_be_on(f"database.{name}") for name, is_on in required.items() if not is_on)


def production_backups_are_hourly(sound: Sound) -> Iterator[Problem]:
    """Production is backed up each hour, and can be restored to any moment."""
    if sound.environment != "production" or sound.backups is None:
        return
    if sound.backups.schedule != "hourly":
        yield Problem(
            typed("backups.schedule"),
            f"is {shown(sound.backups.schedule)} in production",
            "hourly",
            set_command("backups.schedule", "hourly"),
        )
    if not sound.backups.point_in_time:
        yield _must_be_on("backups.pointInTime")


def _must_be_on(path: str) -> Problem:
    return Problem(typed(path), "is false in production", "true", set_command(path, "true"))


def storage_can_grow(sound: Sound) -> Iterator[Problem]:
    """RDS wants the limit of storage a tenth above its beginning."""
    if not isinstance(sound.database, RdsSettings):
        return
    start, limit = sound.database.allocated_storage, sound.database.max_allocated_storage
    least = -(-start * (100 + _LEAST_GROWTH_PERCENT) // 100)
    if limit < least:
        yield Problem(
            typed("database.maxAllocatedStorage"),
            f"is {limit}, and allocatedStorage is {start}",
            f"a whole number of GiB, {least} or more",
            set_command("database.maxAllocatedStorage", str(least)),
        )


def generations_fit(sound: Sound) -> Iterator[Problem]:
    """Generations have names of their own, come from somewhere, and the current one is there."""
    if not isinstance(sound.database, RdsSettings):
        return
    names = [each.name for each in sound.database.generations]
    if sound.database.current not in names:
        yield Problem(
            typed("database.current"),
            f"is {shown(sound.database.current)}, which is no generation",
            f"one of {', '.join(names)}",
            set_command("database.current", names[-1]),
        )
    for position, generation in enumerate(sound.database.generations):
        path = f"database.generations[{position}]"
        if generation.name in names[:position]:
            yield Problem(
                typed(f"{path}.name"),
                f"is {shown(generation.name)}, as of a generation before",
                "a name that no other generation has",
                set_command(f"{path}.name", _free(names)),
            )
        yield from _source(path, generation, names[:position])


def _source(path: str, generation: GenerationSettings, before: list[str]) -> Iterator[Problem]:
    source = generation.source
    if source is None:
        return
    by_snapshot = source.snapshot is not None
    by_time = source.generation is not None and source.time is not None
    has_half = (source.generation is None) != (source.time is None)
    if by_snapshot == by_time or has_half:
        yield Problem(
            typed(f"{path}.source"),
            f"is {shown(source.model_dump(by_alias=True, exclude_none=True))}",
            "either snapshot, or generation and time",
            f"{remove_command(f'{path}.source')} && "
            f"{set_command(f'{path}.source.snapshot', 'NAME')}",
        )
    elif by_time and source.generation not in before:
        yield Problem(
            typed(f"{path}.source.generation"),
            f"is {shown(source.generation)}, which is no generation before this one",
            ", ".join(before) or "none: this is the first generation, without a source",
            set_command(f"{path}.source.generation", before[-1])
            if before
            else remove_command(f"{path}.source"),
        )


def _free(names: list[str]) -> str:
    return next(name for number in range(1, 999) if (name := f"g{number}") not in names)


def backups_can_be_kept(sound: Sound) -> Iterator[Problem]:
    """History for any moment is kept 35 days at most, and a copy is in another region."""
    if sound.backups is None:
        return
    days = sound.backups.retention_days
    if sound.backups.point_in_time and days > LONGEST_CONTINUOUS_BACKUP:
        yield Problem(
            typed("backups.retentionDays"),
            f"is {days}, and pointInTime is true",
            f"a whole number of days, 1 to {LONGEST_CONTINUOUS_BACKUP} with pointInTime",
            set_command("backups.retentionDays", str(LONGEST_CONTINUOUS_BACKUP)),
        )
    if sound.region and sound.backups.copy_to_region == sound.region:
        yield Problem(
            typed("backups.copyToRegion"),
            f"is {shown(sound.region)}, the stack's own region (aws:region)",
            "an AWS region other than the stack's own",
            remove_command("backups.copyToRegion"),
        )


def thresholds_are_in_order(sound: Sound) -> Iterator[Problem]:
    """What is normal lies below what alarms."""
    if sound.alerts is None:
        return
    for attribute, field in type(sound.alerts).model_fields.items():
        threshold = getattr(sound.alerts, attribute)
        if not isinstance(threshold, PercentThreshold | LatencyThreshold):
            continue
        if threshold.normal >= threshold.alert:
            path = f"alerts.{field.alias}"
            default = field.get_default()
            yield Problem(
                typed(f"{path}.alert"),
                f"is {threshold.alert:g}, and normal is {threshold.normal:g}",
                f"a number above normal; the runbook's is {default.alert:g}, with normal "
                f"{default.normal:g}",
                f"{set_command(f'{path}.alert', f'{default.alert:g}')} && "
                f"{set_command(f'{path}.normal', f'{default.normal:g}')}",
            )


RULES: Final = (
    production_database_survives,
    production_backups_are_hourly,
    storage_can_grow,
    generations_fit,
    backups_can_be_kept,
    thresholds_are_in_order,
)
