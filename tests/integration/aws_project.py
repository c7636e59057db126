"""Every type of resource that the project declares, as `components/` does for production."""

import json
from typing import Any

from local.plugins.values import Properties, Secret
from tests.integration.aws_driver import Driver, Made

ACCOUNT = "123456789012"
TAGS = {"legal-ai:stack": "test"}
STACK = "test"
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
SECRET = "aws:secretsmanager/secret:Secret"
VALUE = "aws:secretsmanager/secretVersion:SecretVersion"
INSTANCE = "aws:rds/instance:Instance"
VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
VAULT_POLICY = "aws:backup/vaultPolicy:VaultPolicy"
NOTIFICATIONS = "aws:backup/vaultNotifications:VaultNotifications"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
MONITORING = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


def assumed_by(service: str) -> str:
    """The policy of a role that a service of AWS takes on."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowing(action: str, resource: str, principal: Any) -> str:
    """A policy with one statement."""
    statement = {
        "Sid": "own",
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def instance(**given: Any) -> Properties:
    """A primary as small as it can be."""
    return {
        "engine": "postgres",
        "engineVersion": "15",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 20,
        "username": "legal_ai_admin",
        "password": Secret("correct horse battery"),
        "skipFinalSnapshot": True,
        "tags": TAGS,
    } | given


def rules(stack: str = STACK, **hourly: Any) -> list[Properties]:
    """The rules of a plan: hourly ones kept two days, continuous backup copied away."""
    away = f"arn:aws:backup:us-west-2:{ACCOUNT}:backup-vault:legal-ai-{stack}"
    return [
        {
            "ruleName": "hourly",
            "targetVaultName": f"legal-ai-{stack}",
            "schedule": "cron(0 * * * ? *)",
            "startWindow": 60,
            "completionWindow": 120,
            "lifecycle": {"deleteAfter": 2},
            "recoveryPointTags": TAGS,
        }
        | hourly,
        {
            "ruleName": "daily",
            "targetVaultName": f"legal-ai-{stack}",
            "schedule": "cron(0 5 * * ? *)",
            "enableContinuousBackup": True,
            "lifecycle": {"deleteAfter": 35},
            "copyActions": [{"destinationVaultArn": away, "lifecycle": {"deleteAfter": 35}}],
        },
    ]


def alarm(topic: str, stack: str = STACK, **given: Any) -> Properties:
    """An alarm on the age of backups."""
    return {
        "name": f"legal-ai-{stack}-age",
        "alarmDescription": "no backup for two hours",
        "namespace": "AWS/Backup",
        "metricName": "NumberOfBackupJobsCompleted",
        "dimensions": {"BackupVaultName": f"legal-ai-{stack}"},
        "statistic": "Sum",
        "period": 3600,
        "evaluationPeriods": 2,
        "threshold": 1,
        "comparisonOperator": "LessThanThreshold",
        "treatMissingData": "breaching",
        "alarmActions": [topic],
        "okActions": [topic],
        "tags": TAGS,
    } | given


def declare(driver: Driver, subnets: list[str], stack: str = STACK) -> dict[str, Made]:
    """Make everything, with the stack's name in all names; what is made is found by its own."""
    made: dict[str, Made] = {}

    def add(what: str, token: str, /, **given: Any) -> Any:
        made[what] = driver.create(token, what, given)
        return made[what].out

    role = add(
        "monitoring",
        ROLE,
        name=f"legal-ai-{stack}-monitoring",
        assumeRolePolicy=assumed_by("monitoring.rds"),
        tags=TAGS,
    )
    add("attachment", ATTACHMENT, role=role["name"], policyArn=MONITORING)
    key = add(
        "key",
        KEY,
        description="the database",
        enableKeyRotation=True,
        deletionWindowInDays=30,
        policy=allowing("kms:*", "*", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        tags=TAGS,
    )
    add("alias", ALIAS, name=f"alias/legal-ai-{stack}-database", targetKeyId=key["keyId"])
    group = add(
        "group",
        GROUP,
        name=f"legal-ai-{stack}-database",
        description="who may reach the database",
        ingress=[
            {
                "protocol": "tcp",
                "fromPort": 5432,
                "toPort": 5432,
                "cidrBlocks": ["10.0.0.0/16", "10.1.0.0/16"],
                "description": "the cluster",
            }
        ],
        tags=TAGS,
    )
    subnet_group = add(
        "subnets",
        SUBNETS,
        name=f"legal-ai-{stack}",
        description="the database",
        subnetIds=subnets,
        tags=TAGS,
    )
    parameters = add(
        "parameters",
        PARAMETERS,
        name=f"legal-ai-{stack}-postgres15",
        family="postgres15",
        description="the database",
        parameters=[
            {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
            {
                "name": "shared_preload_libraries",
                "value": "pg_stat_statements",
                "applyMethod": "pending-reboot",
            },
        ],
        tags=TAGS,
    )
    secret = add(
        "secret",
        SECRET,
        name=f"legal-ai/{stack}/main/admin",
        description="the admin user",
        kmsKeyId=key["arn"],
        recoveryWindowInDays=30,
        tags=TAGS,
    )
    add("value", VALUE, secretId=secret["arn"], secretString=Secret('{"username": "admin"}'))
    database = add(
        "database",
        INSTANCE,
        **instance(
            identifier=f"legal-ai-{stack}-main",
            maxAllocatedStorage=100,
            storageType="gp3",
            storageEncrypted=True,
            kmsKeyId=key["arn"],
            dbName="legal_ai",
            dbSubnetGroupName=subnet_group["name"],
            vpcSecurityGroupIds=[group["id"]],
            parameterGroupName=parameters["name"],
            publiclyAccessible=False,
            iamDatabaseAuthenticationEnabled=True,
            multiAz=True,
            backupRetentionPeriod=35,
            copyTagsToSnapshot=True,
            deleteAutomatedBackups=False,
            deletionProtection=True,
            skipFinalSnapshot=False,
            finalSnapshotIdentifier=f"legal-ai-{stack}-main-final",
            monitoringInterval=60,
            monitoringRoleArn=role["arn"],
            performanceInsightsEnabled=True,
            performanceInsightsKmsKeyId=key["arn"],
            performanceInsightsRetentionPeriod=7,
            enabledCloudwatchLogsExports=["postgresql", "upgrade"],
            autoMinorVersionUpgrade=True,
            maintenanceWindow="Sun:04:00-Sun:05:00",
            caCertIdentifier="rds-ca-rsa2048-g1",
        ),
    )
    add(
        "replica",
        INSTANCE,
        identifier=f"legal-ai-{stack}-main-replica",
        replicateSourceDb=database["identifier"],
        instanceClass="db.t4g.medium",
        storageEncrypted=True,
        kmsKeyId=key["arn"],
        vpcSecurityGroupIds=[group["id"]],
        parameterGroupName=parameters["name"],
        iamDatabaseAuthenticationEnabled=True,
        performanceInsightsEnabled=True,
        performanceInsightsKmsKeyId=key["arn"],
        performanceInsightsRetentionPeriod=7,
        monitoringInterval=60,
        monitoringRoleArn=role["arn"],
        enabledCloudwatchLogsExports=["postgresql"],
        skipFinalSnapshot=True,
        deletionProtection=False,
        tags=TAGS,
    )
    vault = add("vault", VAULT, name=f"legal-ai-{stack}", kmsKeyArn=key["arn"], tags=TAGS)
    add("copies", VAULT, name=f"legal-ai-{stack}", region="us-west-2", tags=TAGS)
    add("lock", LOCK, backupVaultName=vault["name"], minRetentionDays=1, maxRetentionDays=400)
    add(
        "vault policy",
        VAULT_POLICY,
        backupVaultName=vault["name"],
        policy=allowing("backup:CopyIntoBackupVault", "*", {"AWS": ACCOUNT}),
    )
    topic = add(
        "topic", TOPIC, name=f"legal-ai-{stack}-backups", kmsMasterKeyId=key["keyId"], tags=TAGS
    )
    add(
        "topic policy",
        TOPIC_POLICY,
        arn=topic["arn"],
        policy=allowing("sns:Publish", topic["arn"], {"Service": ["backup.amazonaws.com"]}),
    )
    add(
        "notifications",
        NOTIFICATIONS,
        backupVaultName=vault["name"],
        snsTopicArn=topic["arn"],
        backupVaultEvents=["BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED"],
    )
    plan = add("plan", PLAN, name=f"legal-ai-{stack}", rules=rules(stack), tags=TAGS)
    add(
        "selection",
        SELECTION,
        name=f"legal-ai-{stack}",
        planId=plan["id"],
        iamRoleArn=role["arn"],
        resources=[database["arn"]],
    )
    add("alarm", ALARM, **alarm(topic["arn"], stack))
    return made
