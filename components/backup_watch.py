"""Who hears of backups: a topic, what AWS Backup tells it, and alarms on failed and old ones."""

from typing import Any, Final

import pulumi

from components import aws, backup_plan
from components.aws import AwsResource
from components.database_base import NOTIFIERS
from components.settings import BackupsSettings

EVENTS: Final = ("BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RESTORE_JOB_COMPLETED")
"""AWS sends no BACKUP_JOB_FAILED and RESTORE_JOB_FAILED any more: a job that failed has completed,
with `State` FAILED, by which subscribers filter;
https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultNotifications.html"""
METRICS: Final = "AWS/Backup"
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"""
HOUR_SECONDS: Final = 3600
LONGEST_HOURS: Final = 168
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""


def declare(
    name: str,
    stack: str,
    settings: BackupsSettings,
    vault: AwsResource,
    key: AwsResource,
    child: pulumi.ResourceOptions,
) -> None:
    """Declare the topic, what is told to it, and the alarms."""
    topic = AwsResource(
        aws.TOPIC,
        f"{name}-topic",
        {
            "name": aws.named(stack, "backups"),
            "kmsMasterKeyId": key.output("keyId"),
            "tags": aws.tags(stack),
        },
        child,
    )
    arn = topic.output("arn")
    allowed = AwsResource(
        aws.TOPIC_POLICY, f"{name}-topic-policy", {"arn": arn, "policy": arn.apply(_policy)}, child
    )
    AwsResource(
        aws.VAULT_NOTIFICATIONS,
        f"{name}-notifications",
        {
            "backupVaultName": vault.output("name"),
            "snsTopicArn": arn,
            "backupVaultEvents": list(EVENTS),
        },
        pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[allowed])),
    )
    for kind, alarm in _alarms(settings).items():
        common = {
            "name": aws.named(stack, "backups", kind),
            "namespace": METRICS,
            "dimensions": {"BackupVaultName": vault.output("name")},
            "statistic": "Sum",
            "period": HOUR_SECONDS,
            "alarmActions": [arn],
            "okActions": [arn],
            "tags": aws.tags(stack),
        }
        AwsResource(aws.ALARM, f"{name}-alarm-{kind}", common | alarm, child)


def _policy(topic: str) -> str:
    return aws.policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": list(NOTIFIERS)},
            "Action": "sns:Publish",
            "Resource": topic,
        }
    )


def _alarms(settings: BackupsSettings) -> dict[str, dict[str, Any]]:
    hours = min(-(-backup_plan.latest_minutes(settings) // 60), LONGEST_HOURS)
    return {
        "failed": {
            "alarmDescription": "A backup of the database failed",
            "metricName": "NumberOfBackupJobsFailed",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 0,
            "evaluationPeriods": 1,
            "treatMissingData": "notBreaching",
        },
        "old": {
            "alarmDescription": f"No backup of the database was completed for {hours} hours",
            "metricName": "NumberOfBackupJobsCompleted",
            "comparisonOperator": "LessThanThreshold",
            "threshold": 1,
            "evaluationPeriods": hours,
            # Nothing is counted where nothing runs at all: no data is the worst of news.
            "treatMissingData": "breaching",
        },
    }
