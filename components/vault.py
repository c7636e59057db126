"""A vault of AWS Backup, locked: what is in it can't be deleted before its time by a slip."""

from typing import Any

import pulumi

from components import aws
from components.aws import AwsResource


def declare(
    name: str,
    properties: dict[str, Any],
    kept_days: tuple[int, int],
    opts: pulumi.ResourceOptions,
) -> AwsResource:
    """Declare a vault and its lock; `kept_days` are the shortest and the longest it takes.

    The lock is in governance mode: who has the right of AWS Backup to do so can lift it. Without
    a date from which on nobody can, since a mistake in it could never be mended.
    """
    vault = AwsResource(aws.VAULT, name, properties, opts)
    where = {"region": properties["region"]} if "region" in properties else {}
    AwsResource(
        aws.VAULT_LOCK,
        f"{name}-lock",
        {
            "backupVaultName": vault.output("name"),
            "minRetentionDays": kept_days[0],
            "maxRetentionDays": kept_days[1],
            **where,
        },
        opts,
    )
    return vault
