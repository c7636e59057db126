"""Backups of RDS against moto, with what moto lets pass and AWS does not put in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)
from moto import mock_aws

from ops.backups import rds as rds_module
from ops.backups.engine import Engine
from ops.backups.model import TAG_LABEL, TAG_STACK, TAG_VERIFIED_AT, Backup
from ops.backups.owner import Owner
from ops.backups.rds import CONFIG, TAG_OWNER, TAG_SCRATCH, TAG_SOURCE, Rds, require_inside
from ops.backups.rds_errors import asked
from ops.backups.rds_instances import Instances
from ops.backups.rds_waiting import Patience
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.operations import DatabaseFacts, GenerationFacts

if TYPE_CHECKING:
    from mypy_boto3_rds.client import RDSClient

REGION = "us-east-1"
INSTANCE = "legal-ai-test-g1"
ADMIN_URL = "postgresql+psycopg://legal_ai_admin:secret@127.0.0.1:1/legal_ai?sslmode=require"
NOW = datetime(2025, 10, 14, 1, 0, 0, tzinfo=UTC)


class Clock:
    """A clock that moves when somebody sleeps; `on_sleep` is what AWS does meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.on_sleep: list[Callable[[], None]] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.on_sleep:
            self.on_sleep.pop(0)()

    def patience(self) -> Patience:
        return Patience(seconds=600, pause=10, sleep=self.sleep, clock=lambda: self.now)


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One for all: reading the descriptions of AWS's services takes most of a test's time."""
    return boto3.Session(region_name=REGION)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # Thousands of machine images that nobody asks for: most of the time of a test.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def client(session: boto3.Session) -> RDSClient:
    return session.client("rds", config=CONFIG)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def engine(session: boto3.Session, client: RDSClient, clock: Clock) -> Rds:
    ec2 = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{z}")[
            "Subnet"
        ]["SubnetId"]
        for n, z in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    client.create_db_subnet_group(
        DBSubnetGroupName="legal-ai-test", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    client.create_db_parameter_group(
        DBParameterGroupName="legal-ai-test-postgres15",
        DBParameterGroupFamily="postgres15",
        Description="d",
    )
    client.create_db_instance(
        DBInstanceIdentifier=INSTANCE,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        EngineVersion="15",
        MasterUsername="legal_ai_admin",
        MasterUserPassword="secret-secret",
        DBName="legal_ai",
        AllocatedStorage=50,
        StorageEncrypted=True,
        DBSubnetGroupName="legal-ai-test",
        VpcSecurityGroupIds=[group],
        DBParameterGroupName="legal-ai-test-postgres15",
        DeletionProtection=True,
        BackupRetentionPeriod=35,
    )
    return Rds(
        stack="test",
        database=DatabaseFacts(
            kind="rds",
            engine="rds",
            url=ADMIN_URL,
            admin_url=ADMIN_URL,
            current="g1",
            generations=(GenerationFacts(name="g1", instance=INSTANCE),),
        ),
        rds=client,
        instances=Instances(client, clock.patience(), knock=lambda _: None),
        now=lambda: NOW,
    )


def answer(client: RDSClient, operation: str, change: Callable[[Any], None]) -> None:
    """Have AWS's answers to an operation be changed before anybody sees them."""

    def act(parsed: Any, **_: Any) -> None:
        if "Error" not in parsed:
            change(parsed)

    client.meta.events.register(f"after-call.rds.{operation}", act)


def refuse(client: RDSClient, operation: str, code: str, times: int = 1, status: int = 400) -> None:
    """Have AWS refuse an operation so many times, and not do it."""
    left = [times]

    def act(**_: Any) -> Any:
        if left[0] == 0:
            return None
        left[0] -= 1
        about = {"HTTPStatusCode": status}
        error = {"Code": code, "Message": "said AWS"}
        return _Response(status), {"Error": error, "ResponseMetadata": about}

    client.meta.events.register(f"before-call.rds.{operation}", act)


def fail(
    client: RDSClient, operation: str, code: str, times: int = 1000, status: int = 400
) -> None:
    """Have answers to an operation be refusals so many times, on the wire: retries are real."""
    left = [times]

    def act(request: Any, **_: Any) -> Any:
        if left[0] == 0:
            return None
        left[0] -= 1
        body = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{code}</Code><Message>said AWS</Message></Error></ErrorResponse>"
        )
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body.encode()))

    client.meta.events.register_first(f"before-send.rds.{operation}", act)


