"""Backups of the database by AWS Backup: where they go, what goes there when, who hears of it."""

from dataclasses import dataclass
from typing import Final

import pulumi

from components import aws, backup_plan, backup_watch, vault
from components.aws import AwsResource
from components.database_base import KEY_DELETION_DAYS
from components.settings import BackupsSettings

SERVICE_POLICIES: Final = {
    "backup": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
}


@dataclass
class BackupsArgs:
    """What is backed up, and how: the instances' ARNs by generation, encrypted with `key`.

    `is_local`: nothing in it is worth keeping.
    """

    stack: str
    settings: BackupsSettings
    key: AwsResource
    arns: dict[str, pulumi.Output[str]]
    is_local: bool


class Backups(pulumi.ComponentResource):
    """Backups of all generations of the database. `vault` is the name of AWS Backup's vault."""

    vault: str

    def __init__(
        self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:backups:Backups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        guarded = pulumi.ResourceOptions(parent=self, protect=not args.is_local)
        self.vault = aws.named(args.stack)
        kept = vault.declare(
            f"{name}-vault",
            {
                "name": self.vault,
                "kmsKeyArn": args.key.output("arn"),
                "forceDestroy": args.is_local,
                "tags": aws.tags(args.stack),
            },
            backup_plan.kept_days(args.settings),
            guarded,
        )
        copies = _copies(name, args, guarded, child)
        self._plans(name, args, kept, copies, child)
        backup_watch.declare(name, args.stack, args.settings, kept, args.key, child)
        self.register_outputs({"vault": self.vault})

    def _plans(
        self,
        name: str,
        args: BackupsArgs,
        kept: AwsResource,
        copies: AwsResource | None,
        child: pulumi.ResourceOptions,
    ) -> None:
        role, may = _role(name, args.stack, child)
        rules = backup_plan.plans(
            args.settings, kept.output("name"), copies.output("arn") if copies else None
        )
        for kind, its_rules in rules.items():
            labelled = [
                {**rule, "recoveryPointTags": aws.tags(args.stack, rule=str(rule["ruleName"]))}
                for rule in its_rules
            ]
            plan = AwsResource(
                aws.PLAN,
                f"{name}-{kind}",
                {
                    "name": aws.named(args.stack, kind),
                    "rules": labelled,
                    "tags": aws.tags(args.stack),
                },
                child,
            )
            # One for each: a selection can't be changed, and while one of all was made anew
            # for a new generation, the others would go without.
            for generation, arn in args.arns.items():
                AwsResource(
                    aws.SELECTION,
                    f"{name}-{kind}-{generation}",
                    {
                        "name": generation,
                        "planId": plan.id,
                        "iamRoleArn": role.output("arn"),
                        # By name and not by tag: one that is taken off would end the backups.
                        "resources": [arn],
                    },
                    pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=may)),
                )


def _copies(
    name: str, args: BackupsArgs, guarded: pulumi.ResourceOptions, child: pulumi.ResourceOptions
) -> AwsResource | None:
    """The vault in another region, under a key of that region; None where none is wanted."""
    region = args.settings.copy_to_region
    if region is None:
        return None
    key = AwsResource(
        aws.KEY,
        f"{name}-copies-key",
        {
            "region": region,
            "description": f"Copies of the backups of Legal AI, stack {args.stack}",
            "enableKeyRotation": True,
            "deletionWindowInDays": KEY_DELETION_DAYS,
            "tags": aws.tags(args.stack),
        },
        guarded,
    )
    AwsResource(
        aws.ALIAS,
        f"{name}-copies-key-alias",
        {
            "region": region,
            "name": f"alias/{aws.named(args.stack, 'backups')}",
            "targetKeyId": key.output("keyId"),
        },
        child,
    )
    return vault.declare(
        f"{name}-copies",
        {
            "region": region,
            "name": aws.named(args.stack),
            "kmsKeyArn": key.output("arn"),
            "forceDestroy": args.is_local,
            "tags": aws.tags(args.stack),
        },
        backup_plan.kept_days(args.settings),
        guarded,
    )


def _role(
    name: str, stack: str, child: pulumi.ResourceOptions
) -> tuple[AwsResource, list[AwsResource]]:
    """The role that AWS Backup acts in, and its rights, which must be there before it does."""
    role = AwsResource(
        aws.ROLE,
        f"{name}-role",
        {
            "name": aws.named(stack, "backup"),
            "assumeRolePolicy": aws.assumed_by("backup.amazonaws.com"),
            "tags": aws.tags(stack),
        },
        child,
    )
    return role, [
        AwsResource(
            aws.ROLE_POLICY,
            f"{name}-role-{what}",
            {"role": role.output("name"), "policyArn": arn},
            child,
        )
        for what, arn in SERVICE_POLICIES.items()
    ]
