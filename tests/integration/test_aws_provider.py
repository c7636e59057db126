"""The AWS stand-in over gRPC against an AWS API of its own: what boto3 sees is what was asked for.

What is arithmetic is in tests/unit/test_plugins_aws.py.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.plugins.values import UNKNOWN, Properties, Secret, has_secret
from tests.integration import aws_project as project
from tests.integration.aws_api import AwsApi
from tests.integration.aws_driver import Driver, InputProblems, Made, Refused
from tests.integration.aws_project import TAGS

pytestmark = pytest.mark.timeout(120)


def use(api: AwsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in api.environment.items():
        monkeypatch.setenv(key, value)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsApi]:
    """One API for all tests but those that stop it; each test has names of its own."""
    server = AwsApi(tmp_path_factory.mktemp("aws"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def driver(api: AwsApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    use(api, monkeypatch)
    made = Driver({"region": "us-east-1"})
    yield made
    made.close()


@pytest.fixture(scope="module")
def declared(api: AwsApi) -> Iterator[dict[str, Made]]:
    """The whole project, made once; these tests change nothing of it."""
    with pytest.MonkeyPatch.context() as patch:
        use(api, patch)
        own = Driver({"region": "us-east-1"})
        yield project.declare(own, subnets(api))
        own.close()


def subnets(api: AwsApi) -> list[str]:
    found = api.client("ec2").describe_subnets()["Subnets"]
    return [subnet["SubnetId"] for subnet in found[:2]]


def tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}


# -- what boto3 sees ------------------------------------------------------------------------


def test_the_key_rotates_and_the_alias_points_to_it(api: AwsApi, declared: dict[str, Made]) -> None:
    kms = api.client("kms")
    key = declared["key"].out["keyId"]
    assert kms.describe_key(KeyId="alias/legal-ai-test-database")["KeyMetadata"]["KeyId"] == key
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "the database"
    listed = kms.list_resource_tags(KeyId=key)["Tags"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in listed} == TAGS


def test_the_security_group_admits_the_cluster_only_and_lets_nothing_out(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    group = declared["group"]
    found = api.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]
    admitted = [
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], source["CidrIp"])
        for rule in found["IpPermissions"]
        for source in rule["IpRanges"]
    ]
    assert sorted(admitted) == [
        ("tcp", 5432, 5432, "10.0.0.0/16"),
        ("tcp", 5432, 5432, "10.1.0.0/16"),
    ]
    assert found["IpPermissionsEgress"] == []
    assert group.out["vpcId"] == found["VpcId"]


def test_the_parameters_are_set_each_with_the_time_at_which_it_applies(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    found = api.client("rds").describe_db_parameters(
        DBParameterGroupName=declared["parameters"].id
    )["Parameters"]
    assert {p["ParameterName"]: (p["ParameterValue"], p["ApplyMethod"]) for p in found} == {
        "rds.force_ssl": ("1", "immediate"),
        "shared_preload_libraries": ("pg_stat_statements", "pending-reboot"),
    }


def test_the_secret_holds_what_was_put_and_its_value_is_secret_in_the_state(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    value = declared["value"]
    found = api.client("secretsmanager").get_secret_value(SecretId="legal-ai/test/main/admin")
    assert json.loads(found["SecretString"]) == {"username": "admin"}
    assert value.state["secretString"] == Secret('{"username": "admin"}')
    assert value.inputs["secretString"] == Secret('{"username": "admin"}')
    assert value.id == f"{declared['secret'].out['arn']}|{found['VersionId']}"


def test_the_instance_is_as_configured(api: AwsApi, declared: dict[str, Made]) -> None:
    database = declared["database"]
    found = api.client("rds").describe_db_instances(DBInstanceIdentifier="legal-ai-test-main")[
        "DBInstances"
    ][0]
    asked: dict[str, Any] = {
        "AllocatedStorage": 20,
        "BackupRetentionPeriod": 35,
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CopyTagsToSnapshot": True,
        "DBInstanceClass": "db.t4g.medium",
        "DBName": "legal_ai",
        "DeletionProtection": True,
        "EnabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "Engine": "postgres",
        "IAMDatabaseAuthenticationEnabled": True,
        "KmsKeyId": declared["key"].out["arn"],
        "MasterUsername": "legal_ai_admin",
        "MaxAllocatedStorage": 100,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": declared["monitoring"].out["arn"],
        "MultiAZ": True,
        "PerformanceInsightsEnabled": True,
        "PerformanceInsightsKMSKeyId": declared["key"].out["arn"],
        "PerformanceInsightsRetentionPeriod": 7,
        "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "StorageType": "gp3",
    }
    assert {key: found.get(key) for key in asked} == asked
    assert found["DBSubnetGroup"]["DBSubnetGroupName"] == "legal-ai-test"
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == "legal-ai-test-postgres15"
    assert [g["VpcSecurityGroupId"] for g in found["VpcSecurityGroups"]] == [declared["group"].id]
    assert tags(found["TagList"]) == TAGS
    assert database.id == database.out["resourceId"] == found["DbiResourceId"]
    assert database.out["endpoint"] == f"{database.out['address']}:5432"
    assert database.state["password"] == Secret("correct horse battery")


def test_the_replica_is_an_instance_of_its_own_that_follows_the_primary(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    replica, primary = declared["replica"], declared["database"]
    rds = api.client("rds")
    found = rds.describe_db_instances(DBInstanceIdentifier="legal-ai-test-main-replica")
    seen = found["DBInstances"][0]
    assert seen["ReadReplicaSourceDBInstanceIdentifier"] == "legal-ai-test-main"
    assert seen["DeletionProtection"] is False
    assert seen["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert replica.id != primary.id
    source = rds.describe_db_instances(DBInstanceIdentifier="legal-ai-test-main")["DBInstances"][0]
    assert source["ReadReplicaDBInstanceIdentifiers"] == ["legal-ai-test-main-replica"]
    assert source["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]


def test_the_vault_is_encrypted_and_locked_in_governance_mode_and_there_is_one_far_away(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    near = api.client("backup").describe_backup_vault(BackupVaultName="legal-ai-test")
    assert near["EncryptionKeyArn"] == declared["key"].out["arn"]
    assert (near["Locked"], near["MinRetentionDays"], near["MaxRetentionDays"]) == (True, 1, 400)
    assert near.get("LockDate") is None
    far = api.client("backup", "us-west-2").describe_backup_vault(BackupVaultName="legal-ai-test")
    assert declared["copies"].out["arn"] == far["BackupVaultArn"]
    assert declared["copies"].out["region"] == "us-west-2"
    assert far["BackupVaultArn"] != near["BackupVaultArn"]


def test_the_plan_takes_hourly_snapshots_and_continuous_backups_that_are_copied_away(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    found = api.client("backup").get_backup_plan(BackupPlanId=declared["plan"].id)["BackupPlan"]
    rules = {rule["RuleName"]: rule for rule in found["Rules"]}
    assert rules["hourly"]["Lifecycle"] == {"DeleteAfterDays": 2}
    assert rules["hourly"]["ScheduleExpression"] == "cron(0 * * * ? *)"
    assert rules["hourly"]["CompletionWindowMinutes"] == 120
    assert rules["hourly"]["RecoveryPointTags"] == TAGS
    assert rules["daily"]["EnableContinuousBackup"] is True
    copy = rules["daily"]["CopyActions"][0]
    assert copy["Lifecycle"] == {"DeleteAfterDays": 35}
    assert "us-west-2" in copy["DestinationBackupVaultArn"]


def test_what_moto_lacks_of_backup_is_read_back_as_well(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    backup = api.client("backup")
    plan = declared["plan"].id
    selection = backup.get_backup_selection(
        BackupPlanId=plan, SelectionId=declared["selection"].id
    )["BackupSelection"]
    assert selection["Resources"] == [declared["database"].out["arn"]]
    assert selection["IamRoleArn"] == declared["monitoring"].out["arn"]
    listed = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert [one["SelectionName"] for one in listed] == ["legal-ai-test"]
    notified = backup.get_backup_vault_notifications(BackupVaultName="legal-ai-test")
    assert notified["SNSTopicArn"] == declared["topic"].id
    assert "COPY_JOB_FAILED" in notified["BackupVaultEvents"]
    policy = backup.get_backup_vault_access_policy(BackupVaultName="legal-ai-test")["Policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == "backup:CopyIntoBackupVault"


def test_the_topic_is_encrypted_and_lets_backups_publish(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    found = api.client("sns").get_topic_attributes(TopicArn=declared["topic"].id)["Attributes"]
    assert found["KmsMasterKeyId"] == declared["key"].out["keyId"]
    assert json.loads(found["Policy"])["Statement"][0]["Principal"] == {
        "Service": ["backup.amazonaws.com"]
    }


def test_the_alarm_watches_as_configured(api: AwsApi, declared: dict[str, Made]) -> None:
    cloudwatch = api.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=["legal-ai-test-age"])["MetricAlarms"][0]
    topic = declared["topic"].id
    assert (found["AlarmActions"], found["OKActions"]) == ([topic], [topic])
    assert (found["Threshold"], found["Period"], found["EvaluationPeriods"]) == (1, 3600, 2)
    assert found["TreatMissingData"] == "breaching"
    assert found["Dimensions"] == [{"Name": "BackupVaultName", "Value": "legal-ai-test"}]
    assert tags(cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]) == TAGS


def test_the_role_is_what_monitoring_takes_on_with_its_policy(
    api: AwsApi, declared: dict[str, Made]
) -> None:
    iam = api.client("iam")
    found = iam.get_role(RoleName="legal-ai-test-monitoring")["Role"]
    assert found["Arn"] == declared["monitoring"].out["arn"]
    attached = iam.list_attached_role_policies(RoleName="legal-ai-test-monitoring")
    assert [p["PolicyArn"] for p in attached["AttachedPolicies"]] == [project.MONITORING]
    assert declared["attachment"].id == f"legal-ai-test-monitoring/{project.MONITORING}"


# -- nothing to do --------------------------------------------------------------------------


def test_what_was_just_made_has_no_difference_and_a_refresh_finds_it_as_it_is(
    driver: Driver, declared: dict[str, Made]
) -> None:
    for name, made in declared.items():
        refreshed = driver.refresh(made)
        assert refreshed is not None, name
        assert refreshed == made, name
        given = {key: value for key, value in made.inputs.items() if key != "tagsAll"}
        assert driver.plan(made, given).changed == [], name


def test_a_preview_makes_nothing_and_does_not_need_an_api(
    monkeypatch: pytest.MonkeyPatch, driver: Driver
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    known = driver.preview(project.TOPIC, "t", {"name": "not-made"})
    assert (known["name"], known["arn"]) == ("not-made", UNKNOWN)


# -- a stop and a start ---------------------------------------------------------------------


@pytest.mark.long
def test_after_a_stop_and_a_start_everything_is_there_with_the_ids_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = AwsApi(tmp_path)
    api.start()
    try:
        use(api, monkeypatch)
        driver = Driver({"region": "us-east-1"})
        made = project.declare(driver, subnets(api))
        with ThreadPoolExecutor(8) as pool:
            # As Pulumi does; long enough that what is written at once is not written in one go.
            at_once = [
                (project.SECRET, {"name": f"s{number}", "description": "x" * 8000})
                for number in range(16)
            ] + [(project.KEY, {"description": "alike"})] * 2
            more = pool.map(
                lambda numbered: driver.create(
                    numbered[1][0], f"at once {numbered[0]}", numbered[1][1]
                ),
                enumerate(at_once),
            )
            made |= {one.name: one for one in more}
        snapshot = api.client("rds").create_db_snapshot(
            DBInstanceIdentifier="legal-ai-test-main", DBSnapshotIdentifier="before"
        )["DBSnapshot"]
        api.restart()
        assert len({one.id for one in made.values() if one.token == project.KEY}) == 3
        for name, one in made.items():
            assert driver.refresh(one) == one, name
        kept = api.client("rds").describe_db_snapshots(DBSnapshotIdentifier="before")
        # Whether a backup is fresh enough is asked of this time.
        assert kept["DBSnapshots"][0]["SnapshotCreateTime"] == snapshot["SnapshotCreateTime"]
        driver.close()
    finally:
        api.stop()


# -- changes --------------------------------------------------------------------------------


def test_an_instance_is_changed_in_place_and_renamed_without_losing_its_id(
    api: AwsApi, driver: Driver
) -> None:
    given = project.instance(
        identifier="changed",
        enabledCloudwatchLogsExports=["postgresql", "upgrade"],
        deletionProtection=True,
        maxAllocatedStorage=50,
        performanceInsightsEnabled=True,
    )
    made = driver.create(project.INSTANCE, "changed", given)
    wanted = given | {
        "identifier": "renamed",
        "instanceClass": "db.r6g.large",
        "allocatedStorage": 40,
        "enabledCloudwatchLogsExports": ["upgrade"],
        "performanceInsightsEnabled": False,
        "password": Secret("another horse"),
        "tags": {"legal-ai:stack": "test", "new": "yes"},
    }
    for gone in ("deletionProtection", "maxAllocatedStorage"):
        del wanted[gone]
    changed = driver.update(made, wanted)
    found = api.client("rds").describe_db_instances(DBInstanceIdentifier="renamed")
    seen = found["DBInstances"][0]
    assert (seen["DBInstanceClass"], seen["AllocatedStorage"]) == ("db.r6g.large", 40)
    assert seen["EnabledCloudwatchLogsExports"] == ["upgrade"]
    assert seen["DeletionProtection"] is False
    assert seen["PerformanceInsightsEnabled"] is False
    assert seen.get("MaxAllocatedStorage") is None
    assert tags(seen["TagList"]) == {"legal-ai:stack": "test", "new": "yes"}
    assert seen["DbiResourceId"] == made.id
    assert changed.state["password"] == Secret("another horse")
    assert driver.plan(changed, wanted).changed == []
    assert driver.refresh(changed) == changed
    driver.delete(changed)


def test_what_a_program_ignores_is_neither_shown_nor_set_back(api: AwsApi, driver: Driver) -> None:
    given = project.instance(identifier="ignored", backupRetentionPeriod=7)
    made = driver.create(project.INSTANCE, "ignored", given)
    # AWS Backup takes the window over once a plan with continuous backup selects the instance.
    api.client("rds").modify_db_instance(
        DBInstanceIdentifier="ignored", BackupRetentionPeriod=35, ApplyImmediately=True
    )
    drifted = driver.refresh(made)
    assert drifted is not None
    ignore = ("backupRetentionPeriod",)
    assert driver.plan(drifted, given, ignore).changed == []
    assert driver.plan(drifted, given).changed == ["backupRetentionPeriod"]
    changed = driver.update(drifted, given | {"multiAz": True}, ignore)
    found = api.client("rds").describe_db_instances(DBInstanceIdentifier="ignored")
    assert found["DBInstances"][0]["BackupRetentionPeriod"] == 35
    assert found["DBInstances"][0]["MultiAZ"] is True
    driver.delete(changed)


def test_a_replica_that_has_no_source_any_more_is_promoted(api: AwsApi, driver: Driver) -> None:
    primary = driver.create(project.INSTANCE, "p", project.instance(identifier="promoting"))
    given: Properties = {
        "identifier": "promoted",
        "replicateSourceDb": "promoting",
        "instanceClass": "db.t4g.medium",
        "skipFinalSnapshot": True,
    }
    replica = driver.create(project.INSTANCE, "r", given)
    with pytest.raises(Refused, match="can't be made a replica"):
        driver.update(replica, given | {"replicateSourceDb": "other"})
    promoted = driver.update(replica, project.instance(identifier="promoted"))
    found = api.client("rds").describe_db_instances(DBInstanceIdentifier="promoted")
    assert found["DBInstances"][0].get("ReadReplicaSourceDBInstanceIdentifier") is None
    driver.delete(promoted)
    driver.delete(primary)


def test_a_parameter_that_is_taken_out_has_its_default_again(api: AwsApi, driver: Driver) -> None:
    force = {"name": "rds.force_ssl", "value": "1"}
    slow = {"name": "log_min_duration_statement", "value": "500"}
    given: Properties = {"name": "reset", "family": "postgres15", "parameters": [force, slow]}
    made = driver.create(project.PARAMETERS, "reset", given)
    changed = driver.update(made, given | {"parameters": [slow | {"value": "250"}]})
    found = api.client("rds").describe_db_parameters(DBParameterGroupName="reset")["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in found] == [
        ("log_min_duration_statement", "250")
    ]
    driver.delete(changed)


def test_a_security_group_gets_new_rules_and_loses_old_ones(api: AwsApi, driver: Driver) -> None:
    def rule(*sources: str, port: int = 5432, **more: Any) -> Properties:
        return (
            {"protocol": "tcp", "fromPort": port, "toPort": port}
            | more
            | ({"cidrBlocks": list(sources)} if sources else {})
        )

    given: Properties = {"name": "rules", "ingress": [rule("10.0.0.0/16", "10.1.0.0/16")]}
    made = driver.create(project.GROUP, "rules", given)
    wanted = given | {
        "ingress": [rule("10.1.0.0/16"), rule(self=True)],
        "egress": [rule("10.9.0.0/16", port=443)],
    }
    changed = driver.update(made, wanted)
    found = api.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    sources = [r["CidrIp"] for p in found["IpPermissions"] for r in p["IpRanges"]]
    groups = [r["GroupId"] for p in found["IpPermissions"] for r in p["UserIdGroupPairs"]]
    assert (sources, groups) == (["10.1.0.0/16"], [made.id])
    assert found["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"] == "10.9.0.0/16"
    assert driver.plan(changed, wanted).changed == []
    assert driver.refresh(changed) == changed
    api.client("ec2").authorize_security_group_ingress(
        GroupId=made.id,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    opened = driver.refresh(changed)
    assert opened is not None
    closed = driver.update(opened, wanted)
    found = api.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert all(p["FromPort"] != 22 for p in found["IpPermissions"])
    driver.delete(closed)


def test_a_plan_gets_other_rules_under_the_same_id(api: AwsApi, driver: Driver) -> None:
    given: Properties = {"name": "versions", "rules": project.rules(), "tags": TAGS}
    made = driver.create(project.PLAN, "versions", given)
    wanted = given | {"rules": project.rules(lifecycle={"deleteAfter": 3}), "tags": {"a": "b"}}
    changed = driver.update(made, wanted)
    backup = api.client("backup")
    found = backup.get_backup_plan(BackupPlanId=made.id)
    assert found["BackupPlan"]["Rules"][0]["Lifecycle"] == {"DeleteAfterDays": 3}
    assert changed.out["version"] == found["VersionId"] != made.out["version"]
    assert backup.list_tags(ResourceArn=changed.out["arn"])["Tags"] == {"a": "b"}
    driver.delete(changed)


def test_the_small_things_change_in_place(api: AwsApi, driver: Driver) -> None:
    key_given: Properties = {"description": "a", "enableKeyRotation": True, "tags": TAGS}
    key = driver.create(project.KEY, "small", key_given)
    key = driver.update(key, {"description": "b", "isEnabled": False, "tags": {"new": "yes"}})
    kms = api.client("kms")
    found = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    assert (found["Description"], found["Enabled"]) == ("b", False)
    assert not kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"]
    assert kms.list_resource_tags(KeyId=key.id)["Tags"] == [{"TagKey": "new", "TagValue": "yes"}]

    topic = driver.create(project.TOPIC, "small", {"name": "small", "tags": TAGS})
    topic = driver.update(topic, {"name": "small", "displayName": "Small", "tags": {}})
    attributes = api.client("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]
    assert attributes["DisplayName"] == "Small"
    assert api.client("sns").list_tags_for_resource(ResourceArn=topic.id)["Tags"] == []

    alarm = driver.create(project.ALARM, "small", project.alarm(topic.id, name="small"))
    driver.update(alarm, project.alarm(topic.id, name="small", threshold=3, okActions=[]))
    seen = api.client("cloudwatch").describe_alarms(AlarmNames=["small"])["MetricAlarms"][0]
    assert (seen["Threshold"], seen["OKActions"]) == (3, [])

    policy = project.assumed_by("backup")
    role = driver.create(
        project.ROLE, "small", {"name": "small", "assumeRolePolicy": policy, "tags": TAGS}
    )
    may = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}
    inline = {"name": "own", "policy": json.dumps({"Version": "2012-10-17", "Statement": may})}
    wanted = {
        "name": "small",
        "assumeRolePolicy": project.assumed_by("rds"),
        "description": "d",
        "inlinePolicies": [inline],
        "tags": {"new": "yes"},
    }
    role = driver.update(role, wanted)
    assert driver.plan(role, wanted).changed == []
    iam = api.client("iam")
    assert iam.get_role(RoleName="small")["Role"]["Description"] == "d"
    assert iam.list_role_policies(RoleName="small")["PolicyNames"] == ["own"]
    assert tags(iam.list_role_tags(RoleName="small")["Tags"]) == {"new": "yes"}
    for made in (role, alarm, topic, key):
        driver.delete(made)


def test_a_name_that_the_program_gives_needs_the_old_one_gone_before_the_new_one_comes(
    driver: Driver, declared: dict[str, Made]
) -> None:
    lock = driver.plan(declared["lock"], {"backupVaultName": "legal-ai-test"})
    assert (lock.replaces, lock.delete_first) == (["maxRetentionDays", "minRetentionDays"], False)
    inputs = declared["parameters"].inputs
    named = driver.plan(declared["parameters"], inputs | {"family": "postgres16"})
    assert (named.replaces, named.delete_first) == (["family"], True)
    other = driver.plan(declared["parameters"], inputs | {"name": "other"})
    assert (other.replaces, other.delete_first) == (["name"], False)
    attachment = driver.plan(
        declared["attachment"], declared["attachment"].inputs | {"policyArn": "arn:aws:iam::a"}
    )
    assert attachment.delete_first


# -- deletion -------------------------------------------------------------------------------


def test_what_is_deleted_is_gone_from_a_refresh_and_deleting_it_again_is_no_error(
    api: AwsApi, driver: Driver
) -> None:
    made = project.declare(driver, subnets(api), "deleted")
    # As the program would do first.
    unprotected = made["database"].inputs | {"deletionProtection": False}
    made["database"] = driver.update(made["database"], unprotected)
    stays = {"value", "topic policy"}  # AWS deletes neither a current value nor a policy
    for name, one in reversed(made.items()):
        driver.delete(one)
        if name not in stays:
            assert driver.refresh(one) is None, name
            driver.delete(one)
    for name in stays:
        assert driver.refresh(made[name]) is None, name
    api.client("rds").describe_db_snapshots(DBSnapshotIdentifier="legal-ai-deleted-main-final")
    # `pulumi destroy` and `pulumi up` after it: these names are free again.
    for name in ("vault", "topic", "monitoring", "parameters", "plan"):
        again = driver.create(made[name].token, name, made[name].inputs)
        assert driver.refresh(again) == again


def test_a_protected_instance_is_not_deleted(api: AwsApi, driver: Driver) -> None:
    given = project.instance(identifier="protected", deletionProtection=True)
    made = driver.create(project.INSTANCE, "protected", given)
    with pytest.raises(Refused, match="disable deletion protection"):
        driver.delete(made)
    assert driver.refresh(made) == made
    unprotected = driver.update(made, given | {"deletionProtection": False})
    driver.delete(unprotected)
    assert driver.refresh(unprotected) is None


def test_an_instance_without_a_name_for_its_last_snapshot_is_not_deleted(driver: Driver) -> None:
    given = project.instance(identifier="unnamed", skipFinalSnapshot=False)
    made = driver.create(project.INSTANCE, "unnamed", given)
    with pytest.raises(Refused, match="finalSnapshotIdentifier is needed"):
        driver.delete(made)
    driver.delete(driver.update(made, project.instance(identifier="unnamed")))


def test_a_plan_with_a_selection_is_not_deleted(driver: Driver, declared: dict[str, Made]) -> None:
    with pytest.raises(Refused, match="selections must be deleted prior"):
        driver.delete(declared["plan"])
    assert driver.refresh(declared["plan"]) == declared["plan"]


# -- a killed command -----------------------------------------------------------------------


def test_what_a_killed_command_left_is_taken_over_and_finished(api: AwsApi, driver: Driver) -> None:
    left = project.instance(identifier="killed", password=Secret("the one before"))
    first = driver.create(project.INSTANCE, "killed", left)
    given = project.instance(identifier="killed", multiAz=True, deletionProtection=True)
    made = driver.create(project.INSTANCE, "killed", given)
    assert made.id == first.id
    assert any("killed is there already" in said for said in driver.engine.said)
    found = api.client("rds").describe_db_instances(DBInstanceIdentifier="killed")["DBInstances"]
    assert (found[0]["MultiAZ"], found[0]["DeletionProtection"]) == (True, True)
    assert driver.plan(made, given).changed == []
    driver.delete(driver.update(made, given | {"deletionProtection": False}))


def test_another_resource_of_the_program_does_not_take_it_over(driver: Driver) -> None:
    given: Properties = {"name": "one-vault", "tags": TAGS}
    made = driver.create(project.VAULT, "first", given)
    # A renamed resource: the engine would delete "first" once "second" is there.
    with pytest.raises(Refused, match="AlreadyExistsException"):
        driver.create(project.VAULT, "second", given)
    assert driver.create(project.VAULT, "first", given).id == made.id
    driver.delete(made)
    assert driver.create(project.VAULT, "second", given).id == "one-vault"


def test_every_type_is_taken_over_when_its_creation_was_forgotten(
    api: AwsApi, driver: Driver
) -> None:
    for name, one in project.declare(driver, subnets(api), "forgotten").items():
        again = driver.create(one.token, name, one.inputs)
        refreshed = driver.refresh(again)
        assert refreshed is not None, name
        assert refreshed.state == again.state, name
        # What has no name can't be found again: another one, as officially.
        assert (again.id == one.id) == (name not in ("key", "value")), name


@pytest.mark.parametrize(
    "foreign", [{"legal-ai:stack": "production"}, {}, TAGS | {"owner": "somebody"}]
)
def test_what_belongs_to_somebody_else_is_not_taken_over(
    api: AwsApi, driver: Driver, foreign: dict[str, str]
) -> None:
    name = f"foreign-{len(foreign)}-{foreign.get('legal-ai:stack', '')}"
    backup = api.client("backup")
    backup.create_backup_vault(BackupVaultName=name, BackupVaultTags=foreign)
    with pytest.raises(Refused, match="AlreadyExistsException"):
        driver.create(project.VAULT, name, {"name": name, "tags": TAGS})
    arn = backup.describe_backup_vault(BackupVaultName=name)["BackupVaultArn"]
    assert backup.list_tags(ResourceArn=arn)["Tags"] == foreign


def test_what_would_have_to_be_another_is_not_taken_over(driver: Driver) -> None:
    given: Properties = {"name": "family", "family": "postgres15", "tags": TAGS}
    made = driver.create(project.PARAMETERS, "family", given)
    with pytest.raises(Refused, match="AlreadyExists"):
        driver.create(project.PARAMETERS, "family", given | {"family": "postgres16"})
    assert driver.refresh(made) == made


# -- restores -------------------------------------------------------------------------------


def test_an_instance_is_restored_from_a_snapshot_and_from_a_point_in_time(
    api: AwsApi, driver: Driver
) -> None:
    source = driver.create(project.INSTANCE, "source", project.instance(identifier="source"))
    rds = api.client("rds")
    rds.create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="label")
    common: Properties = {
        "instanceClass": "db.r6g.large",
        "allocatedStorage": 20,
        "backupRetentionPeriod": 14,
        "performanceInsightsEnabled": True,
        "password": Secret("correct horse battery"),
        "skipFinalSnapshot": True,
        "tags": TAGS | {"generation": "second"},
    }
    moment = {"sourceDbInstanceIdentifier": "source", "restoreTime": "2025-11-23T10:00:00Z"}
    for name, origin in (
        ("from-snapshot", {"snapshotIdentifier": "label"}),
        ("from-moment", {"restoreToPointInTime": moment}),
    ):
        given = common | {"identifier": name} | origin
        made = driver.create(project.INSTANCE, name, given)
        found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        assert found["DBInstanceClass"] == "db.r6g.large"
        assert found["BackupRetentionPeriod"] == 14
        assert found["PerformanceInsightsEnabled"] is True
        assert found["MasterUsername"] == "legal_ai_admin"
        assert found.get("ReadReplicaSourceDBInstanceIdentifier") is None
        assert tags(found["TagList"]) == common["tags"]
        assert made.id != source.id
        assert driver.plan(made, given).changed == []
        driver.delete(made)
    driver.delete(source)


# -- import ---------------------------------------------------------------------------------


def test_what_is_there_already_can_be_imported_by_its_id(
    driver: Driver, declared: dict[str, Made]
) -> None:
    for name, identifier in (
        ("database", "legal-ai-test-main"),
        ("key", declared["key"].id),
        ("copies", "legal-ai-test@us-west-2"),
        ("selection", f"{declared['plan'].id}|{declared['selection'].id}"),
        ("parameters", "legal-ai-test-postgres15"),
    ):
        made = declared[name]
        imported = driver.bring_in(made.token, identifier)
        assert imported is not None, name
        assert imported.id == made.id
        assert imported.out["region"] == made.out["region"]
        declared_fields = driver.provider_fields(made.token)
        unread = {key for key, declaration in declared_fields.items() if declaration.unread}
        changed = driver.plan(imported, made.inputs).changed
        assert {path.partition(".")[0] for path in changed} <= unread, name
    with pytest.raises(Refused, match=r"PLAN-ID\|SELECTION-ID"):
        driver.bring_in(project.SELECTION, declared["selection"].id)
    assert driver.bring_in(project.INSTANCE, "no-such-instance") is None


# -- what is refused ------------------------------------------------------------------------


def test_what_is_not_done_is_refused_in_words_through_the_engine(driver: Driver) -> None:
    with pytest.raises(Refused, match=r"the resource aws:s3/bucket:Bucket is not done"):
        driver.check("aws:s3/bucket:Bucket", "b", {})
    with pytest.raises(InputProblems) as caught:
        driver.check(project.TOPIC, "t", {"fifoTopic": True, "archivePolicy": "{}"})
    assert "archivePolicy" in caught.value.problems
    with pytest.raises(Refused, match="aws:endpoints is not done"):
        Driver({"region": "us-east-1", "endpoints": "[]"})


def test_an_api_that_is_not_there_is_named_and_nothing_is_made_up(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Refused, match=r"(?s)creating SNS topic away.*127\.0\.0\.1:1.*make status"):
        driver.create(project.TOPIC, "away", {"name": "away"})


def test_what_aws_refuses_is_said_with_its_own_words(driver: Driver) -> None:
    given = project.instance(identifier="wrong", parameterGroupName="no-such-group")
    with pytest.raises(Refused, match=r"creating RDS instance wrong: AWS says DBParameterGroupNot"):
        driver.create(project.INSTANCE, "wrong", given)


def test_no_secret_is_in_clear_in_any_state_and_none_is_told_in_an_error(
    driver: Driver, declared: dict[str, Made]
) -> None:
    assert has_secret(declared["database"].state)
    for made in declared.values():
        for key, value in (*made.state.items(), *made.inputs.items()):
            assert "correct horse" not in str(value) or isinstance(value, Secret), key
    given = project.instance(identifier="-", password=Secret("hush hush hush"))
    with pytest.raises(Refused) as caught:
        driver.create(project.INSTANCE, "bad", given)
    assert "hush" not in str(caught.value)


def test_a_boto3_client_finds_nothing_of_what_was_refused(api: AwsApi) -> None:
    with pytest.raises(ClientError, match="not found"):
        api.client("rds").describe_db_instances(DBInstanceIdentifier="wrong")