class _Raw:
    """The body of an answer, read once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        content, self._content = self._content, b""
        if content:
            yield content


def tags(client: RDSClient, arn: str) -> dict[str, str]:
    found = client.list_tags_for_resource(ResourceName=arn)["TagList"]
    return {each["Key"]: each["Value"] for each in found}


def test_it_can_do_all_that_an_engine_must(engine: Rds) -> None:
    checked: Engine = engine
    assert checked is engine


def test_a_snapshot_is_tagged_with_stack_label_and_release_and_named_by_time_and_label(
    engine: Rds, client: RDSClient, said: list[str]
) -> None:
    given = {"legal-ai:color": "blue", "legal-ai:version": "v1.1.0"}
    taken = engine.take("Before_v1.2.0", given, said.append)
    assert taken.id == "legal-ai-test-g1-20251014t010000z-before-v1-2-0"
    arn = client.describe_db_snapshots(DBSnapshotIdentifier=taken.id)["DBSnapshots"][0]
    assert tags(client, arn["DBSnapshotArn"]) == given | {
        TAG_STACK: "test",
        TAG_LABEL: "Before_v1.2.0",
    }
    assert (taken.kind, taken.label, taken.complete) == ("snapshot", "Before_v1.2.0", True)
    assert engine.find("latest").id == taken.id
    assert engine.find("Before_v1.2.0").id == taken.id


def test_progress_is_told_and_the_snapshot_is_returned_only_once_it_is_available(
    engine: Rds, client: RDSClient, clock: Clock, said: list[str]
) -> None:
    percents = [10, 10, 60]

    def change(parsed: Any) -> None:
        for snapshot in parsed["DBSnapshots"]:
            if percents and snapshot["SnapshotType"] == "manual":
                snapshot |= {"Status": "creating", "PercentProgress": percents.pop(0)}

    answer(client, "DescribeDBSnapshots", change)
    percents.insert(0, 0)  # of the look for one that is being made
    taken = engine.take(None, {}, said.append)
    assert [line for line in said if " %" in line] == [
        f"snapshot {taken.id}: creating, 0 %",
        f"snapshot {taken.id}: creating, 10 %",
        f"snapshot {taken.id}: creating, 60 %",
    ]
    assert clock.now > 0


def test_a_rerun_waits_for_the_snapshot_that_a_killed_run_began_instead_of_a_second(
    engine: Rds, client: RDSClient, clock: Clock, said: list[str]
) -> None:
    begun = engine.take("before-v1", {}, said.append)
    status = ["creating"]

    def change(parsed: Any) -> None:
        for each in parsed["DBSnapshots"]:
            if each["DBSnapshotIdentifier"] == begun.id:
                each["Status"] = status[0]

    answer(client, "DescribeDBSnapshots", change)
    clock.on_sleep = [lambda: status.__setitem__(0, "available")]
    later = replace(engine, now=lambda: NOW + timedelta(minutes=5))
    assert later.take("before-v1", {}, said.append).id == begun.id
    status[0] = "creating"
    assert later.take("another", {}, lambda _: status.__setitem__(0, "available")).id != begun.id


def test_an_instance_that_is_backing_itself_up_is_waited_for(
    engine: Rds, client: RDSClient, clock: Clock, said: list[str]
) -> None:
    refuse(client, "CreateDBSnapshot", "InvalidDBInstanceState", times=2)
    engine.take(None, {}, said.append)
    assert f"{INSTANCE} is busy" in said
    assert clock.now == 20


def test_a_request_whose_answer_was_lost_and_that_boto3_sent_again_made_one_snapshot(
    engine: Rds, client: RDSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    fail(client, "CreateDBSnapshot", "InternalFailure", times=1, status=500)
    taken = engine.take(None, {}, lambda _: None)
    manual = client.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert [each["DBSnapshotIdentifier"] for each in manual] == [taken.id]


def test_a_snapshot_that_never_ends_is_no_success_and_can_be_waited_for_again(
    engine: Rds, client: RDSClient
) -> None:
    def change(parsed: Any) -> None:
        for snapshot in parsed["DBSnapshots"]:
            snapshot["Status"] = "creating"

    answer(client, "DescribeDBSnapshots", change)
    with pytest.raises(
        CouldNotFindOut, match=r"not ready within 600 s.*run the same command again"
    ):
        engine.take(None, {}, lambda _: None)


def test_a_snapshot_that_failed_is_refused(engine: Rds, client: RDSClient) -> None:
    def change(parsed: Any) -> None:
        for snapshot in parsed["DBSnapshots"]:
            snapshot["Status"] = "failed"

    answer(client, "DescribeDBSnapshots", change)
    with pytest.raises(Refused, match="RDS failed to make the snapshot"):
        engine.take(None, {}, lambda _: None)


def test_an_instance_deleted_while_its_snapshot_is_made_is_said_as_that(
    engine: Rds, client: RDSClient, clock: Clock
) -> None:
    def change(parsed: Any) -> None:
        for snapshot in parsed["DBSnapshots"]:
            snapshot["Status"] = "creating"

    def delete() -> None:
        for each in client.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]:
            client.delete_db_snapshot(DBSnapshotIdentifier=each["DBSnapshotIdentifier"])

    answer(client, "DescribeDBSnapshots", change)
    clock.on_sleep = [delete]
    with pytest.raises(Refused, match="vanished while it was made"):
        engine.take(None, {}, lambda _: None)


def test_an_instance_deleted_in_the_middle_of_a_restore_is_said_as_that(
    engine: Rds, client: RDSClient, clock: Clock
) -> None:
    taken = engine.take(None, {}, lambda _: None)
    status = ["creating"]

    def change(parsed: Any) -> None:
        for each in parsed["DBInstances"]:
            if each["DBInstanceIdentifier"] == "legal-ai-test-g2":
                each["DBInstanceStatus"] = status[0]

    answer(client, "DescribeDBInstances", change)

    def delete() -> None:
        name = "legal-ai-test-g2"
        client.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
        client.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)

    clock.on_sleep = [delete]
    with pytest.raises(Refused, match=r"legal-ai-test-g2 is gone: somebody deleted it"):
        engine.restore(taken, "legal-ai-test-g2", lambda _: None)


def test_only_whole_snapshots_are_listed_from_all_generations_oldest_first(
    engine: Rds, client: RDSClient
) -> None:
    first = engine.take("one", {}, lambda _: None)
    facts = engine.database
    older = GenerationFacts(name="g0", instance="legal-ai-test-g0")
    engine.restore(first, "legal-ai-test-g0", lambda _: None)
    client.create_db_snapshot(
        DBInstanceIdentifier="legal-ai-test-g0", DBSnapshotIdentifier="of-the-old-one"
    )
    both = replace(
        engine, database=facts.model_copy(update={"generations": (older, *facts.generations)})
    )
    client.create_db_snapshot(DBInstanceIdentifier=INSTANCE, DBSnapshotIdentifier="half-done")

    def change(parsed: Any) -> None:
        for each in parsed["DBSnapshots"]:
            if each["DBSnapshotIdentifier"] == "half-done":
                each["Status"] = "creating"

    answer(client, "DescribeDBSnapshots", change)
    ids = [backup.id for backup in both.backups() if not backup.id.startswith("rds:")]
    assert ids == [first.id, "of-the-old-one"]
    assert any(backup.id.startswith("rds:") for backup in both.backups())


def test_a_recovery_point_of_aws_backup_counts_once_it_is_completed(
    engine: Rds, client: RDSClient
) -> None:
    arns = [
        f"arn:aws:rds:{REGION}:123456789012:snapshot:awsbackup:job-{name}" for name in ("a", "b")
    ]

    def snapshots(parsed: Any) -> None:
        parsed["DBSnapshots"] = [
            {
                "DBSnapshotIdentifier": arn.partition(":snapshot:")[2],
                "DBSnapshotArn": arn,
                "Status": "available",
                "SnapshotCreateTime": NOW,
                "SnapshotType": "awsbackup",
                "Engine": "postgres",
                "TagList": [],
            }
            for arn in arns
        ]

    backup = boto3.client("backup", region_name=REGION)

    def points(params: Any, **_: Any) -> Any:
        assert INSTANCE in str(params)
        found = [
            {"RecoveryPointArn": arns[0], "Status": "COMPLETED"},
            {"RecoveryPointArn": arns[1], "Status": "PARTIAL"},
        ]
        return _Response(200), {"RecoveryPoints": found}

    backup.meta.events.register("before-call.backup.ListRecoveryPointsByResource", points)
    answer(client, "DescribeDBSnapshots", snapshots)
    with_vault = replace(engine, backup=backup)
    assert [each.id for each in with_vault.backups()] == ["awsbackup:job-a"]
    assert with_vault.find(arns[0]).id == "awsbackup:job-a"


class _Response:
    """As much of an HTTP response as botocore looks at."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


