"""A person's way back without Pulumi on the real stack, and what makes Pulumi agree with it."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ops import names
from ops.cluster import Cluster
from ops.rollback.attempt import FAILPOINTS
from tests.e2e import visitor
from tests.e2e.project import ROOT, Project, Ran

SCRIPT: Final = ROOT / "scripts" / "emergency_rollback.py"
KILLED: Final = -9
ONE: Final = "rollback.move_begun"


@pytest.fixture
def switched(settled: Project, cluster: Cluster) -> Iterator[Project]:
    """Green has everything; blue, which had it before, was scaled to nothing."""
    settled.switch("green").ok()
    settled.kubectl("scale", "deployment", "backend-blue", "frontend-blue", "--replicas=0").ok()
    yield settled
    _forget(cluster)


@pytest.fixture
def canary(settled: Project, cluster: Cluster) -> Iterator[Project]:
    """Green has 10 % beside blue."""
    settled.switch("blue", 10).ok()
    yield settled
    _forget(cluster)


def _forget(cluster: Cluster) -> None:
    """Other tests begin with serial 0, and hold nothing."""
    note = {"metadata": {"annotations": {names.SERIAL: "0"}}}
    cluster.patch("HTTPRoute", "legal-ai", note)
    cluster.delete("ConfigMap", "rollback")


def run(project: Project, *args: str, **env: str) -> Ran:
    return project.script("emergency_rollback.py", *args, **env)


def hold(cluster: Cluster) -> dict[str, Any] | None:
    found = cluster.get("ConfigMap", "traffic-hold")
    return None if found is None else found["data"]


def configured(project: Project, key: str) -> Any:
    text = project.pulumi("config", "get", "--path", f"legal-ai:{key}", "--json").ok().text
    return json.loads(text)["value"]


def test_traffic_goes_back_to_a_color_that_was_scaled_down_and_pulumi_agrees_once_told(
    switched: Project, cluster: Cluster
) -> None:
    switched.set("blue.replicas=0")
    switched.up().ok()
    assert "would be done" in run(switched, "--dry-run").ok().text
    assert visitor.colors(switched.url) == visitor.everywhere("green")
    told = run(switched, "--reason", "answers are wrong").ok().text
    assert "backend-blue: 0 -> 1 replicas" in told
    assert visitor.colors(switched.url) == visitor.everywhere("blue")
    found = hold(cluster)
    assert found
    assert (found["color"], found["reason"]) == ("green", "answers are wrong")
    # Neither does an `up` undo it, nor does it take the pods away that serve now.
    switched.up("--refresh").failed("emergency_rollback.py --acknowledge")
    assert visitor.colors(switched.url) == visitor.everywhere("blue")

    run(switched, "--acknowledge").ok()
    switched.preview("--expect-no-changes").ok()
    assert hold(cluster) is None
    assert (configured(switched, "activeColor"), configured(switched, "blue.replicas")) == (
        "blue",
        "1",
    )
    assert "nothing is held" in run(switched, "--acknowledge").ok().text
    assert visitor.colors(switched.url) == visitor.everywhere("blue")
    assert "rolled-back" in run(switched, "--status").ok().text


@pytest.mark.long
def test_a_canary_is_taken_back_where_pulumi_is_out_of_reach(
    canary: Project, cluster: Cluster
) -> None:
    lost = {"PULUMI_BACKEND_URL": "file:///nowhere", "PULUMI_STACK": "lost"}
    run(canary, **lost).failed("--namespace")
    run(canary, "--namespace", canary.namespace, "--context", _context(), **lost).ok()
    assert visitor.draw(canary.url, 80) == {"blue": 80}
    run(canary, "--acknowledge").ok()
    canary.preview("--expect-no-changes").ok()
    assert configured(canary, "canaryWeight") == "0"


@pytest.mark.long
def test_a_color_that_can_not_get_ready_or_is_another_by_now_gets_no_traffic_and_nothing_is_held(
    switched: Project, cluster: Cluster
) -> None:
    container = {"name": "backend", "readinessProbe": {"httpGet": {"path": "/no", "port": "http"}}}
    broken = {"spec": {"template": {"spec": {"containers": [container]}}}}
    patch = json.dumps(broken)
    switched.kubectl("patch", "deployment", "backend-blue", "--patch", patch).ok()
    run(switched, "--wait", "3").failed("traffic stays on green", "backend-blue has 0 of 1")
    assert hold(cluster) is None
    image = "backend=localhost/legal-ai-backend:v1.2.0"
    switched.kubectl("set", "image", "deployment/backend-blue", image).ok()
    run(switched).failed("blue is not proven", "v1.2.0 now", "--force")
    assert hold(cluster) is None
    assert visitor.colors(switched.url) == visitor.everywhere("green")


@pytest.mark.long
@pytest.mark.parametrize("point", [point for point in FAILPOINTS if point != "rollback.stayed"])
def test_killed_anywhere_the_same_command_finishes_it(
    switched: Project, cluster: Cluster, point: str
) -> None:
    assert run(switched, FAILPOINT=point).code == KILLED
    run(switched).ok()
    assert visitor.colors(switched.url) == visitor.everywhere("blue")
    found = hold(cluster)
    assert found
    assert found["color"] == "green"
    if point == ONE:
        run(switched, "--acknowledge").ok()
        switched.preview("--expect-no-changes").ok()


def _context() -> str:
    done = subprocess.run(
        ["kubectl", "config", "current-context"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
