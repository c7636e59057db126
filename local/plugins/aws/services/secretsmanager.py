"""Secrets of Secrets Manager and their values."""

from __future__ import annotations

from typing import Any, ClassVar

from local.plugins.aws.errors import code_of
from local.plugins.aws.fields import (
    ARN,
    TAGS,
    Fields,
    between,
    document,
    flag,
    integer,
    name,
    output,
    set_of,
    text,
)
from local.plugins.aws.region import Region
from local.plugins.aws.resource import (
    Known,
    Plain,
    Resource,
    Update,
    answered,
    chosen,
    retagged,
    tag_list,
    tag_map,
)
from local.plugins.values import Properties

NOT_FOUND = "ResourceNotFoundException"
CURRENT = "AWSCURRENT"


class Secret(Resource):
    """A secret; what it holds is a SecretVersion."""

    title = "secret"
    taken = ("ResourceExistsException",)
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "description": text(),
        "forceOverwriteReplicaSecret": flag(default=False, unread=True),
        "kmsKeyId": text(),
        "name": name(),
        "policy": document(computed=True),
        "recoveryWindowInDays": integer(default=30, unread=True, rule=between(7, 30, 0)),
        **TAGS,
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Make it, empty."""
        options: dict[str, Any] = chosen(
            wanted, {"description": "Description", "kmsKeyId": "KmsKeyId"}
        )
        tags = tag_list(wanted.get("tagsAll"))
        return aws.secretsmanager.create_secret(Name=wanted["name"], Tags=tags, **options)["ARN"]

    def read(self, aws: Region, known: Known) -> Properties | None:
        """One that waits for its deletion is gone."""
        try:
            found = aws.secretsmanager.describe_secret(SecretId=known.id)
            if found.get("DeletedDate"):
                return None
            policy = aws.secretsmanager.get_resource_policy(SecretId=known.id)
        except aws.secretsmanager.exceptions.ResourceNotFoundException:
            return None
        live = answered(
            found,
            {
                "id": "ARN",
                "arn": "ARN",
                "name": "Name",
                "description": "Description",
                "kmsKeyId": "KmsKeyId",
            },
        )
        live |= answered(policy, {"policy": "ResourcePolicy"})
        live["tagsAll"] = tag_map(found.get("Tags"))
        return live

    def update(self, aws: Region, update: Update) -> None:
        """Change everything but what it holds."""
        new = update.new
        if update.any("description", "kmsKeyId"):
            options: dict[str, Any] = chosen(new, {"kmsKeyId": "KmsKeyId"})
            aws.secretsmanager.update_secret(
                SecretId=update.id, Description=new.get("description") or "", **options
            )
        if update.any("policy"):
            aws.secretsmanager.put_resource_policy(SecretId=update.id, ResourcePolicy=new["policy"])
        if update.any("tagsAll"):
            changed, removed = retagged(update)
            if removed:
                aws.secretsmanager.untag_resource(SecretId=update.id, TagKeys=removed)
            if changed:
                aws.secretsmanager.tag_resource(SecretId=update.id, Tags=changed)

    def delete(self, aws: Region, known: Known) -> None:
        """Delete it at the end of its recovery window, at once where that is 0."""
        window = int(known.state.get("recoveryWindowInDays", 30))
        options: dict[str, Any] = (
            {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        )
        try:
            aws.secretsmanager.delete_secret(SecretId=known.id, **options)
        except Exception as error:
            if not _is_gone(error):
                raise


class SecretVersion(Resource):
    """What a secret holds."""

    title = "value of a secret"
    properties: ClassVar[Fields] = {
        "arn": ARN,
        "hasSecretStringWo": output(flag()),
        "secretArn": output(),
        "secretId": text(required=True, replaces=True),
        "secretString": text(replaces=True, secret=True),
        "versionId": output(),
        "versionStages": set_of(text(), computed=True),
    }

    def create(self, aws: Region, wanted: Plain) -> str:
        """Put a new value; the one before stays as AWSPREVIOUS."""
        options: dict[str, Any] = chosen(
            wanted, {"secretString": "SecretString", "versionStages": "VersionStages"}
        )
        made = aws.secretsmanager.put_secret_value(SecretId=wanted["secretId"], **options)
        return f"{wanted['secretId']}|{made['VersionId']}"

    def read(self, aws: Region, known: Known) -> Properties | None:
        """The value of this version; one without a stage is gone."""
        secret, _, version = known.id.partition("|")
        try:
            found = aws.secretsmanager.get_secret_value(SecretId=secret, VersionId=version)
        except Exception as error:
            if _is_gone(error):
                return None
            raise
        live = answered(
            found,
            {
                "arn": "ARN",
                "secretArn": "ARN",
                "secretString": "SecretString",
                "versionId": "VersionId",
                "versionStages": "VersionStages",
            },
        )
        return live | {"secretId": secret, "hasSecretStringWo": False}

    def update(self, aws: Region, update: Update) -> None:
        """Move stages; AWSCURRENT leaves a version only for another."""
        secret, _, version = update.id.partition("|")
        before, after = (
            set(values.get("versionStages") or ()) for values in (update.old, update.new)
        )
        for stage in sorted(after - before):
            options: dict[str, Any] = {}
            if stage == CURRENT:
                options["RemoveFromVersionId"] = self._current(aws, secret)
            aws.secretsmanager.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, MoveToVersionId=version, **options
            )
        for stage in sorted(before - after - {CURRENT}):
            aws.secretsmanager.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )

    def delete(self, aws: Region, known: Known) -> None:
        """Take its stages away but AWSCURRENT: the value a secret has can't be taken, as in AWS."""
        secret, _, version = known.id.partition("|")
        for stage in known.state.get("versionStages") or ():
            if stage == CURRENT:
                continue
            try:
                aws.secretsmanager.update_secret_version_stage(
                    SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
                )
            except Exception as error:
                if not _is_gone(error):
                    raise

    @staticmethod
    def _current(aws: Region, secret: str) -> str:
        found = aws.secretsmanager.describe_secret(SecretId=secret)
        versions = found["VersionIdsToStages"].items()
        return next(version for version, stages in versions if CURRENT in stages)


def _is_gone(error: Exception) -> bool:
    code = code_of(error)
    deleted = code == "InvalidRequestException" and "delet" in str(error)
    return code == NOT_FOUND or deleted