def test_a_backup_that_is_not_there_is_refused_with_those_that_are(engine: Rds) -> None:
    taken = engine.take("one", {}, lambda _: None)
    with pytest.raises(UsageError, match=f"no backup 'nothing'.*{taken.id}"):
        engine.find("nothing")


def test_a_moment_outside_the_window_is_refused_with_the_window_though_moto_takes_any(
    engine: Rds, client: RDSClient
) -> None:
    window(client, NOW - timedelta(days=35), NOW)
    for moment in (NOW + timedelta(seconds=1), NOW - timedelta(days=36)):
        with pytest.raises(UsageError, match=r"outside .*2025-09-09T01:00:00Z to 2025-10-14T01:00"):
            engine.restore(moment, "legal-ai-test-g2", lambda _: None)
    assert len(client.describe_db_instances()["DBInstances"]) == 1


def test_the_window_reaches_from_the_automated_backups_first_moment_to_the_instances_last(
    engine: Rds, client: RDSClient
) -> None:
    window(client, NOW - timedelta(days=2), NOW - timedelta(minutes=5))
    found = engine.window()
    assert found
    assert str(found) == "2025-10-12T01:00:00Z to 2025-10-14T00:55:00Z"
    require_inside(NOW - timedelta(minutes=5), found)


def test_without_a_known_window_it_begins_at_the_oldest_automated_snapshot(
    engine: Rds, client: RDSClient
) -> None:
    found = engine.window()
    automated = client.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert found
    assert found.earliest == automated[0]["SnapshotCreateTime"]


