"""Vaults of AWS Backup, their locks, notifications and policies."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.plugins.aws.errors import unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    at_least,
    document,
    flag,
    integer,
    name,
    output,
    set_of,
    text,
)
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Known, Plain, Resource, Update, answered, chosen
from local.plugins.values import Properties, Value

NOT_FOUND = ("ResourceNotFoundException",)
_LOCK = {
    "changeableForDays": "ChangeableForDays",
    "maxRetentionDays": "MaxRetentionDays",
    "minRetentionDays": "MinRetentionDays",
}
_VAULT_NAME = text(required=True, replaces=True)


def vault_name(given: Value) -> str | None:
    """AWS's rule for the names of vaults."""
    if re.fullmatch(r"[A-Za-z0-9_-]{2,50}", str(given)):
        return None
    return f"must be 2 to 50 letters, digits, hyphens and underscores, not {given}"


class Vault(Resource):
    """Where recovery points are kept."""

    title = "backup vault"
    taken = ("AlreadyExistsException",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "forceDestroy": flag(default=False, unread=True),
        "kmsKeyArn": text(computed=True, replaces=True),
        "name": name(rule=vault_name),
        "recoveryPoints": output(integer(), steady=True),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it."""
        options: dict[str, Any] = chosen(wanted, {"kmsKeyArn": "EncryptionKeyArn"})
        aws.backup.create_backup_vault(
            BackupVaultName=wanted["name"], BackupVaultTags=wanted.get("tagsAll") or {}, **options
        )
        return str(wanted["name"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The vault with its tags."""
        found = described(aws, known.id)
        if found is None:
            return None
        live = answered(
            found,
            {"arn": "BackupVaultArn", "name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
        )
        live["recoveryPoints"] = found.get("NumberOfRecoveryPoints", 0)
        live["tagsAll"] = aws.backup.list_tags(ResourceArn=live["arn"])["Tags"]
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Change its tags; nothing else of a vault changes."""
        retag(aws, update)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it."""
        with unless_gone(*NOT_FOUND):
            aws.backup.delete_backup_vault(BackupVaultName=known.id)


class VaultLockConfiguration(Resource):
    """How long recovery points must stay; in governance mode unless days to change it are given."""

    title = "lock of a backup vault"
    properties: ClassVar[Fields] = {
        "backupVaultArn": output(),
        "backupVaultName": _VAULT_NAME,
        "changeableForDays": integer(replaces=True, unread=True, rule=at_least(3)),
        "maxRetentionDays": integer(replaces=True),
        "minRetentionDays": integer(replaces=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Lock the vault."""
        options: dict[str, Any] = chosen(wanted, _LOCK)
        aws.backup.put_backup_vault_lock_configuration(
            BackupVaultName=wanted["backupVaultName"], **options
        )
        return str(wanted["backupVaultName"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The lock, as the vault tells it."""
        found = described(aws, known.id)
        if found is None or not found.get("Locked"):
            return None
        names = {"backupVaultArn": "BackupVaultArn", "backupVaultName": "BackupVaultName"}
        return answered(found, names | _LOCK)

    def delete(self, aws: Region, known: Known) -> None:
        """Unlock the vault; AWS refuses once a compliance lock holds."""
        with unless_gone(*NOT_FOUND):
            aws.backup.delete_backup_vault_lock_configuration(BackupVaultName=known.id)


class VaultNotifications(Resource):
    """Which events of a vault go to which topic."""

    title = "notifications of a backup vault"
    properties: ClassVar[Fields] = {
        "backupVaultArn": output(),
        "backupVaultEvents": set_of(text(), required=True, replaces=True),
        "backupVaultName": _VAULT_NAME,
        "snsTopicArn": text(required=True, replaces=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Say it to the vault."""
        aws.backup.put_backup_vault_notifications(
            BackupVaultName=wanted["backupVaultName"],
            SNSTopicArn=wanted["snsTopicArn"],
            BackupVaultEvents=wanted["backupVaultEvents"],
        )
        return str(wanted["backupVaultName"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """What the vault was told."""
        try:
            found = aws.backup.get_backup_vault_notifications(BackupVaultName=known.id)
        except aws.backup.exceptions.ResourceNotFoundException:
            return None
        names = {
            "backupVaultArn": "BackupVaultArn",
            "backupVaultEvents": "BackupVaultEvents",
            "backupVaultName": "BackupVaultName",
            "snsTopicArn": "SNSTopicArn",
        }
        return answered(found, names)

    def delete(self, aws: Region, known: Known) -> None:
        """Let it send nothing."""
        with unless_gone(*NOT_FOUND):
            aws.backup.delete_backup_vault_notifications(BackupVaultName=known.id)


class VaultPolicy(Resource):
    """Who may do what with a vault."""

    title = "policy of a backup vault"
    properties: ClassVar[Fields] = {
        "backupVaultArn": output(),
        "backupVaultName": _VAULT_NAME,
        "policy": document(required=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Put it."""
        aws.backup.put_backup_vault_access_policy(
            BackupVaultName=wanted["backupVaultName"], Policy=wanted["policy"]
        )
        return str(wanted["backupVaultName"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The policy, None where there is none."""
        try:
            found = aws.backup.get_backup_vault_access_policy(BackupVaultName=known.id)
        except aws.backup.exceptions.ResourceNotFoundException:
            return None
        names = {"backupVaultArn": "BackupVaultArn", "backupVaultName": "BackupVaultName"}
        return answered(found, names | {"policy": "Policy"})

    def update(self, aws: Region, update: Update) -> None:
        """Put another."""
        aws.backup.put_backup_vault_access_policy(
            BackupVaultName=update.id, Policy=update.new["policy"]
        )

    def delete(self, aws: Region, known: Known) -> None:
        """Take it away."""
        with unless_gone(*NOT_FOUND):
            aws.backup.delete_backup_vault_access_policy(BackupVaultName=known.id)


def described(aws: Region, vault: str) -> Any:
    """A vault, None when there is none of that name."""
    try:
        return aws.backup.describe_backup_vault(BackupVaultName=vault)
    except aws.backup.exceptions.ResourceNotFoundException:
        return None


def retag(aws: Region, update: Update) -> None:
    """Change the tags of anything in AWS Backup."""
    if update.any("tagsAll"):
        old, new = update.old.get("tagsAll") or {}, update.new.get("tagsAll") or {}
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        removed = [key for key in old if key not in new]
        arn = update.old["arn"]
        if removed:
            aws.backup.untag_resource(ResourceArn=arn, TagKeyList=removed)
        if changed:
            aws.backup.tag_resource(ResourceArn=arn, Tags=changed)
