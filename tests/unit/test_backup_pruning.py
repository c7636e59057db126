"""What is deleted, and above all what is not."""

from datetime import UTC, datetime, timedelta

from ops.backups import pruning
from ops.backups.manifest import BaseManifest
from ops.backups.model import TAG_RESTORE, TAG_VERIFIED_AT, Backup
from ops.times import rfc3339

NOW = datetime(2025, 10, 14, 12, 0, tzinfo=UTC)
KEEP = timedelta(days=35)


def dump(days: float, *, proven: bool = False, restore: str = "") -> Backup:
    taken = NOW - timedelta(days=days)
    tags = {TAG_VERIFIED_AT: rfc3339(taken)} if proven else {}
    tags |= {TAG_RESTORE: restore} if restore else {}
    return Backup(f"{days} days", "dump", taken, tags=tags)


def base(days: float) -> BaseManifest:
    ended = NOW - timedelta(days=days)
    return BaseManifest(
        id=f"{days} days",
        began_at=ended,
        ended_at=ended,
        start_segment="000000010000000000000001",
        segment_bytes=1 << 24,
        system_identifier="1",
        server_version="PostgreSQL 15",
        major=15,
        cluster_bytes=1,
        size_bytes=1,
        sha256="",
        preload="",
        superuser="postgres",
    )


def test_dumps_older_than_the_retention_go_once_there_is_a_newer_one() -> None:
    there = [dump(40), dump(36), dump(34), dump(1)]
    assert pruning.dumps(there, KEEP, NOW) == [dump(40), dump(36)]


def test_the_newest_dump_stays_however_old_it_is() -> None:
    assert pruning.dumps([dump(90), dump(80)], KEEP, NOW) == [dump(90)]


def test_the_newest_proven_dump_stays_as_long_as_no_newer_one_is_proven() -> None:
    there = [dump(60, proven=True), dump(50, proven=True), dump(40), dump(1)]
    assert pruning.dumps(there, KEEP, NOW) == [dump(60, proven=True), dump(40)]
    proven_again = [*there[:-1], dump(1, proven=True)]
    assert pruning.dumps(proven_again, KEEP, NOW) == proven_again[:-1]


def test_what_a_restore_replaced_stays() -> None:
    kept = dump(60, restore="r1")
    assert pruning.dumps([kept, dump(1)], KEEP, NOW) == []


def test_with_no_dump_there_is_nothing_to_delete() -> None:
    assert pruning.dumps([], KEEP, NOW) == []


def test_the_base_that_the_oldest_kept_moments_start_from_stays() -> None:
    there = [base(1), base(50), base(36), base(34)]
    assert pruning.bases(there, KEEP, NOW) == [base(50)]


def test_the_only_base_stays_however_old_it_is() -> None:
    assert pruning.bases([base(90)], KEEP, NOW) == []