def test_an_instance_that_keeps_no_backups_has_no_window(engine: Rds, client: RDSClient) -> None:
    client.modify_db_instance(
        DBInstanceIdentifier=INSTANCE, BackupRetentionPeriod=0, ApplyImmediately=True
    )
    assert engine.window() is None
    with pytest.raises(UsageError, match=r"no automated backups \(backups\.pointInTime\)"):
        engine.restore(NOW, "legal-ai-test-g2", lambda _: None)


@pytest.mark.parametrize("by_moment", [False, True])
def test_a_restored_instance_is_as_well_protected_as_its_source_and_can_be_entered(
    engine: Rds, client: RDSClient, by_moment: bool
) -> None:
    window(client, NOW - timedelta(days=2), NOW)
    source: Backup | datetime = NOW if by_moment else engine.take(None, {}, lambda _: None)
    knocked: list[str] = []
    asked_for: dict[str, Any] = {}

    def notice(params: Any, **_: Any) -> None:
        asked_for.update(params)

    for operation in ("RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"):
        client.meta.events.register(f"provide-client-params.rds.{operation}", notice)
    entered = replace(engine, instances=replace(engine.instances, knock=knocked.append))
    url = entered.restore(source, "legal-ai-test-g2", lambda _: None)
    old, new = (
        client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        for name in (INSTANCE, "legal-ai-test-g2")
    )
    for key in ("DBInstanceClass", "VpcSecurityGroups", "DBParameterGroups", "StorageEncrypted"):
        assert new[key] == old[key], key
    assert new["DBSubnetGroup"]["DBSubnetGroupName"] == "legal-ai-test"
    assert (asked_for["PubliclyAccessible"], asked_for["DeletionProtection"]) == (False, False)
    assert knocked == [url]
    assert url.startswith("postgresql+psycopg://legal_ai_admin:")
    assert url.endswith("/legal_ai?sslmode=require")
    assert "secret" not in url.partition("@")[0].removeprefix("postgresql+psycopg://")


def test_a_restore_that_was_killed_is_gone_on_with_and_another_ones_is_not_touched(
    engine: Rds, client: RDSClient
) -> None:
    taken = engine.take("one", {}, lambda _: None)
    engine.restore(taken, "legal-ai-test-g2", lambda _: None)
    made = client.describe_db_instances(DBInstanceIdentifier="legal-ai-test-g2")["DBInstances"][0]
    engine.restore(taken, "legal-ai-test-g2", lambda _: None)
    again = client.describe_db_instances(DBInstanceIdentifier="legal-ai-test-g2")["DBInstances"][0]
    assert again["InstanceCreateTime"] == made["InstanceCreateTime"]
    with pytest.raises(Refused, match=r"was not restored from .*one by this stack"):
        engine.restore(taken, INSTANCE, lambda _: None)


