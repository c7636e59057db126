"""One generation of the database: an RDS instance and the secret with its administrator.

A restore makes a new generation beside the old one; no change ever replaces an instance.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pulumi
from pydantic import SecretStr

from components import aws
from components.aws import AwsResource
from components.database_base import PORT, DatabaseBase
from components.settings import BackupsSettings, GenerationSettings, RdsSettings

ADMIN: Final = "legal_ai_admin"
DATABASE: Final = "legal_ai"
PASSWORD_BYTES: Final = 32
LOGS: Final = ("postgresql", "upgrade")
CERTIFICATE_AUTHORITY: Final = "rds-ca-rsa2048-g1"
"""Valid until 2061; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"""
MAINTENANCE: Final = "sun:04:00-sun:04:30"
"""UTC. AWS Backup starts nothing from an hour before it until its end: as short as may be, and
after the daily snapshot."""
MONITORED_EVERY_SECONDS: Final = 60
INSIGHTS_DAYS: Final = 7
"""What AWS charges nothing for."""
LONGEST_AUTOMATED: Final = 35
"""Days that RDS itself keeps backups at most."""
SECRET_RECOVERY_DAYS: Final = 30
PATIENCE: Final = pulumi.CustomTimeouts(create="6h", update="6h", delete="2h")
"""A restore reads the whole snapshot; the provider's own 40 minutes are short for a large one."""

SETTLED: Final = ("allocatedStorage", "snapshotIdentifier", "restoreToPointInTime")
"""Ignored after creation: storage grows by itself, and what an instance came from is history."""
TAKEN_OVER: Final = ("backupRetentionPeriod", "backupWindow")
"""AWS Backup sets these itself once it backs up continuously;
https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html"""


@dataclass(frozen=True)
class GenerationArgs:
    """What a generation is made of; `is_local`: nothing in it is worth keeping."""

    stack: str
    database: RdsSettings
    backups: BackupsSettings
    base: DatabaseBase
    is_local: bool


@dataclass(frozen=True)
class Generation:
    """One generation. `url` is the application's, `admin_url` the administrator's; both secret."""

    identifier: str
    instance: AwsResource
    admin_secret: pulumi.Output[str]
    password: pulumi.Output[str]
    url: pulumi.Output[str]
    admin_url: pulumi.Output[str]


def declare(
    name: str,
    generation: GenerationSettings,
    args: GenerationArgs,
    child: pulumi.ResourceOptions,
    guarded: pulumi.ResourceOptions,
) -> Generation:
    """Declare an instance and its secret; `guarded` are the options of what is protected."""
    identifier = aws.named(args.stack, generation.name)
    secret, password = _credentials(name, generation.name, identifier, args, child)
    ignored = [*SETTLED, *(TAKEN_OVER if args.backups.point_in_time else ())]
    instance = AwsResource(
        aws.INSTANCE,
        f"{name}-instance",
        _running(args, generation.name)
        | args.base.placed
        | _kept(args, identifier)
        | _born(args, generation)
        | {"identifier": identifier, "engine": "postgres", "password": password},
        pulumi.ResourceOptions.merge(
            guarded,
            pulumi.ResourceOptions(
                ignore_changes=ignored,
                custom_timeouts=PATIENCE,
                depends_on=[args.base.monitoring_policy],
            ),
        ),
    )
    return Generation(
        identifier=identifier,
        instance=instance,
        admin_secret=secret.output("arn"),
        password=password,
        url=address(instance, password, args.database.login),
        admin_url=address(instance, password),
    )


def replica(
    name: str,
    generation: GenerationSettings,
    primary: Generation,
    args: GenerationArgs,
    child: pulumi.ResourceOptions,
) -> AwsResource:
    """Declare a read replica. It has no data of its own, so nothing keeps it from being deleted.

    It follows the generation in use: with another one, it is made there and deleted here.
    """
    return AwsResource(
        aws.INSTANCE,
        f"{name}-replica",
        _running(args, generation.name)
        | {
            "identifier": f"{primary.identifier}-replica",
            "replicateSourceDb": primary.instance.output("identifier"),
            "vpcSecurityGroupIds": args.base.placed["vpcSecurityGroupIds"],
            "deletionProtection": False,
            "skipFinalSnapshot": True,
        },
        pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(custom_timeouts=PATIENCE)),
    )


def address(
    instance: AwsResource, password: pulumi.Output[str], login: SecretStr | None = None
) -> pulumi.Output[str]:
    """SQLAlchemy's URL of an instance, encrypted in transit: `login`'s, or the administrator's."""
    user: pulumi.Input[str] = instance.output("username")
    secret: pulumi.Input[str] = password
    if login is not None:
        name, _, word = login.get_secret_value().partition(":")
        user, secret = name, pulumi.Output.secret(word)
    found = (instance.output(each) for each in ("address", "port", "dbName"))
    return pulumi.Output.all(secret, user, *found).apply(lambda parts: _url(*parts))


