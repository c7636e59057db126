"""What a restore writes into the configuration, and what it looks at before: RDS and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops import pending, pods
from ops.backups.model import Backup
from ops.backups.rds_instances import Instances
from ops.backups.rds_waiting import Patience
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, UsageError
from ops.operations import DatabaseFacts, GenerationFacts, Operations
from ops.restore.on_postgres import OnPostgres
from ops.restore.on_rds import OnRds
from ops.restore.place import renamed
from ops.restore.source import Source

AT = datetime(2025, 10, 14, 1, tzinfo=UTC)
SNAPSHOT = Source(AT, Backup("before-v1", "snapshot", AT))
URL = "postgresql+psycopg://legal_ai_admin:p%40ss@db.example:5432/legal_ai?sslmode=require"


class Config:
    """The stack's configuration; paths as Pulumi reads them. `ups` is what each `up` deployed."""

    def __init__(self, **given: Any) -> None:
        self.data: dict[str, Any] = given
        self.secret_keys: list[str] = []
        self.ups: list[str] = []
        self.on_up: Callable[[], object] = lambda: None

    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(self.data))
        return found

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        self.secret_keys += list(secrets or {})
        for path, value in {**values, **(secrets or {})}.items():
            parts = path.replace("[", ".[").split(".")
            parts[0] = f"legal-ai:{parts[0]}"
            node: Any = self.data
            for part, following in zip(parts, [*parts[1:], ""], strict=True):
                key: Any = int(part[1:-1]) if part.startswith("[") else part
                if following == "":
                    fresh: Any = value
                else:
                    fresh = [] if following.startswith("[") else {}
                if isinstance(node, list) and key == len(node):
                    node.append(fresh)
                elif following == "" or (isinstance(node, dict) and key not in node):
                    node[key] = fresh
                node = node[key]

    def up(self, show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        self.ups.append(json.dumps(self.data.get("legal-ai:database")))
        self.on_up()

    @property
    def database(self) -> dict[str, Any]:
        found: dict[str, Any] = self.data["legal-ai:database"]
        return found


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield boto3.client("rds", region_name="us-east-1")


def make(client: Any, name: str, password: str) -> None:
    client.create_db_instance(
        DBInstanceIdentifier=f"legal-ai-test-{name}",
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        MasterUsername="legal_ai_admin",
        MasterUserPassword="secret-secret",
    )
    boto3.client("secretsmanager", region_name="us-east-1").create_secret(
        Name=f"legal-ai/test/{name}/admin",
        SecretString=json.dumps(
            {"username": "legal_ai_admin", "password": password, "dbname": "legal_ai"}
        ),
    )


def on_rds(client: Any, config: Config, url: str = URL) -> OnRds:
    return OnRds(
        name="test",
        stack=config,
        database=DatabaseFacts(
            kind="rds",
            engine="rds",
            url=url,
            admin_url=url,
            current="g1",
            generations=(GenerationFacts(name="g1", instance="legal-ai-test-g1"),),
        ),
        instances=Instances(client, Patience(seconds=60, pause=0)),
        secrets=boto3.client("secretsmanager", region_name="us-east-1"),
    )


def test_an_instance_is_declared_by_one_up_and_used_only_by_the_next(rds: Any) -> None:
    make(rds, "g1", "one")
    config = Config(**{"legal-ai:database": {"kind": "rds", "multiAz": True}})
    place = on_rds(rds, config)
    config.on_up = lambda: make(rds, "g2", "one")
    place.restore(SNAPSHOT, "g2", lambda _: None)
    assert config.database["generations"] == [
        {"name": "g1"},
        {"name": "g2", "source": {"snapshot": "before-v1"}},
    ]
    assert "current" not in json.loads(config.ups[0])
    config.on_up = lambda: None
    place.send_to("g2", lambda _: None)
    assert json.loads(config.ups[1])["current"] == "g2"
    assert config.data["legal-ai:serial"] == "1"
    assert config.database["multiAz"] is True


def test_what_the_older_generations_came_from_stays_as_it_was(rds: Any) -> None:
    make(rds, "g1", "one")
    first = [{"name": "g0"}, {"name": "g1", "source": {"snapshot": "s"}}]
    config = Config(**{"legal-ai:database": {"generations": list(first), "current": "g1"}})
    config.on_up = lambda: make(rds, "g2", "one")
    on_rds(rds, config).restore(Source(AT), "g2", lambda _: None)
    assert config.database["generations"] == [
        *first,
        {"name": "g2", "source": {"generation": "g1", "time": "2025-10-14T01:00:00Z"}},
    ]


def test_declaring_and_sending_again_after_a_kill_changes_nothing_more(rds: Any) -> None:
    make(rds, "g1", "one")
    config = Config(**{"legal-ai:database": {"kind": "rds"}})
    place = on_rds(rds, config)
    config.on_up = lambda: make(rds, "g2", "one")
    place.restore(SNAPSHOT, "g2", lambda _: None)
    config.on_up = lambda: None
    before = config.config()
    place.restore(SNAPSHOT, "g2", lambda _: None)
    assert config.config() == before
    place.send_to("g2", lambda _: None)
    before = config.config()
    place.send_to("g2", lambda _: None)
    assert config.config() == before


def test_the_next_name_is_above_every_generation_and_every_left_over_instance(rds: Any) -> None:
    make(rds, "g1", "one")
    config = Config(**{"legal-ai:database": {"generations": [{"name": "g1"}, {"name": "g4"}]}})
    assert on_rds(rds, config).free_name() == "g5"
    make(rds, "g5", "one")
    assert on_rds(rds, config).free_name() == "g6"


def test_each_generation_is_entered_with_its_own_password(rds: Any) -> None:
    make(rds, "g1", "one")
    make(rds, "g2", "two")
    place = on_rds(rds, Config())
    assert (place.admin("g1").password, place.app("g2").password) == ("one", "two")
    assert place.app("g2").host != place.app("g1").host


def test_an_application_role_of_its_own_keeps_its_password_in_every_generation(rds: Any) -> None:
    make(rds, "g2", "two")
    url = URL.replace("legal_ai_admin:p%40ss", "app:mine")
    found = on_rds(rds, Config(), url).app("g2")
    assert (found.user, found.password, found.database) == ("app", "mine", "legal_ai")


def test_a_secret_that_is_something_else_is_no_answer(rds: Any) -> None:
    make(rds, "g1", "one")
    boto3.client("secretsmanager", region_name="us-east-1").put_secret_value(
        SecretId="legal-ai/test/g1/admin", SecretString="{}"
    )
    with pytest.raises(CouldNotFindOut, match="legal-ai/test/g1/admin can't be understood"):
        on_rds(rds, Config()).admin("g1")


def test_a_moment_finer_than_rds_knows_is_refused_with_one_that_it_knows(rds: Any) -> None:
    make(rds, "g1", "one")
    config = Config(**{"legal-ai:database": {}})
    with pytest.raises(UsageError, match="give whole seconds, as 2025-10-14T01:00:00Z"):
        on_rds(rds, config).restore(Source(AT.replace(microsecond=5)), "g2", lambda _: None)
    assert config.ups == []


def test_an_aborted_generation_stays_declared_and_that_is_said(rds: Any) -> None:
    make(rds, "g1", "one")
    config = Config(**{"legal-ai:database": {"generations": [{"name": "g1"}, {"name": "g2"}]}})
    said = on_rds(rds, config).discard(SNAPSHOT, "g2", lambda _: None)
    assert "g2 stays declared and unused" in said
    assert config.ups == []


def on_postgres(config: Config, url: str = URL, admin_url: str = "") -> OnPostgres:
    facts = DatabaseFacts(kind="external", engine="postgres", url=url, admin_url=admin_url or url)
    engine: Any = None
    return OnPostgres(config, facts, engine)


def test_sending_to_another_database_changes_its_name_in_every_url_and_nothing_else() -> None:
    admin = URL.replace("legal_ai_admin", "postgres")
    config = Config(
        **{"legal-ai:serial": 4, "legal-ai:database": {"url": URL, "adminUrl": admin, "kind": "x"}}
    )
    on_postgres(config, admin_url=admin).send_to("legal_ai_g2", lambda _: None)
    assert config.database == {
        "url": URL.replace("/legal_ai?", "/legal_ai_g2?"),
        "adminUrl": admin.replace("/legal_ai?", "/legal_ai_g2?"),
        "kind": "x",
    }
    assert config.secret_keys == ["database.url", "database.adminUrl"]
    assert config.data["legal-ai:serial"] == "5"
    on_postgres(config).send_to("legal_ai_g2", lambda _: None)
    assert config.data["legal-ai:serial"] == "5"
    assert len(config.ups) == 2


@pytest.mark.parametrize("name", ["legal_ai_g2", "odd/name", "ä b"])
def test_a_renamed_url_is_the_same_but_for_its_database(name: str) -> None:
    from ops.database import Address  # noqa: PLC0415 only here

    found = Address.parse(renamed(URL, name))
    assert found == Address.parse(URL).with_database(name)


class Deployments(Cluster):
    """A namespace with these Deployments in it."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = list(bodies)

    def list(self, kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        assert (kind, dict(labels)) == ("Deployment", {"app.kubernetes.io/part-of": "legal-ai"})
        return self.bodies


def deployment(name: str, desired: int, updated: int, available: int, seen: int = 1) -> Any:
    return {
        "metadata": {"name": name, "generation": 1, "labels": {"color": name.split("-")[1]}},
        "spec": {"replicas": desired, "template": {"spec": {"containers": []}}},
        "status": {
            "observedGeneration": seen,
            "updatedReplicas": updated,
            "availableReplicas": available,
        },
    }


def test_every_pod_must_be_new_and_ready_and_a_color_that_is_scaled_to_nothing_is() -> None:
    cluster = Deployments(
        deployment("backend-blue", 2, 2, 2),
        deployment("frontend-green", 0, 0, 0),
        deployment("backend-green", 2, 1, 2),
        deployment("worker-blue", 1, 1, 0),
        deployment("frontend-blue", 1, 1, 1, seen=0),
    )
    assert pods.unready(cluster) == [
        "backend-green: 2 of 2 replicas are ready, 1 are new",
        "worker-blue: 0 of 1 replicas are ready, 1 are new",
        "frontend-blue: the cluster has not looked at its newest form yet",
    ]


def deployed(**versions: str) -> Operations:
    facts: dict[str, Any] = {
        "active_color": Color.BLUE,
        "weights": {Color.BLUE: 90, Color.GREEN: 10},
        "versions": {Color(key): value for key, value in versions.items()},
    }
    return Operations.model_construct(**facts)


def test_nothing_is_pending_where_the_configuration_is_what_was_deployed() -> None:
    config = {"legal-ai:canaryWeight": "10", "legal-ai:blue": {"version": "v1"}}
    assert pending.changes(config, deployed(blue="v1")) == []


def test_a_version_a_weight_and_a_switch_that_wait_for_an_up_are_named() -> None:
    config = {
        "legal-ai:activeColor": "green",
        "legal-ai:canaryWeight": "0",
        "legal-ai:blue": {"version": "v1"},
        "legal-ai:green": {"version": "v2"},
    }
    assert pending.changes(config, deployed(blue="v1", green="v1")) == [
        "activeColor is green, deployed is blue",
        "canaryWeight is 0, deployed is 10",
        "green.version is v2, deployed is v1",
    ]
