"""An AWS resource, declared by the properties that AWS and Pulumi's registry document.

The same resources as the typed classes of `pulumi_aws` declare, without importing those, which
takes a second of every run (docs/adr/0005).
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, Final

import pulumi

Properties = Mapping[str, Any]

KEY: Final = "aws:kms/key:Key"
ALIAS: Final = "aws:kms/alias:Alias"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
SUBNET_GROUP: Final = "aws:rds/subnetGroup:SubnetGroup"
PARAMETER_GROUP: Final = "aws:rds/parameterGroup:ParameterGroup"
INSTANCE: Final = "aws:rds/instance:Instance"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 a type token
SECRET_VERSION: Final = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105 a type token
VAULT: Final = "aws:backup/vault:Vault"
VAULT_LOCK: Final = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
VAULT_NOTIFICATIONS: Final = "aws:backup/vaultNotifications:VaultNotifications"
PLAN: Final = "aws:backup/plan:Plan"
SELECTION: Final = "aws:backup/selection:Selection"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"

OUTPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    KEY: ("arn", "keyId"),
    ROLE: ("arn",),
    INSTANCE: ("arn", "address", "port", "username", "dbName"),
    SECRET: ("arn",),
    VAULT: ("arn",),
    TOPIC: ("arn",),
}
"""Properties that are AWS' to say, where others need them; what was given comes back as well."""

SECRET_OUTPUTS: Final[Mapping[str, list[str]]] = {
    INSTANCE: ["password"],
    SECRET_VERSION: ["secretString"],
}
"""What Pulumi must never show, though a provider may give it back in clear."""


class AwsResource(pulumi.CustomResource):
    """One resource of type `token`; properties have their camelCase names."""

    def __init__(
        self,
        token: str,
        resource_name: str,
        properties: Properties,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        own = pulumi.ResourceOptions(
            version=provider_version(), additional_secret_outputs=SECRET_OUTPUTS.get(token)
        )
        super().__init__(
            token,
            resource_name,
            {**dict.fromkeys(OUTPUTS.get(token, ())), **properties},
            pulumi.ResourceOptions.merge(own, opts),
        )

    def output(self, name: str) -> pulumi.Output[Any]:
        """A property: one that was given, or one of `OUTPUTS`. Raises KeyError for any other."""
        found: pulumi.Output[Any] = self.__dict__[name]
        return found


def named(stack: str, *parts: str) -> str:
    """Name of a resource in AWS, where stacks may share an account: `legal-ai-production-g1`."""
    return "-".join(("legal-ai", stack, *parts))


def tags(stack: str, **more: str) -> dict[str, str]:
    """The tags of every resource of a stack, and more of ours (`generation="g1"`)."""
    return {"legal-ai:stack": stack, **{f"legal-ai:{name}": value for name, value in more.items()}}


def assumed_by(service: str) -> str:
    """A role's trust policy: that AWS service, and nobody else, may take the role on."""
    return policy(
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    )


def policy(*statements: Properties) -> str:
    """An IAM policy document, as the JSON text that AWS wants."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def account_of(arn: str) -> str:
    """The account in a resource's ARN; reading it there costs no call to AWS."""
    return arn.split(":")[4]


@cache
def provider_version() -> str:
    """Version of the AWS provider that the locked SDK belongs to."""
    return metadata.version("pulumi-aws")
