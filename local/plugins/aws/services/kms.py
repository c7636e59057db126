"""Keys of KMS and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.plugins.aws.errors import code_of, unless_gone
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Autoname,
    Fields,
    between,
    document,
    flag,
    integer,
    name,
    output,
    text,
)
from local.plugins.aws.region import Region
from local.plugins.aws.resource import Known, Plain, Resource, Update, answered, chosen, retagged
from local.plugins.values import Properties

NOT_FOUND = "NotFoundException"
_PENDING = ("PendingDeletion", "PendingReplicaDeletion")


def key_id(key: str) -> str:
    """The id of a key that may be given as an ARN."""
    return key.rpartition("key/")[2]


class Key(Resource):
    """A key that never leaves KMS."""

    title = "KMS key"
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "keyId": output(),
        "bypassPolicyLockoutSafetyCheck": flag(default=False, unread=True),
        "customerMasterKeySpec": text(default="SYMMETRIC_DEFAULT", replaces=True),
        "deletionWindowInDays": integer(unread=True, rule=between(7, 30)),
        "description": text(computed=True),
        "enableKeyRotation": flag(default=False),
        "isEnabled": flag(default=True),
        "keyUsage": text(default="ENCRYPT_DECRYPT", replaces=True),
        "multiRegion": flag(computed=True, replaces=True),
        "policy": document(computed=True),
        "rotationPeriodInDays": integer(computed=True, rule=between(90, 2560)),
        **TAGS,
    }
    _CREATED: ClassVar[Mapping[str, str]] = {
        "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
        "customerMasterKeySpec": "KeySpec",
        "description": "Description",
        "keyUsage": "KeyUsage",
        "multiRegion": "MultiRegion",
        "policy": "Policy",
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make the key."""
        options: dict[str, Any] = chosen(wanted, self._CREATED)
        made = aws.kms.create_key(Tags=_tags(wanted.get("tagsAll")), **options)
        return made["KeyMetadata"]["KeyId"]

    def read(self, aws: Region, known: Known) -> Properties | None:
        """A key that waits for its deletion is gone."""
        try:
            found = aws.kms.describe_key(KeyId=known.id)["KeyMetadata"]
        except aws.kms.exceptions.NotFoundException:
            return None
        if found.get("KeyState") in _PENDING:
            return None
        rotation = aws.kms.get_key_rotation_status(KeyId=known.id)
        tags = aws.kms.list_resource_tags(KeyId=known.id)["Tags"]
        live = answered(
            found,
            {
                "arn": "Arn",
                "keyId": "KeyId",
                "description": "Description",
                "isEnabled": "Enabled",
                "customerMasterKeySpec": "KeySpec",
                "keyUsage": "KeyUsage",
            },
        )
        live["multiRegion"] = found.get("MultiRegion", False)
        live["enableKeyRotation"] = rotation["KeyRotationEnabled"]
        if rotation["KeyRotationEnabled"]:
            live |= answered(rotation, {"rotationPeriodInDays": "RotationPeriodInDays"})
        live["policy"] = aws.kms.get_key_policy(KeyId=known.id, PolicyName="default")["Policy"]
        live["tagsAll"] = {tag["TagKey"]: tag["TagValue"] for tag in tags}
        return live

    def update(self, aws: Region, update: Update) -> None:
        """A key that is disabled can't be changed: enabled first, disabled last."""
        new = update.new
        if update.any("isEnabled") and new["isEnabled"]:
            aws.kms.enable_key(KeyId=update.id)
        if update.any("enableKeyRotation", "rotationPeriodInDays"):
            if new.get("enableKeyRotation"):
                _rotate(aws, update.id, new)
            else:
                aws.kms.disable_key_rotation(KeyId=update.id)
        if update.any("description"):
            aws.kms.update_key_description(
                KeyId=update.id, Description=new.get("description") or ""
            )
        if update.any("policy"):
            aws.kms.put_key_policy(
                KeyId=update.id,
                PolicyName="default",
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=bool(new.get("bypassPolicyLockoutSafetyCheck")),
            )
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            if removed:
                aws.kms.untag_resource(KeyId=update.id, TagKeys=removed)
            if changed:
                tags = _tags({tag["Key"]: tag["Value"] for tag in changed})
                aws.kms.tag_resource(KeyId=update.id, Tags=tags)
        if update.any("isEnabled") and not new["isEnabled"]:
            aws.kms.disable_key(KeyId=update.id)

    def delete(self, aws: Region, known: Known) -> None:
        """Schedule the deletion: KMS deletes no key at once."""
        window: dict[str, Any] = chosen(
            known.state, {"deletionWindowInDays": "PendingWindowInDays"}
        )
        try:
            with unless_gone(NOT_FOUND):
                aws.kms.schedule_key_deletion(KeyId=known.id, **window)
        except Exception as error:
            if code_of(error) != "KMSInvalidStateException" or "pending deletion" not in str(error):
                raise


class Alias(Resource):
    """A name for a key."""

    title = "KMS alias"
    taken = ("AlreadyExistsException",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "name": name(autoname=Autoname(length=238, prefix="alias/")),
        "targetKeyArn": output(),
        "targetKeyId": text(required=True, alike=key_id),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Name the key."""
        aws.kms.create_alias(AliasName=wanted["name"], TargetKeyId=wanted["targetKeyId"])
        return str(wanted["name"])

    def read(self, aws: Region, known: Known) -> Properties | None:
        """Look for it among all: KMS has no other way."""
        for page in aws.kms.get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == known.id and alias.get("TargetKeyId"):
                    arn, target = alias["AliasArn"], alias["TargetKeyId"]
                    return {
                        "arn": arn,
                        "name": known.id,
                        "targetKeyId": target,
                        "targetKeyArn": f"{arn.rpartition(':')[0]}:key/{target}",
                    }
        return None

    def update(self, aws: Region, update: Update) -> None:
        """Point it to another key."""
        aws.kms.update_alias(AliasName=update.id, TargetKeyId=update.new["targetKeyId"])

    def delete(self, aws: Region, known: Known) -> None:
        """Take the name away; the key stays."""
        with unless_gone(NOT_FOUND):
            aws.kms.delete_alias(AliasName=known.id)


def _tags(tags: Any) -> list[Any]:
    return [{"TagKey": key, "TagValue": value} for key, value in (tags or {}).items()]


def _rotate(aws: Region, identifier: str, wanted: Plain) -> None:
    period: dict[str, Any] = chosen(wanted, {"rotationPeriodInDays": "RotationPeriodInDays"})
    aws.kms.enable_key_rotation(KeyId=identifier, **period)
