"""The database as each stack declares it: every property, and in the test's name what it is for.

Whether AWS takes it is for docs/database.md's sources; whether the stand-in does, for
tests/integration.
"""

import json
from typing import Any

import pytest

from tests.unit.engine import ACCOUNT, PLACE, Declared, Program, run, stack_file

INSTANCE = "aws:rds/instance:Instance"
SECRET = "aws:secretsmanager/secret:Secret"
URL = "postgresql+psycopg://app:from-config@10.200.0.1:15432/legal_ai"
BOTH = ["staging", "production"]


def config(stack: str, **database: Any) -> dict[str, Any]:
    found = stack_file(stack)
    found["legal-ai:database"] |= ({"url": URL} if stack == "local" else {}) | database
    return found


def program(stack: str, earlier: Program | None = None, **database: Any) -> Program:
    return run(stack, config(stack, **database), earlier)


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
def primary(declared: Program) -> Declared:
    return instance(declared, "g1")


def instance(found: Program, name: str) -> Declared:
    suffix = "" if name.endswith("replica") else "-instance"
    return found.resources[f"{INSTANCE}::database-{name}{suffix}"]


def only(found: Program, kind: str) -> Declared:
    (each,) = found.of(kind).values()
    return each


def environment_of(found: Program, color: str) -> Any:
    return found.of("Secret")[f"app-{color}"].inputs["stringData"]


# What runs.


def test_staging_has_one_isolated_instance_and_production_a_replica_and_a_second_zone(
    programs: dict[str, Program],
) -> None:
    staging, production = (programs[stack].of("Instance") for stack in BOTH)
    assert set(staging) == {"database-g1-instance"}
    assert set(production) == {"database-g1-instance", "database-g1-replica"}
    assert staging["database-g1-instance"].inputs["multiAz"] is False
    assert production["database-g1-instance"].inputs["multiAz"] is True


def test_it_is_the_postgresql_that_the_configuration_names(primary: Declared, stack: str) -> None:
    wanted = stack_file(stack)["legal-ai:database"]
    assert primary.inputs["engine"] == "postgres"
    assert primary.inputs["engineVersion"] == "15"
    assert primary.inputs["instanceClass"] == wanted["instanceClass"]
    assert primary.inputs["dbName"] == "legal_ai"
    assert primary.inputs["identifier"] == f"legal-ai-{stack}-g1"


# Encryption.


def test_data_at_rest_is_encrypted_with_a_key_of_its_own_that_is_rotated(
    declared: Program, primary: Declared, stack: str
) -> None:
    key = declared.resources["aws:kms/key:Key::database-key"]
    assert key.inputs["enableKeyRotation"] is True
    assert primary.inputs["storageEncrypted"] is True
    assert primary.inputs["kmsKeyId"].endswith(":database-key")
    alias = declared.resources["aws:kms/alias:Alias::database-key-alias"]
    assert alias.inputs["name"] == f"alias/legal-ai-{stack}-database"


def test_a_key_that_is_gone_takes_all_data_along_so_it_is_protected_and_slow_to_go(
    declared: Program,
) -> None:
    key = declared.resources["aws:kms/key:Key::database-key"]
    assert key.is_protected
    assert key.inputs["deletionWindowInDays"] == 30