def test_a_new_password_that_rds_does_not_know_yet_is_waited_for(engine: Rds, clock: Clock) -> None:
    taken = engine.take(None, {}, lambda _: None)
    refusals = [UsageError("password authentication failed")] * 2

    def knock(_: str) -> None:
        if refusals:
            raise refusals.pop()

    patient = replace(engine, instances=replace(engine.instances, knock=knock))
    patient.restore(taken, "legal-ai-test-g2", lambda _: None)
    assert clock.now == 20


def test_an_unknown_snapshot_is_refused_and_makes_no_instance(
    engine: Rds, client: RDSClient
) -> None:
    gone = Backup("not-there", "snapshot", NOW)
    with pytest.raises(UsageError, match="DBSnapshotNotFound"):
        engine.restore(gone, "legal-ai-test-g2", lambda _: None)
    assert len(client.describe_db_instances()["DBInstances"]) == 1


def test_a_scratch_is_marked_as_one_held_by_this_run_and_is_gone_afterwards(
    engine: Rds, client: RDSClient
) -> None:
    taken = engine.take(None, {}, lambda _: None)
    with engine.scratch("verify one") as name:
        assert name.startswith("legal-ai-test-scratch-")
        engine.restore(taken, name, lambda _: None)
        arn = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        found = tags(client, arn["DBInstanceArn"])
        assert found[TAG_SCRATCH] == "verify one"
        assert found[TAG_SOURCE] == taken.id
        assert engine.scratches() == []
    assert [each["DBInstanceIdentifier"] for each in instances(client)] == [INSTANCE]


def test_the_scratch_of_a_dead_run_is_dropped_by_the_next_and_a_live_ones_is_not(
    engine: Rds, client: RDSClient
) -> None:
    me = Owner.me()
    for name, owner in (("dead", replace(me, ticks=me.ticks + 1)), ("live", me)):
        client.create_db_instance(
            DBInstanceIdentifier=f"legal-ai-test-scratch-{name}",
            DBInstanceClass="db.t4g.medium",
            Engine="postgres",
            Tags=[
                {"Key": TAG_STACK, "Value": "test"},
                {"Key": TAG_SCRATCH, "Value": "verify"},
                {"Key": TAG_OWNER, "Value": str(owner)},
            ],
        )
    alive = replace(engine, now=lambda: datetime.now(UTC))
    assert alive.scratches() == ["legal-ai-test-scratch-dead"]
    with alive.scratch("verify another"):
        names = [each["DBInstanceIdentifier"] for each in instances(client)]
        assert names == [INSTANCE, "legal-ai-test-scratch-live"]


def test_nothing_but_a_scratch_is_ever_deleted(engine: Rds, client: RDSClient) -> None:
    with pytest.raises(Refused, match="is no scratch instance of stack test"):
        engine.drop_scratch(INSTANCE)
    client.create_db_instance(
        DBInstanceIdentifier="legal-ai-test-scratch-of-somebody",
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
    )
    with pytest.raises(Refused, match="lacks the tag legal-ai:scratch"):
        engine.drop_scratch("legal-ai-test-scratch-of-somebody")
    assert engine.scratches() == []
    engine.drop_scratch("legal-ai-test-scratch-gone")
    assert len(instances(client)) == 2


def test_a_scratch_leaves_no_last_snapshot_behind(engine: Rds, client: RDSClient) -> None:
    taken = engine.take(None, {}, lambda _: None)
    with engine.scratch("verify") as name:
        engine.restore(taken, name, lambda _: None)
    left = client.describe_db_snapshots()["DBSnapshots"]
    assert [each for each in left if each["DBInstanceIdentifier"] == name] == []


def test_tags_are_added_to_the_snapshot(engine: Rds) -> None:
    taken = engine.take("one", {}, lambda _: None)
    engine.tag(taken, {TAG_VERIFIED_AT: "2025-10-14T02:00:00Z"})
    assert engine.find("one").verified_at == datetime(2025, 10, 14, 2, tzinfo=UTC)
    assert engine.find("one").label == "one"


def test_a_snapshot_is_looked_at_before_a_restore(engine: Rds, client: RDSClient) -> None:
    taken = engine.take("one", {}, lambda _: None)
    assert {each.verdict for each in engine.examine(taken, lambda _: None)} == {"good"}

    def change(parsed: Any) -> None:
        for each in parsed["DBSnapshots"]:
            each |= {"Engine": "mysql", "Encrypted": False}

    answer(client, "DescribeDBSnapshots", change)
    bad = [each.name for each in engine.examine(taken, lambda _: None) if each.verdict == "bad"]
    assert bad == ["engine", "encryption"]


