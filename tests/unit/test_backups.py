"""Backups by AWS Backup as each stack declares them: every property, and what it is for."""

import json
from typing import Any

import pytest

from tests.unit.engine import Declared, Program, run, stack_file

URL = "postgresql+psycopg://app:from-config@10.200.0.1:15432/legal_ai"
BOTH = ["staging", "production"]


def program(stack: str, database: dict[str, Any] | None = None, **backups: Any) -> Program:
    config = stack_file(stack)
    config["legal-ai:database"] |= ({"url": URL} if stack == "local" else {}) | (database or {})
    config["legal-ai:backups"] = {**config["legal-ai:backups"], **backups}
    return run(stack, config)


@pytest.fixture(scope="module")
def programs() -> dict[str, Program]:
    return {stack: program(stack) for stack in ("local", *BOTH)}


@pytest.fixture(params=BOTH)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def declared(programs: dict[str, Program], stack: str) -> Program:
    return programs[stack]


@pytest.fixture
def production(programs: dict[str, Program]) -> Program:
    return programs["production"]


def named(found: Program, name: str) -> Declared:
    (each,) = (each for each in found.resources.values() if each.name == name)
    return each


def rules(found: Program) -> dict[str, dict[str, Any]]:
    """All rules of all plans, by name."""
    return {
        rule["ruleName"]: rule
        for plan in found.of("Plan").values()
        for rule in plan.inputs["rules"]
    }


# What is taken when, and how long it is kept.


def test_staging_is_backed_up_daily(programs: dict[str, Program]) -> None:
    found = rules(programs["staging"])
    assert set(found) == {"daily"}
    assert found["daily"]["schedule"] == "cron(0 2 * * ? *)"
    assert found["daily"]["lifecycle"] == {"deleteAfter": 14}


def test_production_is_backed_up_hourly_for_two_days_and_daily_for_thirty_five(
    production: Program,
) -> None:
    found = rules(production)
    assert found["hourly"]["schedule"] == "cron(0 * * * ? *)"
    assert found["hourly"]["lifecycle"] == {"deleteAfter": 2}
    assert found["daily"]["lifecycle"] == {"deleteAfter": 35}


def test_production_can_be_restored_to_any_moment_of_thirty_five_days(production: Program) -> None:
    continuous = rules(production)["continuous"]
    assert continuous["enableContinuousBackup"] is True
    assert continuous["lifecycle"] == {"deleteAfter": 35}


def test_history_is_a_plan_of_its_own_since_overlapping_rules_of_one_plan_drop_one(
    production: Program,
) -> None:
    plans = {
        plan.inputs["name"]: [rule["ruleName"] for rule in plan.inputs["rules"]]
        for plan in production.of("Plan").values()
    }
    assert plans == {
        "legal-ai-production-snapshots": ["daily", "hourly"],
        "legal-ai-production-continuous": ["continuous"],
    }


def test_history_is_there_only_where_it_is_wanted(programs: dict[str, Program]) -> None:
    assert "enableContinuousBackup" not in rules(programs["staging"])["daily"]
    assert rules(program("staging", pointInTime=True))["continuous"]["lifecycle"] == {
        "deleteAfter": 14
    }


def test_no_rule_leaves_its_lifecycle_to_a_default(declared: Program) -> None:
    for rule in rules(declared).values():
        assert rule["lifecycle"]["deleteAfter"] >= 1
        assert "coldStorageAfter" not in rule["lifecycle"]
        for copy in rule.get("copyActions", []):
            assert copy["lifecycle"]["deleteAfter"] >= 1


def test_backups_say_which_stack_and_rule_they_are_of(declared: Program, stack: str) -> None:
    for name, rule in rules(declared).items():
        assert rule["recoveryPointTags"] == {"legal-ai:stack": stack, "legal-ai:rule": name}


def test_a_job_starts_and_ends_in_time_or_counts_as_failed(declared: Program) -> None:
    for rule in rules(declared).values():
        assert rule["startWindow"] == 60
        assert rule["completionWindow"] > rule["startWindow"]


# What is backed up, and by whom.


GENERATIONS = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]


def test_every_generation_is_backed_up_by_every_plan_and_found_by_name_not_by_tag() -> None:
    found = program("production", {"generations": GENERATIONS})
    selected = {
        (each.inputs["planId"], arn.rpartition(":")[2])
        for each in found.of("Selection").values()
        for arn in each.inputs["resources"]
    }
    assert selected == {
        (f"backups-{plan}-id", f"legal-ai-production-{generation}")
        for plan in ("snapshots", "continuous")
        for generation in ("g1", "g2")
    }
    assert not any("selectionTags" in each.inputs for each in found.of("Selection").values())


def test_a_new_generation_leaves_the_backups_of_the_others_as_they_are(
    production: Program,
) -> None:
    later = program("production", {"generations": GENERATIONS}).of("Selection")
    for name, selection in production.of("Selection").items():
        assert later[name].inputs == selection.inputs


def test_aws_backup_acts_in_a_role_of_its_own_that_may_back_up_and_restore(
    declared: Program,
) -> None:
    role = named(declared, "backups-role")
    trusted = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "backup.amazonaws.com"}
    rights = [named(declared, f"backups-role-{what}") for what in ("backup", "restore")]
    assert [each.inputs["policyArn"].rpartition("/")[2] for each in rights] == [
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBackupServiceRolePolicyForRestores",
    ]
    for selection in declared.of("Selection").values():
        assert selection.inputs["iamRoleArn"].endswith(role.inputs["name"])
        assert {each.urn for each in rights} <= set(selection.dependencies)


# Where it is kept.


