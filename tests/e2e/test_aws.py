"""What `pulumi up` of stack `local` made in AWS, read back by boto3 as anybody would."""

import json
from typing import Any

import boto3
import pytest

STACK = "legal-ai-local"


@pytest.fixture(scope="module")
def instance() -> dict[str, Any]:
    found = boto3.client("rds").describe_db_instances(DBInstanceIdentifier=f"{STACK}-g1")
    return dict(found["DBInstances"][0])


def test_the_instance_is_encrypted_private_monitored_and_hard_to_delete(
    instance: dict[str, Any],
) -> None:
    assert instance["Engine"] == "postgres"
    assert instance["DBInstanceClass"] == "db.t4g.micro"
    assert (instance["AllocatedStorage"], instance["MaxAllocatedStorage"]) == (20, 40)
    assert instance["StorageEncrypted"] is True
    assert instance["PubliclyAccessible"] is False
    assert instance["IAMDatabaseAuthenticationEnabled"] is True
    assert instance["MonitoringInterval"] == 60
    assert instance["PerformanceInsightsEnabled"] is True
    assert instance["CopyTagsToSnapshot"] is True
    assert set(instance["EnabledCloudwatchLogsExports"]) == {"postgresql", "upgrade"}


def test_it_is_encrypted_with_a_key_of_its_own_that_rotates(instance: dict[str, Any]) -> None:
    kms = boto3.client("kms")
    aliases = kms.list_aliases()["Aliases"]
    (own,) = [a for a in aliases if a["AliasName"] == f"alias/{STACK}-database"]
    assert instance["KmsKeyId"].endswith(own["TargetKeyId"])
    assert kms.get_key_rotation_status(KeyId=own["TargetKeyId"])["KeyRotationEnabled"] is True


def test_connections_without_tls_are_refused_and_slow_queries_logged(
    instance: dict[str, Any],
) -> None:
    group = instance["DBParameterGroups"][0]["DBParameterGroupName"]
    pages = boto3.client("rds").get_paginator("describe_db_parameters")
    values = {
        each["ParameterName"]: each.get("ParameterValue")
        for page in pages.paginate(DBParameterGroupName=group)
        for each in page["Parameters"]
    }
    assert values["rds.force_ssl"] == "1"
    assert int(values["log_min_duration_statement"] or -1) > 0
    assert "pg_stat_statements" in (values["shared_preload_libraries"] or "")


def test_the_administrators_password_is_in_a_secret(instance: dict[str, Any]) -> None:
    secrets = boto3.client("secretsmanager")
    found = json.loads(secrets.get_secret_value(SecretId="legal-ai/local/g1/admin")["SecretString"])
    assert found["username"] == instance["MasterUsername"]
    assert len(found["password"]) >= 24


def test_backups_go_to_a_locked_vault_by_a_plan_that_selects_the_instance(
    instance: dict[str, Any],
) -> None:
    backup = boto3.client("backup")
    vault = backup.describe_backup_vault(BackupVaultName=STACK)
    assert vault["Locked"] is True
    plans = backup.list_backup_plans()["BackupPlansList"]
    own = [plan for plan in plans if plan["BackupPlanName"].startswith(STACK)]
    selected = set()
    rules = []
    for plan in own:
        rules += backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
        for each in backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])[
            "BackupSelectionsList"
        ]:
            selection = backup.get_backup_selection(
                BackupPlanId=plan["BackupPlanId"], SelectionId=each["SelectionId"]
            )
            selected |= set(selection["BackupSelection"]["Resources"])
    assert selected == {instance["DBInstanceArn"]}
    assert {rule["TargetBackupVaultName"] for rule in rules} == {STACK}
    assert all(rule["Lifecycle"]["DeleteAfterDays"] > 0 for rule in rules)