def _url(password: str, username: str, host: str, port: float, database: str) -> str:
    who = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return f"postgresql+psycopg://{who}@{host}:{int(port)}/{database}?sslmode=require"


def _credentials(
    name: str,
    generation: str,
    identifier: str,
    args: GenerationArgs,
    child: pulumi.ResourceOptions,
) -> tuple[AwsResource, pulumi.Output[str]]:
    """The secret of our own, and the password in it.

    It is there before the instance is: no kill leaves an instance whose password nobody has. So
    it can't name the host, which AWS draws; the instance's identifier leads there.
    """
    secret = AwsResource(
        aws.SECRET,
        f"{name}-admin",
        {
            "name": f"legal-ai/{args.stack}/{generation}/admin",
            "description": f"Administrator of the database instance {identifier}",
            "kmsKeyId": args.base.key_arn,
            "recoveryWindowInDays": 0 if args.is_local else SECRET_RECOVERY_DAYS,
            "tags": aws.tags(args.stack, generation=generation),
        },
        child,
    )
    credentials = {
        "engine": "postgres",
        "username": ADMIN,
        "password": secrets.token_urlsafe(PASSWORD_BYTES),
        "dbname": DATABASE,
        "port": PORT,
        "dbInstanceIdentifier": identifier,
    }
    # Drawn anew on every run and ignored but on the first: what counts is what the state has. A
    # draw by Secrets Manager would be ignored the same way, and cost each run a call to AWS.
    number = args.database.admin_password
    version = AwsResource(
        aws.SECRET_VERSION,
        # Another name is another draw: it is made, the instance gets it, and the old one goes.
        f"{name}-admin-version" + ("" if number == 1 else f"-{number}"),
        {
            "secretId": secret.output("arn"),
            "secretString": pulumi.Output.secret(json.dumps(credentials)),
        },
        pulumi.ResourceOptions.merge(
            child, pulumi.ResourceOptions(ignore_changes=["secretString"])
        ),
    )
    kept = version.output("secretString")
    return secret, kept.apply(lambda text: str(json.loads(text)["password"]))


def _running(args: GenerationArgs, generation: str) -> dict[str, Any]:
    """What primary and replica have in common."""
    base, database = args.base, args.database
    return {
        "instanceClass": database.instance_class,
        "maxAllocatedStorage": database.max_allocated_storage,
        "storageType": "gp3",
        "storageEncrypted": True,
        "publiclyAccessible": False,
        "iamDatabaseAuthenticationEnabled": True,
        "parameterGroupName": base.parameter_group,
        "copyTagsToSnapshot": True,
        "monitoringInterval": MONITORED_EVERY_SECONDS,
        "monitoringRoleArn": base.monitoring.output("arn"),
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": base.key_arn,
        "performanceInsightsRetentionPeriod": INSIGHTS_DAYS,
        "enabledCloudwatchLogsExports": list(LOGS),
        "autoMinorVersionUpgrade": True,
        "maintenanceWindow": MAINTENANCE,
        "caCertIdentifier": CERTIFICATE_AUTHORITY,
        "tags": aws.tags(args.stack, generation=generation),
    }


def _kept(args: GenerationArgs, identifier: str) -> dict[str, Any]:
    """What keeps a primary and its data."""
    final: Mapping[str, Any] = {"finalSnapshotIdentifier": f"{identifier}-final"}
    return {
        "multiAz": args.database.multi_az,
        "backupRetentionPeriod": min(args.backups.retention_days, LONGEST_AUTOMATED),
        "deleteAutomatedBackups": args.is_local,
        "deletionProtection": args.database.deletion_protection,
        "skipFinalSnapshot": args.is_local,
        **({} if args.is_local else final),
    }


def _born(args: GenerationArgs, generation: GenerationSettings) -> dict[str, Any]:
    """Where a primary comes from. A restored one brings size, version, key and names along.

    The provider would set size and version once more behind a restore, and AWS refuses a smaller
    size and an older version than the snapshot has.
    """
    source = generation.source
    if source is None:
        return {
            "engineVersion": args.database.engine_version,
            "allocatedStorage": args.database.allocated_storage,
            "kmsKeyId": args.base.key_arn,
            "username": ADMIN,
            "dbName": DATABASE,
        }
    if source.snapshot is not None:
        return {"snapshotIdentifier": source.snapshot}
    return {
        "restoreToPointInTime": {
            "sourceDbInstanceIdentifier": aws.named(args.stack, str(source.generation)),
            "restoreTime": source.time,
        }
    }