def test_an_instance_of_another_engine_is_refused(engine: Rds, client: RDSClient) -> None:
    def change(parsed: Any) -> None:
        for each in parsed["DBInstances"]:
            each["Engine"] = "mysql"

    answer(client, "DescribeDBInstances", change)
    with pytest.raises(UsageError, match="runs mysql"):
        engine.take(None, {}, lambda _: None)


def test_an_instance_that_is_not_there_is_told_with_region_and_what_to_look_at(
    engine: Rds,
) -> None:
    gone = GenerationFacts(name="g1", instance="legal-ai-test-gone")
    other = replace(engine, database=engine.database.model_copy(update={"generations": (gone,)}))
    with pytest.raises(UsageError, match="no RDS instance legal-ai-test-gone in us-east-1"):
        other.take(None, {}, lambda _: None)


def test_a_stack_without_an_instance_for_its_generation_says_what_to_run(engine: Rds) -> None:
    other = replace(engine, database=engine.database.model_copy(update={"current": "g7"}))
    with pytest.raises(UsageError, match="no RDS instance for its current generation 'g7'"):
        other.window()


def test_a_plan_changes_nothing_and_names_the_snapshot(engine: Rds, client: RDSClient) -> None:
    assert "legal-ai-test-g1-20251014t010000z-one" in engine.plan("one")
    assert client.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []


def test_throttling_is_waited_out(
    engine: Rds, client: RDSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    fail(client, "DescribeDBInstances", "Throttling", times=4)
    assert engine.window() is not None


def test_throttling_that_does_not_end_is_no_answer(
    engine: Rds, client: RDSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    fail(client, "DescribeDBInstances", "Throttling")
    with pytest.raises(CouldNotFindOut, match=r"Throttling: said AWS\. Run this again"):
        engine.window()


@pytest.mark.parametrize(
    ("code", "status", "kind", "says"),
    [
        ("AccessDenied", 403, UsageError, "CreateDBSnapshot must be allowed to who runs this"),
        ("ExpiredToken", 403, UsageError, "Log in anew"),
        ("SnapshotQuotaExceeded", 400, Refused, "have the quota raised"),
        ("InternalFailure", 500, CouldNotFindOut, "Run this again"),
        ("SomethingNew", 400, Refused, "SomethingNew: said AWS"),
    ],
)
def test_what_aws_refuses_is_told_with_what_was_asked_and_what_to_do(
    engine: Rds,
    client: RDSClient,
    code: str,
    status: int,
    kind: type[OpsError],
    says: str,
) -> None:
    refuse(client, "CreateDBSnapshot", code, status=status)
    with pytest.raises(kind, match=rf"taking the snapshot .*{says}"):
        engine.take(None, {}, lambda _: None)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), CouldNotFindOut, "gave no answer"),
        (ConnectTimeoutError(endpoint_url="http://x"), CouldNotFindOut, "gave no answer"),
        (NoCredentialsError(), UsageError, "Log in"),
        (ClientError({"Error": {"Code": "X"}}, "Y"), Refused, "X"),
    ],
)
def test_no_answer_and_no_credentials_are_told_apart(
    error: Exception, kind: type[OpsError], says: str
) -> None:
    with pytest.raises(kind, match=says), asked("looking"):
        raise error


def test_a_region_that_is_nowhere_set_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    class Facts:
        database = DatabaseFacts(kind="rds", engine="rds", url=ADMIN_URL, admin_url=ADMIN_URL)
        backups = None

    with pytest.raises(UsageError, match="AWS_REGION"):
        rds_module.connect(Facts(), "test")  # type: ignore[arg-type]


def instances(client: RDSClient) -> list[Mapping[str, Any]]:
    return list(client.describe_db_instances()["DBInstances"])


def window(client: RDSClient, earliest: datetime, latest: datetime) -> None:
    """What moto does not know: since when, and until when, a moment can be restored."""

    def automated(parsed: Any) -> None:
        found = {"EarliestTime": earliest, "LatestTime": latest}
        parsed["DBInstanceAutomatedBackups"] = [{"RestoreWindow": found}]

    def described(parsed: Any) -> None:
        for each in parsed["DBInstances"]:
            each["LatestRestorableTime"] = latest

    answer(client, "DescribeDBInstanceAutomatedBackups", automated)
    answer(client, "DescribeDBInstances", described)