def test_the_vault_is_encrypted_with_the_databases_key_and_not_deleted_by_a_slip(
    declared: Program, stack: str
) -> None:
    vault = named(declared, "backups-vault")
    assert vault.inputs["name"] == f"legal-ai-{stack}"
    assert vault.inputs["kmsKeyArn"].endswith(":database-key")
    assert vault.inputs["forceDestroy"] is False
    assert vault.is_protected


def test_the_vault_is_locked_in_governance_mode_which_a_mistake_can_be_mended_in(
    declared: Program,
) -> None:
    lock = named(declared, "backups-vault-lock")
    assert lock.inputs["backupVaultName"] == named(declared, "backups-vault").inputs["name"]
    assert lock.is_protected
    assert "changeableForDays" not in lock.inputs


def test_the_lock_takes_every_rules_backups(declared: Program) -> None:
    for lock in declared.of("VaultLockConfiguration").values():
        days = [rule["lifecycle"]["deleteAfter"] for rule in rules(declared).values()]
        assert lock.inputs["minRetentionDays"] == min(days)
        assert lock.inputs["maxRetentionDays"] == max(days)


def test_every_snapshot_is_copied_to_a_second_region_and_kept_there_as_long(
    production: Program,
) -> None:
    for name in ("hourly", "daily"):
        rule = rules(production)[name]
        (copy,) = rule["copyActions"]
        assert ":us-west-2:" in copy["destinationVaultArn"]
        assert copy["lifecycle"] == rule["lifecycle"]


def test_the_copies_vault_is_in_the_second_region_under_a_key_of_that_region(
    production: Program,
) -> None:
    vault, key, alias, lock = (
        named(production, f"backups-copies{part}") for part in ("", "-key", "-key-alias", "-lock")
    )
    assert {each.inputs["region"] for each in (vault, key, alias, lock)} == {"us-west-2"}
    assert vault.inputs["kmsKeyArn"].endswith(":backups-copies-key")
    assert ":us-west-2:" in vault.inputs["kmsKeyArn"]
    assert key.inputs["enableKeyRotation"] is True
    assert vault.is_protected
    assert key.is_protected
    assert "changeableForDays" not in lock.inputs


def test_without_a_second_region_nothing_is_declared_or_copied_there(
    programs: dict[str, Program],
) -> None:
    assert not any("copies" in found.name for found in programs["staging"].resources.values())
    assert "copyActions" not in rules(programs["staging"])["daily"]


# Who hears of it.


def test_failures_are_told_to_an_encrypted_topic_that_only_aws_own_notifiers_write_to(
    declared: Program, stack: str
) -> None:
    topic = named(declared, "backups-topic")
    assert topic.inputs["name"] == f"legal-ai-{stack}-backups"
    assert topic.inputs["kmsMasterKeyId"] == "database-key-key-id"
    (statement,) = json.loads(named(declared, "backups-topic-policy").inputs["policy"])["Statement"]
    assert statement["Principal"]["Service"] == ["backup.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"].endswith(f"legal-ai-{stack}-backups")


def test_the_events_are_those_that_aws_still_sends_for_a_failed_job(declared: Program) -> None:
    told = named(declared, "backups-notifications")
    assert told.inputs["backupVaultEvents"] == [
        "BACKUP_JOB_COMPLETED",
        "COPY_JOB_FAILED",
        "RESTORE_JOB_COMPLETED",
    ]
    assert named(declared, "backups-topic-policy").urn in told.dependencies


def test_a_failed_backup_alarms_and_no_backup_at_the_moment_does_not(declared: Program) -> None:
    alarm = named(declared, "backups-alarm-failed").inputs
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Backup", "NumberOfBackupJobsFailed")
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["treatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("stack", "changes", "hours"),
    [
        ("staging", {}, 26),
        ("production", {}, 3),
        ("staging", {"maxAgeMinutes": 3000}, 50),
        ("staging", {"maxAgeMinutes": 100_000}, 168),
    ],
)
def test_no_completed_backup_for_too_long_alarms_and_no_data_is_the_worst_of_news(
    stack: str, changes: dict[str, Any], hours: int
) -> None:
    alarm = named(program(stack, **changes), "backups-alarm-old").inputs
    assert alarm["metricName"] == "NumberOfBackupJobsCompleted"
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    assert alarm["treatMissingData"] == "breaching"
    assert alarm["statistic"] == "Sum"
    assert alarm["period"] * alarm["evaluationPeriods"] == hours * 3600
    assert f"{hours} hours" in alarm["alarmDescription"]


def test_alarms_count_this_stacks_vault_alone_and_tell_the_topic(declared: Program) -> None:
    topic = named(declared, "backups-topic")
    for alarm in declared.of("MetricAlarm").values():
        vault = named(declared, "backups-vault").inputs["name"]
        assert alarm.inputs["dimensions"] == {"BackupVaultName": vault}
        for actions in ("alarmActions", "okActions"):
            assert alarm.inputs[actions][0].endswith(topic.inputs["name"])


# The other stacks.


def test_the_local_stack_is_backed_up_daily_and_can_be_destroyed(
    programs: dict[str, Program],
) -> None:
    local = programs["local"]
    assert set(rules(local)) == {"daily"}
    assert named(local, "backups-vault").inputs["forceDestroy"] is True
    assert not named(local, "backups-vault").is_protected


def test_a_database_that_somebody_else_looks_after_is_not_backed_up_by_aws() -> None:
    config = stack_file("staging")
    config["legal-ai:database"] = {"kind": "external", "url": URL}
    found = run("staging", config)
    assert "legal-ai:backups:Backups::backups" not in found.resources
