"""While a hold stands the API server itself keeps traffic from the held color, whoever writes.

Most writes here are tried and not done (`--dry-run=server`): admission judges them all the same.
"""

import copy
import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ops import hold_guard, routing
from ops.cluster import Cluster
from ops.color import Color
from tests.e2e import visitor
from tests.e2e.project import Project, Ran, finish
from tests.waiting import until

AGENT_TOKEN = "agent-token-of-the-e2e-tests"
HOLD = {
    "color": "green",
    "target": "blue",
    "reason": "error rate 5 %\nover five minutes",
    "at": "2026-01-01T00:00:00+00:00",
    "by": "somebody",
    "alert": "DeploymentFailure",
}


def site(project: Project) -> routing.Site:
    return routing.Site(
        namespace=project.namespace,
        public_host=project.public_host,
        preview_hosts={color: f"{color}.{project.public_host}" for color in Color},
        endpoints=(
            routing.Endpoint("backend", 8000, ("/api", "/health")),
            routing.Endpoint("frontend", 3000, ("/",)),
        ),
        gateway_name="public",
        gateway_namespace="gateway",
        secure=False,
    )


def split(active: str = "blue", weight: int = 0) -> routing.Split:
    versions = {Color.BLUE: "v1.0.0", Color.GREEN: "v1.1.0"}
    return routing.Split(Color(active), weight, 0, versions)


def route(project: Project, active: str = "blue", weight: int = 0) -> Any:
    return routing.public_route(site(project), split(active, weight))


def write(project: Project, body: Any, *, dry: bool = True) -> Ran:
    how = ("--dry-run=server",) if dry else ()
    return project.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=somebody",
        *how,
        "-f",
        "-",
        stdin=json.dumps(body),
    )


def note(cluster: Cluster) -> None:
    hold_guard.follow(cluster, "gateway-api")


@pytest.fixture
def free(settled: Project, cluster: Cluster) -> Iterator[Project]:
    """The project with nothing held, before and after."""
    yield settled
    cluster.delete("ConfigMap", "traffic-hold")
    note(cluster)


@pytest.fixture
def held(settled_once: Project, cluster: Cluster) -> Iterator[Project]:
    """Green is held, and has no traffic; only for tests that write nothing."""
    cluster.put_config_map("traffic-hold", HOLD)
    note(cluster)
    yield settled_once
    cluster.delete("ConfigMap", "traffic-hold")
    note(cluster)


def test_the_held_color_gets_no_traffic_by_any_tool_and_the_reason_is_said(held: Project) -> None:
    for body in (route(held, "green"), route(held, "blue", 1), route(held, "blue", 100)):
        write(held, body).failed(
            "green is held since 2026-01-01T00:00:00+00:00 by somebody (alert DeploymentFailure)",
            "error rate 5 % over five minutes",
            "scripts/emergency_rollback.py --acknowledge",
        )