def test_the_key_stays_in_the_accounts_hands_and_the_notifiers_may_use_it(
    declared: Program,
) -> None:
    key = declared.resources["aws:kms/key:Key::database-key"]
    account, notifiers = json.loads(key.inputs["policy"])["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert notifiers["Principal"]["Service"] == ["backup.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert "kms:GenerateDataKey*" in notifiers["Action"]


def test_connections_without_tls_are_refused_by_the_server(declared: Program) -> None:
    assert parameters(declared)["rds.force_ssl"] == ("1", "immediate")


def test_the_certificate_is_of_an_authority_that_clients_can_be_told(primary: Declared) -> None:
    assert primary.inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"


# The network.


def test_it_is_not_reached_from_the_internet(declared: Program) -> None:
    for found in declared.of("Instance").values():
        assert found.inputs["publiclyAccessible"] is False


def test_its_security_group_admits_the_cluster_on_one_port_and_nobody_else(
    declared: Program,
) -> None:
    group = only(declared, "SecurityGroup")
    assert group.inputs["vpcId"] == PLACE["vpcId"]
    (rule,) = group.inputs["ingress"]
    assert rule["securityGroups"] == PLACE["clusterSecurityGroupIds"]
    assert (rule["protocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 5432, 5432)
    assert "cidrBlocks" not in rule
    assert "egress" not in group.inputs
    for found in declared.of("Instance").values():
        assert found.inputs["vpcSecurityGroupIds"] == [f"{group.name}-id"]


def test_a_cluster_can_be_admitted_by_its_networks_too() -> None:
    found = program("staging", clusterCidrs=["10.0.0.0/16"], clusterSecurityGroupIds=[])
    (rule,) = only(found, "SecurityGroup").inputs["ingress"]
    assert rule["cidrBlocks"] == ["10.0.0.0/16"]
    assert "securityGroups" not in rule


def test_it_stands_in_subnets_of_its_own_group(declared: Program, primary: Declared) -> None:
    group = only(declared, "SubnetGroup")
    assert group.inputs["subnetIds"] == PLACE["subnetIds"]
    assert primary.inputs["dbSubnetGroupName"] == group.inputs["name"]


# Who may log in.


def test_the_administrators_password_is_in_a_secret_of_our_own_since_a_managed_one_forbids_replicas(
    declared: Program, primary: Declared, stack: str
) -> None:
    secret = declared.resources[f"{SECRET}::database-g1-admin"]
    assert secret.inputs["name"] == f"legal-ai/{stack}/g1/admin"
    assert secret.inputs["kmsKeyId"].endswith(":database-key")
    assert secret.inputs["recoveryWindowInDays"] == 30
    assert "manageMasterUserPassword" not in primary.inputs
    kept = credentials(declared)
    assert kept["password"] == primary.inputs["password"]
    assert kept["username"] == primary.inputs["username"]
    assert kept["dbInstanceIdentifier"] == primary.inputs["identifier"]


def test_the_secret_is_there_before_the_instance_so_that_no_kill_loses_the_password(
    declared: Program, primary: Declared
) -> None:
    version = only(declared, "SecretVersion")
    assert version.urn in primary.dependencies
    assert primary.urn not in version.dependencies


def test_the_password_is_drawn_once_and_stays_over_runs_and_previews() -> None:
    first = program("staging")
    again = program("staging", first)
    assert credentials(again) == credentials(first)
    assert instance(again, "g1").inputs["password"] == instance(first, "g1").inputs["password"]
    assert credentials(program("staging")) != credentials(first)
    assert only(first, "SecretVersion").ignored == ("secretString",)


def test_the_password_is_long_and_needs_no_escaping_anywhere(declared: Program) -> None:
    password = credentials(declared)["password"]
    assert len(password) >= 40
    assert password.replace("-", "").replace("_", "").isalnum()


def test_pulumi_never_shows_the_password(declared: Program, primary: Declared) -> None:
    assert "password" in primary.secrets
    assert "secretString" in only(declared, "SecretVersion").secrets
    assert "stringData" in declared.of("Secret")["app-blue"].secrets


def test_roles_of_aws_may_log_in_without_a_password(declared: Program) -> None:
    for found in declared.of("Instance").values():
        assert found.inputs["iamDatabaseAuthenticationEnabled"] is True


# What is seen of it.


def test_the_system_is_watched_each_minute_by_a_role_that_exists_first(
    declared: Program, primary: Declared
) -> None:
    role = declared.resources["aws:iam/role:Role::database-monitoring"]
    trusted = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    attached = declared.of("RolePolicyAttachment")["database-monitoring-policy"]
    assert attached.inputs["policyArn"].endswith("/AmazonRDSEnhancedMonitoringRole")
    assert attached.urn in primary.dependencies
    for found in declared.of("Instance").values():
        assert found.inputs["monitoringInterval"] == 60
        assert found.inputs["monitoringRoleArn"].endswith(role.inputs["name"])


def test_queries_that_cost_are_kept_encrypted_by_performance_insights(declared: Program) -> None:
    for found in declared.of("Instance").values():
        assert found.inputs["performanceInsightsEnabled"] is True
        assert found.inputs["performanceInsightsKmsKeyId"].endswith(":database-key")
        assert found.inputs["performanceInsightsRetentionPeriod"] == 7


def test_slow_queries_and_waits_for_locks_are_logged_and_statements_counted(
    declared: Program,
) -> None:
    found = parameters(declared)
    assert found["log_min_duration_statement"] == ("500", "immediate")
    assert found["log_lock_waits"] == ("1", "immediate")
    assert found["shared_preload_libraries"] == ("pg_stat_statements", "pending-reboot")
    assert found["pg_stat_statements.track"] == ("all", "immediate")


def test_logs_outlive_the_instance_in_cloudwatch(declared: Program) -> None:
    for found in declared.of("Instance").values():
        assert found.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]


def test_an_instance_keeps_its_parameters_while_a_new_major_version_gets_its_own(
    declared: Program, primary: Declared, stack: str
) -> None:
    group = only(declared, "ParameterGroup")
    assert group.inputs["family"] == "postgres15"
    assert group.inputs["name"] == f"legal-ai-{stack}-postgres15"
    assert primary.inputs["parameterGroupName"] == group.inputs["name"]
    later = only(program(stack, engineVersion="16.4"), "ParameterGroup").inputs
    assert (later["family"], later["name"]) == ("postgres16", f"legal-ai-{stack}-postgres16")


def test_the_number_of_connections_that_was_configured_is_the_servers() -> None:
    found = program("staging", maxConnections=300)
    assert parameters(found)["max_connections"] == ("300", "pending-reboot")


# What keeps it.


def test_no_slip_deletes_it_in_pulumi_or_in_aws(primary: Declared) -> None:
    assert primary.is_protected
    assert primary.inputs["deletionProtection"] is True


def test_what_is_deleted_on_purpose_leaves_a_snapshot_and_its_backups(
    primary: Declared, stack: str
) -> None:
    assert primary.inputs["skipFinalSnapshot"] is False
    assert primary.inputs["finalSnapshotIdentifier"] == f"legal-ai-{stack}-g1-final"
    assert primary.inputs["deleteAutomatedBackups"] is False


def test_snapshots_say_what_they_are_of(declared: Program, stack: str) -> None:
    for found in declared.of("Instance").values():
        assert found.inputs["copyTagsToSnapshot"] is True
        assert found.inputs["tags"] == {"legal-ai:stack": stack, "legal-ai:generation": "g1"}


def test_storage_grows_by_itself_and_pulumi_lets_it(primary: Declared, stack: str) -> None:
    wanted = stack_file(stack)["legal-ai:database"]
    assert primary.inputs["allocatedStorage"] == wanted["allocatedStorage"]
    assert primary.inputs["maxAllocatedStorage"] == wanted["maxAllocatedStorage"]
    assert primary.inputs["storageType"] == "gp3"
    assert "allocatedStorage" in primary.ignored


def test_security_fixes_of_postgresql_come_by_themselves_in_a_short_window(
    primary: Declared,
) -> None:
    assert primary.inputs["autoMinorVersionUpgrade"] is True
    assert primary.inputs["maintenanceWindow"] == "sun:04:00-sun:04:30"
    assert "allowMajorVersionUpgrade" not in primary.inputs


def test_rds_keeps_backups_as_long_as_the_plan_does(programs: dict[str, Program]) -> None:
    kept = {
        stack: instance(programs[stack], "g1").inputs["backupRetentionPeriod"] for stack in BOTH
    }
    assert kept == {"staging": 14, "production": 35}


def test_rds_never_keeps_backups_longer_than_it_can() -> None:
    config_of = stack_file("staging")
    config_of["legal-ai:backups"] = {"retentionDays": 90}
    found = run("staging", config_of)
    assert instance(found, "g1").inputs["backupRetentionPeriod"] == 35


def test_retention_and_window_are_left_to_aws_backup_where_it_takes_them_over(
    programs: dict[str, Program],
) -> None:
    taken_over = {"backupRetentionPeriod", "backupWindow"}
    assert taken_over <= set(instance(programs["production"], "g1").ignored)
    # There AWS Backup only takes snapshots, and a change of the configuration has to arrive.
    assert not taken_over & set(instance(programs["staging"], "g1").ignored)


# The replica.


def test_the_replica_follows_the_primary_and_is_watched_as_well(
    programs: dict[str, Program],
) -> None:
    replica = instance(programs["production"], "g1-replica").inputs
    assert replica["identifier"] == "legal-ai-production-g1-replica"
    assert replica["replicateSourceDb"] == "legal-ai-production-g1"
    assert replica["instanceClass"] == "db.r6g.large"
    assert replica["storageEncrypted"] is True


def test_the_replica_gets_nothing_that_aws_refuses_for_replicas(
    programs: dict[str, Program],
) -> None:
    replica = instance(programs["production"], "g1-replica").inputs
    refused = {
        *("username", "password", "dbName", "engine", "engineVersion", "allocatedStorage"),
        *("dbSubnetGroupName", "backupRetentionPeriod", "finalSnapshotIdentifier", "kmsKeyId"),
    }
    assert not refused & set(replica)
    assert replica["skipFinalSnapshot"] is True


def test_the_replica_can_go_where_the_data_goes_since_it_has_none_of_its_own() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    found = program("production", generations=generations, current="g2")
    replica = instance(found, "g2-replica")
    assert replica.inputs["replicateSourceDb"] == "legal-ai-production-g2"
    assert not replica.is_protected
    assert replica.inputs["deletionProtection"] is False
    assert "database-g1-replica" not in found.of("Instance")


# Generations.


def test_a_restore_adds_a_generation_and_keeps_the_old_one_with_its_secret() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    found = program("staging", generations=generations)
    assert set(found.of("Instance")) == {"database-g1-instance", "database-g2-instance"}
    assert credentials(found, "g1")["password"] != credentials(found, "g2")["password"]
    assert all(each.is_protected for each in found.of("Instance").values())


def test_a_generation_comes_from_a_snapshot_or_from_another_ones_history() -> None:
    generations = [
        {"name": "g1"},
        {"name": "g2", "source": {"snapshot": "of-yesterday"}},
        {"name": "g3", "source": {"generation": "g1", "time": "2025-10-14T01:00:00Z"}},
    ]
    found = program("staging", generations=generations)
    assert instance(found, "g2").inputs["snapshotIdentifier"] == "of-yesterday"
    assert instance(found, "g3").inputs["restoreToPointInTime"] == {
        "sourceDbInstanceIdentifier": "legal-ai-staging-g1",
        "restoreTime": "2025-10-14T01:00:00Z",
    }
    assert "snapshotIdentifier" not in instance(found, "g1").inputs


def test_what_it_was_restored_from_is_history_and_no_reason_to_make_it_again() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    first = program("staging", generations=generations)
    without = program("staging", first, generations=[{"name": "g1"}, {"name": "g2"}])
    assert instance(without, "g2").inputs["snapshotIdentifier"] == "of-yesterday"
    assert {"snapshotIdentifier", "restoreToPointInTime"} <= set(instance(first, "g2").ignored)


def test_a_restored_generation_keeps_the_size_version_key_and_names_it_comes_with() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    restored = instance(program("staging", generations=generations), "g2").inputs
    brought = {"allocatedStorage", "engineVersion", "kmsKeyId", "username", "dbName"}
    assert not brought & set(restored)
    assert restored["storageEncrypted"] is True


def test_a_restored_generation_gets_the_password_of_its_own_secret_and_not_the_sources() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    found = program("staging", generations=generations)
    assert instance(found, "g2").inputs["password"] == credentials(found, "g2")["password"]


# The application's address.


def test_the_application_gets_the_address_of_the_current_generation_over_tls() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    found = program("staging", generations=generations, current="g2")
    password = credentials(found, "g2")["password"]
    assert environment_of(found, "blue")["DATABASE_URL"] == (
        f"postgresql+psycopg://legal_ai_admin:{password}@"
        "legal-ai-staging-g2.us-east-1.rds.test:5432/legal_ai?sslmode=require"
    )


def test_pods_start_anew_and_migrate_when_another_generation_is_the_current_one() -> None:
    generations = [{"name": "g1"}, {"name": "g2", "source": {"snapshot": "of-yesterday"}}]
    first = program("staging", generations=generations)
    moved = program("staging", first, generations=generations, current="g2")
    assert checksum_of(first) == checksum_of(program("staging", first, generations=generations))
    assert checksum_of(first) != checksum_of(moved)
    assert set(first.of("Job")).isdisjoint(moved.of("Job"))


def test_the_checksum_of_an_address_is_no_secret_or_every_diff_would_hide_the_pods() -> None:
    deployment = program("staging").of("Deployment")["backend-blue"]
    assert "spec" not in deployment.secrets


def test_an_address_in_the_configuration_goes_before_the_instances_own() -> None:
    found = program("staging", url=URL)
    assert environment_of(found, "blue")["DATABASE_URL"] == URL
    assert "database-g1-instance" in found.of("Instance")


def test_an_external_database_declares_nothing_in_aws() -> None:
    config_of = stack_file("staging")
    config_of["legal-ai:database"] = {"kind": "external", "url": URL}
    found = run("staging", config_of)
    assert [each for each in found.resources.values() if each.type.startswith("aws:")] == []
    assert environment_of(found, "blue")["DATABASE_URL"] == URL


# This machine.


def test_the_local_stack_can_be_destroyed_and_made_again(programs: dict[str, Program]) -> None:
    local = instance(programs["local"], "g1")
    assert not any(found.is_protected for found in programs["local"].resources.values())
    assert local.inputs["deletionProtection"] is False
    assert local.inputs["skipFinalSnapshot"] is True
    secret = programs["local"].resources[f"{SECRET}::database-g1-admin"]
    assert secret.inputs["recoveryWindowInDays"] == 0


def test_the_local_stack_needs_no_network_of_aws(programs: dict[str, Program]) -> None:
    assert programs["local"].of("SubnetGroup") == {}
    assert "vpcId" not in only(programs["local"], "SecurityGroup").inputs
    assert "ingress" not in only(programs["local"], "SecurityGroup").inputs
    assert environment_of(programs["local"], "blue")["DATABASE_URL"] == URL


def parameters(found: Program) -> dict[str, tuple[str, str]]:
    return {
        each["name"]: (each["value"], each["applyMethod"])
        for each in only(found, "ParameterGroup").inputs["parameters"]
    }


def credentials(found: Program, generation: str = "g1") -> dict[str, Any]:
    version = found.of("SecretVersion")[f"database-{generation}-admin-version"]
    read: dict[str, Any] = json.loads(version.inputs["secretString"])
    return read


def checksum_of(found: Program) -> str:
    template = found.of("Deployment")["backend-blue"].inputs["spec"]["template"]
    return str(template["metadata"]["annotations"]["legal-ai-system.com/secret-checksum"])
