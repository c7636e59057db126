"""The gate's order of acts, against a cluster kept in memory: what it reads, writes and leaves."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ops import history, names, routing, share, smoke
from ops.color import Color
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.gate import Gate, Plan, Wanted
from ops.schema import Database, Image, Record
from ops.share import Answer
from ops.verdict import RouteChange, WorkloadChange
from tests.unit.test_routing import SITE, split
from tests.unit.versioned import Versioned

BLUE, GREEN = Color.BLUE, Color.GREEN
HOLD_GREEN = {"color": "green", "target": "blue", "reason": "errors", "at": "now", "by": "agent"}


class Memory(Versioned):
    """With pods; `on_write` lets a test act between two steps of the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.pods: list[dict[str, Any]] = []
        self.time = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.on_write: dict[str, Any] = {}

    def list(self, kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        if kind != "Pod":
            return super().list(kind, labels)
        return [p for p in self.pods if labels.items() <= p["metadata"]["labels"].items()]

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        super().put_config_map(name, data)
        if act := self.on_write.get(name):
            act()

    def server_now(self) -> datetime:
        return self.time

    def route(self, wanted: routing.Split) -> None:
        self.put("HTTPRoute", "legal-ai", routing.public_route(SITE, wanted))

    def deploy(self, service: str, color: Color, image: str, replicas: int = 1) -> None:
        name = names.workload(service, color)
        spec = {"containers": [{"name": service, "image": image}]}
        status = ("updatedReplicas", "availableReplicas")
        self.put(
            "Deployment",
            name,
            {
                "metadata": {"generation": 1},
                "spec": {"replicas": replicas, "template": {"spec": spec}},
                "status": {"observedGeneration": 1, **dict.fromkeys(status, replicas)},
            },
        )
        for index in range(replicas):
            self.pods.append(
                {
                    "metadata": {
                        "name": f"{name}-{index}",
                        "labels": names.selector(service, color),
                    },
                    "spec": spec,
                    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
                }
            )

    def weights(self) -> dict[Color, int]:
        return routing.live_weights(self.objects[("HTTPRoute", "legal-ai")])


@pytest.fixture
def cluster() -> Memory:
    memory = Memory()
    memory.route(split(BLUE))
    for color, image in ((BLUE, "app:v1"), (GREEN, "app:v2")):
        memory.deploy("backend", color, image)
    return memory


@pytest.fixture
def smoked(monkeypatch: pytest.MonkeyPatch) -> list[Color]:
    asked: list[Color] = []
    monkeypatch.setattr(smoke, "check", lambda url, paths, color, *_: asked.append(color))
    return asked


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which color the public host answers with; empty: it gives no answer."""
    color = ["green"]

    def ask(url: str, paths: object, count: int) -> list[Answer]:
        return [Answer(200, c, c) for c in color] * count or [Answer(0, "", "", "refused")]

    monkeypatch.setattr(share, "ask", ask)
    return color


@pytest.fixture
def gate(cluster: Memory, smoked: list[Color], answering: list[str]) -> Gate:
    plan = Plan(
        site=SITE,
        router="gateway-api",
        split=split(GREEN),
        wanted={BLUE: (Wanted("backend", "app:v1"),), GREEN: (Wanted("backend", "app:v2"),)},
        public_url="http://legal-ai.localhost",
        preview_urls={BLUE: "http://blue.localhost", GREEN: "http://green.localhost"},
        smoke_paths=("/health",),
        share_paths=("/health",),
        timeout_seconds=0.0,
    )
    return Gate(lambda: cluster, plan, lambda _: None)


TO_GREEN = RouteChange(GREEN, 0, 7, {BLUE: 0, GREEN: 100})
TO_BLUE = RouteChange(BLUE, 0, 7, {BLUE: 100, GREEN: 0})


def marker(cluster: Memory) -> object:
    return cluster.objects.get(("ConfigMap", names.UNVERIFIED))


def test_a_change_leaves_a_marker_and_a_passed_check_takes_it_away(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    assert marker(cluster)
    cluster.route(split(GREEN))
    gate.after_route(TO_GREEN.weights)
    assert marker(cluster) is None


ISOLATED = {"reason": "stolen keys", "at": "now", "by": "me"}


def test_while_the_namespace_is_isolated_no_up_writes_the_route(
    gate: Gate, cluster: Memory
) -> None:
    cluster.put_config_map(names.ISOLATION, ISOLATED)
    with pytest.raises(Refused, match=r"isolated since now by me: stolen keys.*incident.py reopen"):
        gate.before_route(TO_GREEN)
    assert marker(cluster) is None
    cluster.delete("ConfigMap", names.ISOLATION)
    gate.before_route(TO_GREEN)


def test_a_route_that_was_written_while_it_was_isolated_comes_off_its_gateway_again(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    cluster.put_config_map(names.ISOLATION, ISOLATED)
    cluster.route(split(GREEN))
    looks: list[Callable[[], None]] = [lambda: gate.after_route(TO_GREEN.weights), gate.settle]
    for look in looks:
        with pytest.raises(Refused, match="nobody gets in"):
            look()
        assert cluster.objects["HTTPRoute", "legal-ai"]["spec"]["parentRefs"] == []
    assert marker(cluster)


def test_an_up_that_leaves_the_route_alone_goes_well_and_says_that_nobody_gets_in(
    gate: Gate, cluster: Memory
) -> None:
    cluster.put_config_map(names.ISOLATION, ISOLATED)
    noted: list[str] = []
    dataclasses.replace(gate, note=noted.append).settle()
    assert "stolen keys" in noted[0]


def test_a_refused_change_leaves_no_marker(gate: Gate, cluster: Memory) -> None:
    cluster.deploy("backend", GREEN, "app:v2", replicas=0)
    with pytest.raises(Refused, match="scaled to zero"):
        gate.before_route(TO_GREEN)
    assert marker(cluster) is None


def test_a_failed_check_is_remembered_by_the_next_run_until_it_passes(
    gate: Gate, cluster: Memory, answering: list[str]
) -> None:
    gate.before_route(TO_GREEN)
    cluster.route(split(GREEN))
    answering[:] = ["blue"]
    looks: list[Callable[[], None]] = [lambda: gate.after_route(TO_GREEN.weights)]
    for look in [*looks, gate.settle, gate.settle]:
        with pytest.raises(Refused, match="does not follow it"):
            look()
    answering[:] = ["green"]
    gate.settle()
    assert marker(cluster) is None


def test_nothing_is_asked_of_the_public_host_where_nothing_is_unverified(
    gate: Gate, answering: list[str]
) -> None:
    answering.clear()
    gate.settle()


def test_a_version_that_never_served_is_smoke_tested_and_one_that_did_is_not(
    gate: Gate, cluster: Memory, smoked: list[Color]
) -> None:
    gate.before_route(TO_GREEN)
    assert smoked == [GREEN]
    cluster.route(split(GREEN))
    gate.after_route(TO_GREEN.weights)
    served = json.loads(cluster.objects[("ConfigMap", names.HISTORY)]["data"]["served"])
    assert list(served) == ["v2"]
    cluster.route(split(BLUE))
    smoked.clear()
    gate.before_route(TO_GREEN)
    assert smoked == []


def test_the_first_deployment_is_not_smoke_tested(
    gate: Gate, cluster: Memory, smoked: list[Color]
) -> None:
    del cluster.objects[("HTTPRoute", "legal-ai")]
    gate.before_route(TO_GREEN)
    assert smoked == []


def test_a_hold_that_lands_after_the_checks_and_before_the_write_still_refuses(
    gate: Gate, cluster: Memory
) -> None:
    cluster.on_write[names.UNVERIFIED] = lambda: cluster.put_config_map(names.HOLD, HOLD_GREEN)
    with pytest.raises(Refused, match="green is held"):
        gate.before_route(TO_GREEN)


def test_a_rollback_that_lands_while_the_route_is_written_wins(gate: Gate, cluster: Memory) -> None:
    gate.before_route(TO_GREEN)
    cluster.put_config_map(names.HOLD, HOLD_GREEN)
    cluster.route(split(GREEN))
    with pytest.raises(Refused, match="it wins"):
        gate.after_route(TO_GREEN.weights)
    assert cluster.weights() == {BLUE: 100, GREEN: 0}


def test_a_rollback_wins_also_over_a_run_that_was_killed_before_it_looked(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    cluster.put_config_map(names.HOLD, HOLD_GREEN)
    cluster.route(split(GREEN))
    with pytest.raises(Refused, match="it wins"):
        gate.settle()
    assert cluster.weights() == {BLUE: 100, GREEN: 0}


def test_a_rollback_that_waits_for_its_target_keeps_the_route_until_that_is_ready(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    cluster.put_config_map(names.HOLD, HOLD_GREEN)
    cluster.deploy("backend", BLUE, "app:v1", replicas=0)
    cluster.route(split(GREEN))
    with pytest.raises(Refused, match=r"waits for blue to get ready.*\n.*scaled to zero"):
        gate.after_route(TO_GREEN.weights)
    assert cluster.weights() == {BLUE: 0, GREEN: 100}
    assert marker(cluster)


def test_a_rollback_wins_with_whatever_version_its_target_is_deployed_as(
    gate: Gate, cluster: Memory
) -> None:
    """The configuration may have another version for it by now, or none."""
    gate.before_route(TO_GREEN)
    cluster.put_config_map(names.HOLD, HOLD_GREEN)
    gate.plan = dataclasses.replace(gate.plan, wanted={GREEN: gate.plan.wanted[GREEN]})
    cluster.route(split(GREEN))
    with pytest.raises(Refused, match="it wins"):
        gate.after_route(TO_GREEN.weights)
    assert cluster.weights() == {BLUE: 100, GREEN: 0}


def test_the_color_that_is_about_to_lose_traffic_is_remembered_as_it_is_then(
    gate: Gate, cluster: Memory
) -> None:
    cluster.deploy("backend", BLUE, "app:v1", replicas=3)
    gate.before_route(TO_GREEN)
    whole = history.read(cluster).whole
    assert whole[BLUE].replicas == {"backend": 3}
    assert whole[BLUE].images == {"backend": "app:v1"}


def test_the_gain_of_a_switch_counts_from_before_its_write(gate: Gate, cluster: Memory) -> None:
    gate.before_route(TO_GREEN)
    before = marker(cluster)
    assert isinstance(before, dict)
    cluster.route(split(GREEN))
    gate.after_route(TO_GREEN.weights)
    found = history.read(cluster)
    assert found.gained[GREEN] == before["data"]["since"]
    assert set(found.whole) == {BLUE, GREEN}


def test_a_route_that_somebody_else_changed_meanwhile_fails_the_run_and_stays(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    cluster.route(split(BLUE))
    with pytest.raises(Refused, match="somebody"):
        gate.after_route(TO_GREEN.weights)
    assert cluster.weights() == {BLUE: 100, GREEN: 0}


def test_a_hold_that_cannot_be_understood_is_not_no_hold(gate: Gate, cluster: Memory) -> None:
    cluster.put_config_map(names.HOLD, {"colour": "green"})
    with pytest.raises(CouldNotFindOut, match="can't be understood"):
        gate.before_route(TO_GREEN)


def test_an_api_server_that_is_down_refuses_everything(gate: Gate, cluster: Memory) -> None:
    cluster.is_down = True
    acts: tuple[Callable[[], None], ...] = (
        lambda: gate.before_route(TO_GREEN),
        lambda: gate.after_route(TO_GREEN.weights),
        gate.settle,
        lambda: gate.before_workload(WorkloadChange("backend-blue", BLUE, 1, "app:v1"), "backend"),
    )
    for act in acts:
        with pytest.raises(OpsError, match="down"):
            act()


def test_a_stray_pod_of_another_version_behind_the_service_refuses_the_color(
    gate: Gate, cluster: Memory
) -> None:
    stray = json.loads(json.dumps(cluster.pods[-1]))
    stray["metadata"]["name"] = "stray"
    stray["spec"]["containers"][0]["image"] = "app:v1"
    cluster.pods.append(stray)
    with pytest.raises(Refused, match="stray runs app:v1"):
        gate.before_route(TO_GREEN)
    stray["metadata"]["deletionTimestamp"] = "now"
    gate.before_route(TO_GREEN)


def test_scaling_the_color_with_traffic_to_zero_is_refused_whatever_config_says(
    gate: Gate, cluster: Memory
) -> None:
    down = WorkloadChange("backend-blue", BLUE, 0, "app:v1")
    with pytest.raises(Refused, match="blue has 100 %"):
        gate.before_workload(down, "backend")
    cluster.route(split(GREEN))
    gate.before_workload(down, "backend")


def test_a_stale_checkout_changes_no_deployment_but_may_still_be_destroyed(
    gate: Gate, cluster: Memory
) -> None:
    newer = dataclasses.replace(split(BLUE), serial=gate.plan.split.serial + 1)
    cluster.route(newer)
    change = WorkloadChange("backend-green", GREEN, 1, "app:v2")
    with pytest.raises(Refused, match="older than what is live"):
        gate.before_workload(change, "backend")
    gate.before_workload(dataclasses.replace(change, replicas=None), "backend")


V2_FITS = Image("v2", level=2, needs=2)


@pytest.fixture
def migrating(gate: Gate) -> Gate:
    """The gate of a stack that migrates."""
    gate.plan = dataclasses.replace(gate.plan, migrating={BLUE: "app:v1", GREEN: "app:v2"})
    return gate


def record(cluster: Memory, images: Mapping[str, Image], database: Database | None) -> None:
    cluster.put_config_map(names.SCHEMA, Record(database, images).to_data())


def migrated(cluster: Memory, image: str, message: str, **labels: str) -> None:
    """A pod that has migrated and left a message."""
    ended = {"terminated": {"exitCode": 0, "message": message}}
    cluster.pods.append(
        {
            "metadata": {"name": "m", "labels": {"app": "migrate", "color": "green", **labels}},
            "spec": {"containers": [{"name": "migrate", "image": image}]},
            "status": {"containerStatuses": [{"name": "migrate", "state": ended}]},
        }
    )


def message(level: int, image: Image = V2_FITS) -> str:
    database = {"level": level, "floor": 1, "revision": "r", "at": f"2026-01-0{level}T00:00:00Z"}
    return json.dumps({**vars(image), "database": database, "result": ""})


def test_a_color_whose_schema_is_missing_or_unknown_gets_no_traffic(
    migrating: Gate, cluster: Memory
) -> None:
    with pytest.raises(CouldNotFindOut, match="verify --color green"):
        migrating.before_route(TO_GREEN)
    record(cluster, {"app:v2": V2_FITS}, Database(1, 1, "r1"))
    with pytest.raises(Refused, match="v2 needs schema level 2, the database is at 1"):
        migrating.before_route(TO_GREEN)
    record(cluster, {"app:v2": V2_FITS}, Database(9, 3, "r9"))
    with pytest.raises(Refused, match="contracted away"):
        migrating.before_route(TO_GREEN)
    assert marker(cluster) is None
    record(cluster, {"app:v2": V2_FITS}, Database(2, 1, "r2"))
    migrating.before_route(TO_GREEN)


def test_where_the_record_lacks_the_image_the_pods_that_migrated_for_it_are_asked(
    migrating: Gate, cluster: Memory
) -> None:
    record(cluster, {"app:v1": Image("v1", 1, 1)}, Database(1, 1, "r1", "2026-01-01T00:00:00Z"))
    migrated(cluster, "app:v2", message(2))
    migrating.before_route(TO_GREEN)


def test_what_a_migration_says_is_recorded_and_one_that_says_nothing_is_noted(
    migrating: Gate, cluster: Memory
) -> None:
    noted: list[str] = []
    migrating.note = noted.append
    record(cluster, {}, None)
    migrated(cluster, "app:v2", message(2), **{"job-name": "migrate-green-1"})
    migrating.after_migration("migrate-green-1")
    assert noted == []
    found = Record.from_data(cluster.objects[("ConfigMap", names.SCHEMA)]["data"])
    assert found.images == {"app:v2": V2_FITS}
    assert found.database is not None
    assert found.database.level == 2
    migrating.after_migration("migrate-green-2")
    assert "docs/migrations.md" in noted[0]


def test_a_color_that_leaves_is_not_asked_for_its_schema(migrating: Gate, cluster: Memory) -> None:
    record(cluster, {"app:v1": Image("v1", 1, 1), "app:v2": V2_FITS}, Database(1, 1, "r1"))
    cluster.route(split(GREEN))
    migrating.before_route(TO_BLUE)
