"""The types of resource by their tokens; a service's module is loaded when it is needed."""

from __future__ import annotations

from importlib import import_module

from local.plugins.aws.resource import Resource
from local.plugins.problems import RefusedError

TYPES = {
    "aws:backup/plan:Plan": "backup_plans.Plan",
    "aws:backup/selection:Selection": "backup_plans.Selection",
    "aws:backup/vault:Vault": "backup_vaults.Vault",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (
        "backup_vaults.VaultLockConfiguration"
    ),
    "aws:backup/vaultNotifications:VaultNotifications": "backup_vaults.VaultNotifications",
    "aws:backup/vaultPolicy:VaultPolicy": "backup_vaults.VaultPolicy",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch.MetricAlarm",
    "aws:ec2/securityGroup:SecurityGroup": "ec2.SecurityGroup",
    "aws:iam/role:Role": "iam.Role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "iam.RolePolicyAttachment",
    "aws:kms/alias:Alias": "kms.Alias",
    "aws:kms/key:Key": "kms.Key",
    "aws:rds/instance:Instance": "rds_instance.Instance",
    "aws:rds/parameterGroup:ParameterGroup": "rds_groups.ParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup": "rds_groups.SubnetGroup",
    "aws:secretsmanager/secret:Secret": "secretsmanager.Secret",
    "aws:secretsmanager/secretVersion:SecretVersion": "secretsmanager.SecretVersion",
    "aws:sns/topic:Topic": "sns.Topic",
    "aws:sns/topicPolicy:TopicPolicy": "sns.TopicPolicy",
}
"""Each with its module below `services` and its class there."""


def resource_of(token: str) -> Resource:
    """The type of that token. Raises RefusedError for one that is not done."""
    if token not in TYPES:
        raise RefusedError(not_done(f"the resource {token}"))
    module, _, name = TYPES[token].partition(".")
    made: Resource = getattr(import_module(f"local.plugins.aws.services.{module}"), name)(token)
    return made


def token_of(urn: str) -> str:
    """The type token in a URN."""
    return urn.split("::")[2].rsplit("$", maxsplit=1)[-1]


def not_done(what: str) -> str:
    """That something is missing here, and the way around it."""
    return (
        f"{what} is not done by the local stand-in of the AWS provider, which knows the types"
        " of this project only: use the official provider (docs/stand-ins.md)"
    )
