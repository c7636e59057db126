"""What all generations of the database stand on: key, network, parameters, monitoring."""

from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components import aws
from components.aws import AwsResource
from components.settings import RdsSettings

PORT: Final = 5432
MONITORING: Final = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
NOTIFIERS: Final = ("backup.amazonaws.com", "cloudwatch.amazonaws.com")
"""Services that write to the topic of the backups, which this key encrypts;
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
KEY_DELETION_DAYS: Final = 30
"""The longest that AWS offers: a key that is gone takes the data and every backup with it."""

IMMEDIATELY: Final = "immediate"
AT_REBOOT: Final = "pending-reboot"
PARAMETERS: Final = (
    ("rds.force_ssl", "1", IMMEDIATELY),
    ("shared_preload_libraries", "pg_stat_statements", AT_REBOOT),
    ("pg_stat_statements.track", "all", IMMEDIATELY),
    ("log_min_duration_statement", "500", IMMEDIATELY),
    ("log_lock_waits", "1", IMMEDIATELY),
)
"""Name, value, and when a change of it takes effect."""


@dataclass(frozen=True)
class DatabaseBase:
    """Shared by all generations. `placed` are the properties that give an instance its place."""

    key: AwsResource
    key_arn: pulumi.Output[str]
    placed: dict[str, Any]
    parameter_group: pulumi.Output[str]
    monitoring: AwsResource
    monitoring_policy: AwsResource


def declare(
    name: str,
    stack: str,
    database: RdsSettings,
    child: pulumi.ResourceOptions,
    guarded: pulumi.ResourceOptions,
) -> DatabaseBase:
    """Declare it; `guarded` are the options of what must not be deleted by a slip."""
    role = AwsResource(
        aws.ROLE,
        f"{name}-monitoring",
        {
            "name": aws.named(stack, "monitoring"),
            "assumeRolePolicy": aws.assumed_by("monitoring.rds.amazonaws.com"),
            "tags": aws.tags(stack),
        },
        child,
    )
    key = AwsResource(
        aws.KEY,
        f"{name}-key",
        {
            "description": f"Database of Legal AI, stack {stack}, and its backups",
            "enableKeyRotation": True,
            "deletionWindowInDays": KEY_DELETION_DAYS,
            "policy": role.output("arn").apply(_key_policy),
            "tags": aws.tags(stack),
        },
        guarded,
    )
    AwsResource(
        aws.ALIAS,
        f"{name}-key-alias",
        {"name": f"alias/{aws.named(stack, 'database')}", "targetKeyId": key.output("keyId")},
        child,
    )
    return DatabaseBase(
        key=key,
        key_arn=key.output("arn"),
        placed=_firewall(name, stack, database, child) | _subnets(name, stack, database, child),
        parameter_group=_parameter_group(name, stack, database, child),
        monitoring=role,
        monitoring_policy=AwsResource(
            aws.ROLE_POLICY,
            f"{name}-monitoring-policy",
            {"role": role.output("name"), "policyArn": MONITORING},
            child,
        ),
    )


def _key_policy(role_arn: str) -> str:
    """IAM says who may use the key, as in AWS' own default; and the notifiers, to notify."""
    return aws.policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{aws.account_of(role_arn)}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": list(NOTIFIERS)},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    )


def _firewall(
    name: str, stack: str, database: RdsSettings, child: pulumi.ResourceOptions
) -> dict[str, Any]:
    """A security group that admits the cluster, and nobody where no cluster is named."""
    sources = {
        "securityGroups": list(database.cluster_security_group_ids),
        "cidrBlocks": list(database.cluster_cidrs),
    }
    rule = {
        "protocol": "tcp",
        "fromPort": PORT,
        "toPort": PORT,
        "description": "PostgreSQL from the cluster",
        **{kind: found for kind, found in sources.items() if found},
    }
    group: dict[str, Any] = {
        "name": aws.named(stack, "database"),
        "description": "Admits the cluster to the database, and nobody else",
        "tags": aws.tags(stack),
    }
    if database.vpc_id:
        group["vpcId"] = database.vpc_id
    if any(sources.values()):
        # In the group and not beside it: a rule that somebody adds by hand is taken out again.
        group["ingress"] = [rule]
    firewall = AwsResource(aws.SECURITY_GROUP, f"{name}-firewall", group, child)
    return {"vpcSecurityGroupIds": [firewall.id]}


def _subnets(
    name: str, stack: str, database: RdsSettings, child: pulumi.ResourceOptions
) -> dict[str, Any]:
    """The group of subnets; without any (this machine's AWS) RDS takes the default network's."""
    if not database.subnet_ids:
        return {}
    group = AwsResource(
        aws.SUBNET_GROUP,
        f"{name}-subnets",
        {
            "name": aws.named(stack),
            "description": "Where the database may stand",
            "subnetIds": list(database.subnet_ids),
            "tags": aws.tags(stack),
        },
        child,
    )
    return {"dbSubnetGroupName": group.output("name")}


def _parameter_group(
    name: str, stack: str, database: RdsSettings, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    major = database.engine_version.partition(".")[0]
    parameters = list(PARAMETERS)
    if database.max_connections is not None:
        parameters.append(("max_connections", str(database.max_connections), AT_REBOOT))
    group = AwsResource(
        aws.PARAMETER_GROUP,
        f"{name}-parameters",
        {
            # The major version in the name: an instance keeps the old group until it is upgraded.
            "name": aws.named(stack, f"postgres{major}"),
            "family": f"postgres{major}",
            "description": f"PostgreSQL {major} of Legal AI, stack {stack}",
            "parameters": [
                {"name": parameter, "value": value, "applyMethod": when}
                for parameter, value, when in parameters
            ],
            "tags": aws.tags(stack),
        },
        child,
    )
    return group.output("name")