def test_everything_but_more_traffic_for_it_is_allowed(held: Project) -> None:
    write(held, route(held, "blue")).ok()
    write(held, routing.preview_route(site(held), Color.GREEN, tuple(Color))).ok()
    moved = route(held, "blue")
    moved["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/elsewhere"
    write(held, moved).ok()


def test_a_cookie_that_leads_to_it_is_traffic_too(held: Project) -> None:
    body = route(held, "blue")
    canary = route(held, "blue", 10)["spec"]["rules"]
    body["spec"]["rules"] += [rule for rule in canary if "headers" in rule["matches"][0]]
    write(held, body).failed("green is held")


def test_one_write_can_not_take_the_note_away_and_use_that(held: Project) -> None:
    taken = {"metadata": {"annotations": {hold_guard.HELD: None}}}
    rules = {"spec": {"rules": route(held, "green")["spec"]["rules"]}}
    patch = ("patch", "httproute", "legal-ai", "--type=merge", "--dry-run=server", "--patch")
    held.kubectl(*patch, json.dumps(taken | rules)).failed("green is held")
    held.kubectl(*patch, json.dumps(taken)).ok()


def test_without_a_hold_every_write_passes(held: Project, cluster: Cluster) -> None:
    cluster.delete("ConfigMap", "traffic-hold")
    note(cluster)
    write(held, route(held, "green")).ok()
    write(held, route(held, "blue", 50)).ok()


@pytest.mark.parametrize(
    ("active", "weight", "passes"),
    [("blue", 0, True), ("blue", 10, False), ("green", 0, False)],
)
def test_with_ingress_nginx_it_is_the_same(
    settled_once: Project, cluster: Cluster, active: str, weight: int, passes: bool
) -> None:
    before, wanted = split(), split(active, weight)
    for made in (
        routing.canary_ingress(site(settled_once), before),
        routing.main_ingress(site(settled_once), before),
    ):
        write(settled_once, made, dry=False).ok()
    cluster.put_config_map("traffic-hold", HOLD)
    hold_guard.follow(cluster, "ingress-nginx")
    try:
        canary = routing.canary_ingress(site(settled_once), wanted)
        ran = [
            write(settled_once, body)
            for body in (canary, routing.main_ingress(site(settled_once), wanted))
        ]
    finally:
        cluster.delete("ConfigMap", "traffic-hold")
        cluster.delete("Ingress", routing.MAIN_INGRESS)
        cluster.delete("Ingress", routing.CANARY_INGRESS)
    assert all(each.code == 0 for each in ran) is passes
    if not passes:
        next(each for each in ran if each.code).failed("green is held")


@pytest.mark.long
def test_of_what_it_has_a_held_color_may_lose_and_not_gain(free: Project, cluster: Cluster) -> None:
    """It is held first and loses its traffic then, cookies of a canary included."""
    free.switch("blue", 20).ok()
    cluster.put_config_map("traffic-hold", HOLD)
    note(cluster)
    for weight in (20, 10, 0):
        write(free, route(free, "blue", weight)).ok()
    write(free, route(free, "blue", 21)).failed("green is held")
    write(free, route(free, "green", 0)).failed("green is held")


@pytest.mark.long
def test_a_hold_that_was_lifted_by_hand_does_not_keep_an_up_from_writing(
    free: Project, cluster: Cluster
) -> None:
    """Whoever deletes the ConfigMap leaves the route's notes; the gate takes those away."""
    cluster.put_config_map("traffic-hold", HOLD)
    note(cluster)
    cluster.delete("ConfigMap", "traffic-hold")
    free.switch("green").ok()
    assert visitor.colors(free.url) == visitor.everywhere("green")


@pytest.fixture
def watched(free: Project) -> Iterator[Project]:
    """With the agent, and a tenth of the traffic on green."""
    free.pulumi("config", "set", "--path", "--secret", "legal-ai:agent.token", AGENT_TOKEN).ok()
    free.set("agent.enabled=true")
    free.switch("blue", 10).ok()
    yield free
    free.set("agent.enabled=false")


@pytest.mark.long
def test_an_agent_that_acts_while_an_up_is_paused_behind_its_gate_wins(
    watched: Project, cluster: Cluster
) -> None:
    """The gate has let the route go and will not look again before it is written."""
    paused = copy.copy(watched)
    paused.env = watched.env | {"PAUSEPOINT": "gate.let_go"}
    watched.set("canaryWeight=50")
    running = paused.start("up", "--yes", "--skip-preview")
    try:
        until(lambda: bool(stopped(running.pid)), "the up has come to its gate", 90)
        accuse_green(watched)
        until(
            lambda: visitor.draw(watched.url, 40) == {"blue": 40},
            "the agent took green's traffic away",
        )
        assert cluster.get("ConfigMap", "traffic-hold") is not None
    finally:
        for pid in stopped(running.pid):
            os.kill(pid, signal.SIGCONT)
        ran = finish(running)
    ran.failed("green is held", "DeploymentFailure")
    live = routing.live_weights(watched.get("httproute", "legal-ai"))
    assert live[Color.GREEN] == 0
    assert visitor.draw(watched.url, 40) == {"blue": 40}


def stopped(session: int) -> list[int]:
    """The processes of a session that were stopped by a signal."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may have spaces; state and session come behind it.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] == "T" and int(fields[3]) == session:
            found.append(int(stat.parent.name))
    return found


def accuse_green(project: Project) -> None:
    """What Alertmanager posts when green fails."""
    address = project.get("service", "rollback-agent")["spec"]["clusterIP"]
    labels = {
        "alertname": "DeploymentFailure",
        "action": "rollback",
        "severity": "critical",
        "stack": "e2e",
        "namespace": project.namespace,
        "color": "green",
    }
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "green fails"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "0123456789abcdef",
    }
    webhook = {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "rollback",
        "groupLabels": {},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [alert],
    }
    answer = httpx2.post(
        f"http://{address}:8080/webhook",
        json=webhook,
        headers={"Authorization": f"Bearer {AGENT_TOKEN}"},
        trust_env=False,
    )
    assert answer.is_success, answer.text
