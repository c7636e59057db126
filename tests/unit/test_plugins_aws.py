"""The AWS stand-in's arithmetic: what is checked, what differs, what a change needs. No AWS."""

import json
from typing import Any

import pytest

from local.plugins.aws import settings
from local.plugins.aws.catalog import TYPES, resource_of, token_of
from local.plugins.aws.checking import DEFAULTS, Checked, Surroundings, check, plain
from local.plugins.aws.comparing import differences
from local.plugins.aws.region import Region, endpoint
from local.plugins.aws.states import outputs, previewed, read_inputs, settled, with_ignored
from local.plugins.differences import Change
from local.plugins.problems import RefusedError
from local.plugins.values import UNKNOWN, Properties, Secret

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
SECRET_VALUE = "aws:secretsmanager/secretVersion:SecretVersion"
PLAN = "aws:backup/plan:Plan"
ROLE = "aws:iam/role:Role"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
AROUND = Surroundings("database", region="us-east-1", seed=b"seed")
DATABASE: Properties = {
    "identifier": "legal-ai-test-main",
    "engine": "postgres",
    "instanceClass": "db.t4g.medium",
    "allocatedStorage": 20,
    "username": "admin",
    "password": Secret("correct horse"),
}
POLICY = {"Statement": [{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": "*"}]}


def checked(token: str, given: Properties, before: Properties | None = None) -> Checked:
    return check(resource_of(token), given, before or {}, AROUND)


def inputs(token: str, given: Properties) -> Properties:
    found = checked(token, given)
    assert found.problems == []
    return found.inputs


def changes(token: str, state: Properties, wanted: Properties) -> dict[str, tuple[Change, bool]]:
    found = differences(resource_of(token).fields, state, wanted)
    return {d.text: (d.change, d.replaces) for d in found}


def database(**changed: Any) -> Properties:
    return plain(inputs(INSTANCE, DATABASE | changed))


# -- what a program may give ----------------------------------------------------------------


def test_every_type_that_is_listed_exists_and_declares_its_tags_and_region() -> None:
    for token in TYPES:
        resource = resource_of(token)
        assert ("region" in resource.fields) == resource.regional == (":iam/" not in token)
        assert ("tags" in resource.fields) == ("tagsAll" in resource.fields)


def test_a_type_that_is_not_done_is_refused_by_its_token() -> None:
    urn = "urn:pulumi:local::legal-ai::legal-ai:Database$aws:s3/bucket:Bucket::documents"
    with pytest.raises(RefusedError, match="aws:s3/bucket:Bucket is not done by the local stand"):
        resource_of(token_of(urn))


def test_a_property_that_is_not_done_is_refused_by_name_and_nested_ones_by_their_path() -> None:
    problems = checked(INSTANCE, DATABASE | {"s3Import": {"bucketName": "b"}}).problems
    assert [path for path, _ in problems] == ["s3Import"]
    assert "s3Import of aws:rds/instance:Instance is not done by the local stand" in problems[0][1]
    rule = {"ruleName": "r", "targetVaultName": "vault", "scanActions": []}
    assert checked(PLAN, {"rules": [rule]}).problems[0][0] == "rules[0].scanActions"


def test_what_only_aws_can_know_is_refused_as_an_input() -> None:
    problems = checked(KEY, {"arn": "arn:aws:kms:us-east-1:1:key/a"}).problems
    assert problems == [("arn", "arn is what AWS answers: it can't be given")]


def test_what_is_needed_and_missing_is_named() -> None:
    assert ("targetKeyId", "is needed") in checked(ALIAS, {}).problems
    rule = {"targetVaultName": "vault"}
    assert ("rules[0].ruleName", "is needed") in checked(PLAN, {"rules": [rule]}).problems


@pytest.mark.parametrize(
    ("token", "given", "path", "says"),
    [
        (KEY, {"deletionWindowInDays": 6}, "deletionWindowInDays", "must be 7 to 30, not 6"),
        (KEY, {"enableKeyRotation": "perhaps"}, "enableKeyRotation", "must be true or false"),
        (KEY, {"tags": ["a"]}, "tags", "must be a mapping of names to values, not a list"),
        (INSTANCE, DATABASE | {"allocatedStorage": "big"}, "allocatedStorage", "whole number"),
        (INSTANCE, DATABASE | {"backupRetentionPeriod": 36}, "backupRetentionPeriod", "0 to 35"),
        (INSTANCE, DATABASE | {"monitoringInterval": 7}, "monitoringInterval", "one of 0, 1, 5"),
        (
            INSTANCE,
            DATABASE | {"finalSnapshotIdentifier": "a--b"},
            "finalSnapshotIdentifier",
            "single hyphens",
        ),
        (INSTANCE, DATABASE | {"replicateSourceDb": "other"}, "username", "replica"),
        (
            INSTANCE,
            DATABASE | {"snapshotIdentifier": "s", "restoreToPointInTime": {}},
            "restoreToPointInTime",
            "together with snapshotIdentifier",
        ),
        (INSTANCE, {"instanceClass": "db.t4g.medium"}, "engine", "is needed for an instance"),
        (
            "aws:secretsmanager/secret:Secret",
            {"recoveryWindowInDays": 3},
            "recoveryWindowInDays",
            "7 to 30, or 0",
        ),
        (
            ALARM,
            {
                "comparisonOperator": "LessThanThreshold",
                "evaluationPeriods": 1,
                "metricName": "Age",
            },
            "statistic",
            "extendedStatistic",
        ),
    ],
)
def test_values_that_aws_refuses_are_refused_before_anything_is_done(
    token: str, given: Properties, path: str, says: str
) -> None:
    problems = dict(checked(token, given).problems)
    assert path in problems
    assert says in problems[path]


def test_the_inputs_note_which_of_them_are_defaults_nested_ones_too() -> None:
    found = inputs(PLAN, {"rules": [{"ruleName": "r", "targetVaultName": "vault"}]})
    rule = found["rules"][0]
    assert (rule["completionWindow"], rule["startWindow"]) == (180, 60)
    assert rule["scheduleExpressionTimezone"] == "Etc/UTC"
    assert "completionWindow" in rule[DEFAULTS]
    assert "ruleName" not in rule[DEFAULTS]
    assert found[DEFAULTS] == ["name"]


def test_strings_of_numbers_and_of_flags_count_as_such_and_numbers_as_strings() -> None:
    found = inputs(INSTANCE, DATABASE | {"allocatedStorage": "20", "multiAz": "true"})
    assert (found["allocatedStorage"], found["multiAz"]) == (20, True)
    parameters = [{"name": "rds.force_ssl", "value": 1}]
    found = inputs(PARAMETERS, {"family": "postgres15", "parameters": parameters})
    assert found["parameters"][0]["value"] == "1"


def test_the_region_is_the_providers_unless_the_resource_names_another() -> None:
    assert inputs(KEY, {})["region"] == "us-east-1"
    assert inputs(KEY, {"region": "us-west-2"})["region"] == "us-west-2"
    assert "region" not in inputs(ROLE, {"assumeRolePolicy": "{}"})


def test_the_tags_of_the_configuration_give_way_to_those_of_the_resource() -> None:
    around = Surroundings("k", default_tags={"team": "ops", "stack": "none"})
    found = check(resource_of(KEY), {"tags": {"stack": "local"}}, {}, around).inputs
    assert found["tags"] == {"stack": "local"}
    assert found["tagsAll"] == {"team": "ops", "stack": "local"}


def test_what_is_secret_or_unknown_stays_so() -> None:
    found = inputs(INSTANCE, DATABASE | {"kmsKeyId": UNKNOWN})
    assert found["password"] == Secret("correct horse")
    assert found["kmsKeyId"] is UNKNOWN


# -- names that nobody chose ----------------------------------------------------------------


def test_a_name_that_is_made_up_is_kept_as_long_as_nobody_gives_one() -> None:
    first = inputs(PARAMETERS, {"family": "postgres15"})
    assert first["name"].startswith("database-")
    assert len(first["name"]) == len("database-") + 7
    again = check(
        resource_of(PARAMETERS), {"family": "postgres15"}, first, Surroundings("database")
    ).inputs
    assert again["name"] == first["name"]
    assert "name" in again[DEFAULTS]


def test_a_name_that_was_given_once_is_not_kept_when_it_is_left_out() -> None:
    given = inputs(PARAMETERS, {"family": "postgres15", "name": "chosen"})
    later = checked(PARAMETERS, {"family": "postgres15"}, given).inputs
    assert later["name"] != "chosen"


def test_an_instance_is_named_without_a_hyphen_and_an_alias_with_its_prefix() -> None:
    given = {key: value for key, value in DATABASE.items() if key != "identifier"}
    assert "-" not in inputs(INSTANCE, given)["identifier"]
    assert inputs(ALIAS, {"targetKeyId": "k"})["name"].startswith("alias/database-")


# -- what differs ---------------------------------------------------------------------------


def test_nothing_differs_between_what_was_asked_for_and_what_is_asked_for_again() -> None:
    wanted = database(tags={"stack": "local"}, multiAz=False)
    assert changes(INSTANCE, wanted, wanted) == {}


@pytest.mark.parametrize(
    ("changed", "replaces"),
    [
        ({"dbName": "other"}, True),
        ({"username": "other"}, True),
        ({"kmsKeyId": "arn:aws:kms:us-east-1:1:key/b"}, True),
        ({"storageEncrypted": True}, True),
        ({"availabilityZone": "us-east-1b"}, True),
        ({"snapshotIdentifier": "s"}, True),
        ({"restoreToPointInTime": {"useLatestRestorableTime": True}}, True),
        ({"region": "us-west-2"}, True),
        ({"identifier": "renamed"}, False),
        ({"instanceClass": "db.r6g.large"}, False),
        ({"allocatedStorage": 100}, False),
        ({"multiAz": True}, False),
        ({"engineVersion": "16"}, False),
        ({"password": "another"}, False),
        ({"deletionProtection": True}, False),
    ],
)
def test_an_instance_is_replaced_for_exactly_what_rds_can_not_change(
    changed: Properties, replaces: bool
) -> None:
    state = database(region="us-east-1")
    found = changes(INSTANCE, state, {**state, **changed})
    assert [found_replaces for _, found_replaces in found.values()] == [replaces]


@pytest.mark.parametrize(
    ("token", "state", "changed", "replaces"),
    [
        (KEY, {"keyUsage": "ENCRYPT_DECRYPT"}, {"keyUsage": "SIGN_VERIFY"}, True),
        (KEY, {"enableKeyRotation": False}, {"enableKeyRotation": True}, False),
        (ALIAS, {"name": "alias/a"}, {"name": "alias/b"}, True),
        (ALIAS, {"targetKeyId": "a"}, {"targetKeyId": "b"}, False),
        (GROUP, {"description": "a"}, {"description": "b"}, True),
        (GROUP, {"vpcId": "vpc-a"}, {"vpcId": "vpc-b"}, True),
        (PARAMETERS, {"family": "postgres15"}, {"family": "postgres16"}, True),
        (ROLE, {"path": "/"}, {"path": "/service/"}, True),
        (ROLE, {"maxSessionDuration": 3600}, {"maxSessionDuration": 7200}, False),
        (SECRET_VALUE, {"secretString": "a"}, {"secretString": "b"}, True),
        ("aws:backup/vault:Vault", {"kmsKeyArn": "a"}, {"kmsKeyArn": "b"}, True),
        (
            "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
            {"minRetentionDays": 1},
            {"minRetentionDays": 2},
            True,
        ),
        (
            "aws:backup/selection:Selection",
            {"resources": ["a"]},
            {"resources": ["a", "b"]},
            True,
        ),
        ("aws:sns/topicPolicy:TopicPolicy", {"policy": "{}"}, {"policy": '{"a":1}'}, False),
        (ALARM, {"threshold": 1}, {"threshold": 1.5}, False),
    ],
)
def test_the_other_types_are_replaced_as_officially(
    token: str, state: Properties, changed: Properties, replaces: bool
) -> None:
    assert [found for _, found in changes(token, state, state | changed).values()] == [replaces]


def test_the_order_of_a_set_and_the_writing_of_a_policy_make_no_difference() -> None:
    state = {"vpcSecurityGroupIds": ["sg-1", "sg-2"]}
    assert changes(INSTANCE, state, {"vpcSecurityGroupIds": ["sg-2", "sg-1"]}) == {}
    single = {"Statement": {"Resource": "*", "Action": "kms:Decrypt", "Effect": "Allow"}}
    policy = {"policy": json.dumps(POLICY, indent=2)}
    assert changes(KEY, policy, {"policy": json.dumps(single)}) == {}
    denied = {"Statement": [POLICY["Statement"][0] | {"Effect": "Deny"}]}
    assert list(changes(KEY, policy, {"policy": json.dumps(denied)})) == ["policy"]


def test_a_source_given_as_arn_and_windows_in_capitals_mean_the_same() -> None:
    state = {"replicateSourceDb": "main", "maintenanceWindow": "sun:04:00-sun:05:00"}
    arn = "arn:aws:rds:us-east-1:1:db:main"
    wanted = {"replicateSourceDb": arn, "maintenanceWindow": "Sun:04:00-Sun:05:00"}
    assert changes(INSTANCE, state, wanted) == {}
    assert changes(ALIAS, {"targetKeyId": "k"}, {"targetKeyId": "arn:aws:kms:r:1:key/k"}) == {}


def test_an_empty_value_and_none_at_all_are_the_same_to_aws() -> None:
    wanted = {"multiAz": False, "enabledCloudwatchLogsExports": [], "deletionProtection": False}
    assert changes(INSTANCE, {}, wanted) == {}
    assert changes(INSTANCE, wanted, {}) == {}


def test_what_is_taken_out_of_a_program_goes_but_what_aws_fills_in_stays() -> None:
    state = {"deletionProtection": True, "backupWindow": "01:00-02:00", "port": 5432}
    assert changes(INSTANCE, state, {}) == {"deletionProtection": (Change.DELETE, False)}


def test_a_tag_is_named_by_itself() -> None:
    state = {"tags": {"a": "1", "b": "2"}}
    found = changes(KEY, state, {"tags": {"a": "9", "legal-ai:stack": "local"}})
    assert found == {
        "tags.a": (Change.UPDATE, False),
        "tags.b": (Change.DELETE, False),
        "tags.legal-ai:stack": (Change.ADD, False),
    }


def test_what_is_not_known_yet_counts_as_changed() -> None:
    state = {"targetKeyId": "k", "name": "alias/a"}
    assert changes(ALIAS, state, {"targetKeyId": UNKNOWN, "name": "alias/a"}) == {
        "targetKeyId": (Change.UPDATE, False)
    }
    assert changes(ALIAS, state, {"targetKeyId": "k", "name": UNKNOWN}) == {
        "name": (Change.UPDATE, True)
    }


def test_storage_that_rds_has_enlarged_by_itself_is_left_alone() -> None:
    instance = resource_of(INSTANCE)
    grown, wanted = {"allocatedStorage": 60}, {"allocatedStorage": 20, "maxAllocatedStorage": 100}
    assert instance.unimportant("allocatedStorage", grown, wanted)
    assert not instance.unimportant("allocatedStorage", grown, {"allocatedStorage": 20})
    assert not instance.unimportant("allocatedStorage", grown, wanted | {"allocatedStorage": 80})
    unknown = wanted | {"maxAllocatedStorage": UNKNOWN}
    assert not instance.unimportant("allocatedStorage", grown, unknown)


def test_a_state_without_a_region_is_not_replaced_for_getting_one() -> None:
    key = resource_of(KEY)
    assert key.unimportant("region", {}, {"region": "us-east-1"})
    assert not key.unimportant("region", {"region": "us-west-2"}, {"region": "us-east-1"})


# -- what is kept in the state --------------------------------------------------------------


def test_a_password_is_secret_in_the_state_even_where_the_program_did_not_say_so() -> None:
    state = outputs(resource_of(INSTANCE), "db-A", {"password": "correct horse"}, {})
    assert state["password"] == Secret("correct horse")
    marked = {"description": Secret("d")}
    assert outputs(resource_of(KEY), "k", {"description": "d"}, marked)["description"] == Secret(
        "d"
    )


def test_the_state_tells_the_official_provider_its_version() -> None:
    state = outputs(resource_of(INSTANCE), "db-A", {}, {})
    assert json.loads(state["__meta"]) == {"schema_version": "2"}
    assert state["id"] == "db-A"


def test_a_preview_knows_what_was_given_and_marks_what_aws_will_say_as_unknown() -> None:
    known = previewed(resource_of(INSTANCE), inputs(INSTANCE, DATABASE))
    assert known["identifier"] == "legal-ai-test-main"
    assert known["password"] == Secret("correct horse")
    assert known["arn"] is UNKNOWN
    assert known["backupWindow"] is UNKNOWN
    assert DEFAULTS not in known


def test_what_aws_writes_its_own_way_stays_as_it_was_and_what_it_hides_too() -> None:
    before = {
        "vpcSecurityGroupIds": ["sg-2", "sg-1"],
        "maintenanceWindow": "Sun:04:00-Sun:05:00",
        "password": "correct horse",
        "latestRestorableTime": "2025-01-01T00:00:00Z",
        "instanceClass": "db.t4g.medium",
    }
    live = {
        "vpcSecurityGroupIds": ["sg-1", "sg-2"],
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "latestRestorableTime": "2025-02-02T00:00:00Z",
        "instanceClass": "db.r6g.large",
    }
    found = settled(resource_of(INSTANCE), live, before)
    assert found == before | {"instanceClass": "db.r6g.large"}


def test_what_is_gone_from_aws_is_gone_from_the_state() -> None:
    assert settled(resource_of(KEY), {"keyId": "k"}, {"keyId": "k", "description": "d"}) == {
        "keyId": "k"
    }


def test_a_refresh_keeps_the_programs_own_way_of_writing_and_takes_up_what_changed() -> None:
    given = inputs(INSTANCE, DATABASE | {"maintenanceWindow": "Sun:04:00-Sun:05:00"})
    live = plain(given) | {
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "instanceClass": "db.r6g.large",
        "deletionProtection": True,
        "backupWindow": "01:00-02:00",
    }
    found = read_inputs(resource_of(INSTANCE), live, given)
    assert found["maintenanceWindow"] == "Sun:04:00-Sun:05:00"
    assert found["password"] == Secret("correct horse")
    assert found["instanceClass"] == "db.r6g.large"
    assert found["deletionProtection"] is True
    assert "backupWindow" not in found


def test_ignored_changes_keep_what_is_there() -> None:
    state = {"backupRetentionPeriod": 35, "allocatedStorage": 60, "instanceClass": "a"}
    wanted = {"backupRetentionPeriod": 7, "instanceClass": "b", "snapshotIdentifier": "s"}
    ignored = {"backupRetentionPeriod", "allocatedStorage", "snapshotIdentifier"}
    assert with_ignored(state, wanted, ignored) == {
        "backupRetentionPeriod": 35,
        "allocatedStorage": 60,
        "instanceClass": "b",
    }


# -- the provider's configuration -----------------------------------------------------------


def test_the_region_comes_from_the_configuration_else_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert settings.read({"aws:config:region": '"us-west-2"'}).region == "us-west-2"
    assert settings.read({}).region == "eu-central-1"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert settings.read({}).region == "eu-west-1"


def test_a_profile_is_not_used_and_that_is_said() -> None:
    found = settings.read({"aws:config:profile": "production"})
    assert "aws:profile production is not used" in found.warnings[0]


def test_default_tags_are_read_from_their_json() -> None:
    found = settings.read({"aws:config:defaultTags": '{"tags":{"team":"ops"}}'})
    assert found.default_tags == {"team": "ops"}


@pytest.mark.parametrize("key", ["endpoints", "assumeRoles", "ignoreTags", "regoin"])
def test_a_setting_that_is_not_done_or_not_known_is_refused_by_name(key: str) -> None:
    with pytest.raises(RefusedError, match=f"aws:{key} is not done"):
        settings.read({f"aws:config:{key}": "x"})


@pytest.mark.parametrize(
    "address", ["", "https://rds.us-east-1.amazonaws.com", "http://127.0.0.1.example.org:15000"]
)
def test_no_aws_but_that_of_this_machine_is_talked_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(RefusedError, match="AWS API of this machine only"):
        endpoint()
    with pytest.raises(RefusedError, match="AWS API of this machine only"):
        _ = Region("us-east-1").kms


def test_a_missing_region_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(RefusedError, match="pulumi config set aws:region"):
        _ = Region("").kms
