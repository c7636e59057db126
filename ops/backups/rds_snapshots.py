"""The snapshots of RDS instances as backups: made by hand, by RDS itself, by AWS Backup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal

from ops.backups.model import TAG_LABEL, Backup
from ops.backups.rds_errors import asked

if TYPE_CHECKING:
    from mypy_boto3_backup.client import BackupClient
    from mypy_boto3_rds.client import RDSClient
    from mypy_boto3_rds.type_defs import DBSnapshotTypeDef, TagTypeDef

Origin = Literal["manual", "automated", "awsbackup"]
ORIGINS: Final[tuple[Origin, ...]] = ("manual", "automated", "awsbackup")
AVAILABLE: Final = "available"


def tags_of(tags: Iterable[TagTypeDef] | None) -> dict[str, str]:
    """AWS's list of tags as a map."""
    return {tag.get("Key", ""): tag.get("Value", "") for tag in tags or ()}


def tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """A map as AWS's list of tags; what AWS does not allow in a value becomes a blank."""
    return [
        {"Key": key, "Value": re.sub(r"[^\w .:/=+@-]", " ", value)[:256]}
        for key, value in tags.items()
    ]


def origin(identifier: str) -> Origin:
    """Who made a snapshot of that name: AWS keeps the prefixes to itself."""
    if identifier.startswith("rds:"):
        return "automated"
    return "awsbackup" if identifier.startswith("awsbackup:") else "manual"


def identifier(name_or_arn: str) -> str:
    """A snapshot's identifier, given that or its ARN."""
    return name_or_arn.partition(":snapshot:")[2] if name_or_arn.startswith("arn:") else name_or_arn


def of_instance(rds: RDSClient, instance: str) -> Iterator[DBSnapshotTypeDef]:
    """All snapshots of an instance, in any state, also where the instance is gone."""
    pages = rds.get_paginator("describe_db_snapshots")
    for kind in ORIGINS:
        with asked(f"listing the {kind} snapshots of {instance}"):
            for page in pages.paginate(DBInstanceIdentifier=instance, SnapshotType=kind):
                yield from page["DBSnapshots"]


def unfinished_points(backup: BackupClient, arn: str) -> set[str]:
    """Identifiers of the snapshots of an instance that AWS Backup does not vouch for (now).

    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByResource.html
    """
    pages = backup.get_paginator("list_recovery_points_by_resource")
    with asked(f"listing AWS Backup's recovery points of {arn}"):
        return {
            identifier(point["RecoveryPointArn"])
            for page in pages.paginate(ResourceArn=arn)
            for point in page["RecoveryPoints"]
            if point.get("Status") != "COMPLETED"
        }


def as_backup(snapshot: DBSnapshotTypeDef) -> Backup:
    """A snapshot as a backup. Its moment is the original's where it is a copy."""
    tags = tags_of(snapshot.get("TagList"))
    return Backup(
        id=snapshot["DBSnapshotIdentifier"],
        kind="snapshot",
        taken_at=snapshot.get("OriginalSnapshotCreateTime") or snapshot["SnapshotCreateTime"],
        label=tags.get(TAG_LABEL),
        tags=tags,
        complete=snapshot["Status"] == AVAILABLE,
    )
