"""RDS instances: looked at, waited for, made by a restore, let into, deleted where scratch."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ops.backups.engine import Say
from ops.backups.rds_errors import answered, asked
from ops.backups.rds_snapshots import AVAILABLE, tag_list
from ops.backups.rds_waiting import Patience
from ops.database import Address
from ops.database import connect as connect_database
from ops.errors import CouldNotFindOut, Refused, UsageError

if TYPE_CHECKING:
    from mypy_boto3_rds.client import RDSClient
    from mypy_boto3_rds.type_defs import DBInstanceTypeDef

DELETING: Final = "deleting"
_BROKEN: Final = {"failed", "incompatible-restore", "restore-error", "storage-full"}
_PASSWORD_LETTERS: Final = string.ascii_letters + string.digits


def _knock(url: str) -> None:
    connect_database(url).close()


class NoInstance(UsageError):
    """AWS says that there is no instance of that name."""


@dataclass(frozen=True)
class Instances:
    """The instances of one account and region. `knock` raises UsageError for a wrong password."""

    rds: RDSClient
    patience: Patience = field(default_factory=Patience)
    knock: Callable[[str], None] = _knock

    def look(self, name: str) -> DBInstanceTypeDef | None:
        """The instance, None where there is none of that name."""
        try:
            with asked(f"looking at the RDS instance {name}"):
                return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        except UsageError as error:
            if answered(error, "DBInstanceNotFound"):
                return None
            raise

    def require(self, name: str) -> DBInstanceTypeDef:
        """The instance. Raises NoInstance where there is none, UsageError for no PostgreSQL."""
        found = self.look(name)
        if found is None:
            raise NoInstance(
                f"there is no RDS instance {name} in {self.rds.meta.region_name}: look at "
                "AWS_REGION and the account (`aws sts get-caller-identity`), or at who deleted it"
            )
        if found["Engine"] != "postgres":
            raise UsageError(
                f"the RDS instance {name} runs {found['Engine']}, and this project's database is "
                "PostgreSQL: look at which instance the stack names"
            )
        return found

    def every(self) -> list[DBInstanceTypeDef]:
        """All of them."""
        with asked("listing the RDS instances"):
            pages = self.rds.get_paginator("describe_db_instances").paginate()
            return [each for page in pages for each in page["DBInstances"]]

    def wait(self, name: str, say: Say) -> DBInstanceTypeDef:
        """The instance, once it is available. Raises Refused if it breaks or is deleted."""

        def look() -> tuple[DBInstanceTypeDef | None, str]:
            instance = self.look(name)
            if instance is None or instance["DBInstanceStatus"] == DELETING:
                raise Refused(
                    f"the RDS instance {name} is gone: somebody deleted it in the middle. Look who "
                    "did that, then run this again"
                )
            status = instance["DBInstanceStatus"]
            if status in _BROKEN:
                raise Refused(
                    f"the RDS instance {name} is {status}. Look at its events (`aws rds "
                    f"describe-events --source-type db-instance --source-identifier {name}`)"
                )
            pending = instance.get("PendingModifiedValues") or {}
            ready = status == AVAILABLE and "MasterUserPassword" not in pending
            return (instance if ready else None), f"instance {name}: {status}"

        return self.patience.wait(f"the instance {name}", look, say)

    def from_snapshot(self, snapshot: str, name: str, like: Mapping[str, Any]) -> None:
        """Begin to restore a snapshot into a new instance; `like` is from `beside`."""
        with asked(f"restoring the snapshot {snapshot} into the new instance {name}"):
            self.rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot, **like
            )

    def at_moment(self, source: str, moment: datetime, name: str, like: Mapping[str, Any]) -> None:
        """Begin to restore another instance as it was at a moment into a new one."""
        with asked(f"restoring {source} as of {moment} into the new instance {name}"):
            self.rds.restore_db_instance_to_point_in_time(
                SourceDBInstanceIdentifier=source,
                TargetDBInstanceIdentifier=name,
                RestoreTime=moment,
                **like,
            )

    def admit(self, name: str, database: str, say: Say) -> str:
        """Give a restored instance a password of its own; returns its admin URL.

        The one in the snapshot may be older than the secret that we know.
        """
        password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(32))
        with asked(f"setting the password of {name}"):
            self.rds.modify_db_instance(
                DBInstanceIdentifier=name, MasterUserPassword=password, ApplyImmediately=True
            )
        instance = self.wait(name, say)
        url = address(instance, instance["MasterUsername"], password, database).url
        self.patience.wait(f"the new password of {name}", lambda: self._let_in(url), say)
        return url

    def delete_scratch(self, name: str) -> None:
        """Delete without a last snapshot; AWS goes on after this returns. Gone already is fine."""
        found = self.look(name)
        if found is not None and found.get("DeletionProtection"):
            with asked(f"unprotecting the scratch instance {name}"):
                self.rds.modify_db_instance(
                    DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
                )
        try:
            with asked(f"deleting the scratch instance {name}"):
                self.rds.delete_db_instance(
                    DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
                )
        except UsageError as error:
            if not answered(error, "DBInstanceNotFound"):
                raise

    def _let_in(self, url: str) -> tuple[str | None, str]:
        """RDS calls an instance available a little before it knows its new password."""
        try:
            self.knock(url)
        except UsageError as error:
            return None, str(error)
        except CouldNotFindOut:
            # Not reachable from here: whoever connects next says so, and what to do.
            return url, ""
        return url, ""


def beside(source: DBInstanceTypeDef, tags: Mapping[str, str]) -> dict[str, Any]:
    """What a restored instance is to have: the network and parameters of `source`, one zone."""
    found: dict[str, Any] = {
        "DBInstanceClass": source["DBInstanceClass"],
        "VpcSecurityGroupIds": [
            each["VpcSecurityGroupId"]
            for each in source.get("VpcSecurityGroups") or []
            if "VpcSecurityGroupId" in each
        ],
        "PubliclyAccessible": False,
        "MultiAZ": False,
        "DeletionProtection": False,
        "AutoMinorVersionUpgrade": False,
        "CopyTagsToSnapshot": False,
        "Tags": tag_list(tags),
    }
    if subnets := (source.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"):
        found["DBSubnetGroupName"] = subnets
    groups = source.get("DBParameterGroups") or []
    if groups and (name := groups[0].get("DBParameterGroupName")):
        found["DBParameterGroupName"] = name
    return found


def address(instance: DBInstanceTypeDef, user: str, password: str, database: str) -> Address:
    """Where an available instance answers."""
    endpoint = instance["Endpoint"]
    return Address(
        host=endpoint["Address"],
        port=endpoint["Port"],
        user=user,
        database=database,
        password=password,
        parameters={"sslmode": "require"},
    )
