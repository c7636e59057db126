"""What must not happen: each refused with its reason, on the real stack, traffic unmoved."""

import json
from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.e2e import visitor
from tests.e2e.outsider import roll_back
from tests.e2e.project import Project


@pytest.fixture
def unmoved(settled: Project) -> Iterator[Project]:
    """The project; afterwards blue must still have everything, in the route and in answers."""
    before = settled.get("httproute", "legal-ai")["spec"]
    yield settled
    assert settled.get("httproute", "legal-ai")["spec"] == before
    assert visitor.colors(settled.url) == visitor.everywhere("blue")


def test_a_broken_image_gets_no_traffic_and_says_why(unmoved: Project) -> None:
    unmoved.set("green.version=v9.9.9", "migrations.timeoutSeconds=15", "activeColor=green")
    unmoved.up().failed("localhost/legal-ai-backend:v9.9.9", "green")


@pytest.mark.long
def test_leaving_a_broken_canary_by_the_route_alone_works(unmoved: Project) -> None:
    unmoved.switch("blue", 10).ok()
    unmoved.set("green.version=v9.9.9", "migrations.timeoutSeconds=15", "canaryWeight=0")
    unmoved.kubectl("delete", "deployment", "backend-green").ok()
    unmoved.up("--target", "**HTTPRoute::legal-ai").ok()


@pytest.mark.long
def test_a_color_at_zero_replicas_is_refused_by_configuration(unmoved: Project) -> None:
    unmoved.set("green.replicas=0")
    unmoved.up().ok()
    unmoved.set("activeColor=green")
    unmoved.up().failed("legal-ai:green.replicas")


def test_a_color_that_somebody_scaled_to_zero_is_refused_by_the_gate(unmoved: Project) -> None:
    unmoved.kubectl("scale", "deployment/backend-green", "--replicas=0").ok()
    unmoved.set("activeColor=green")
    unmoved.up().failed("backend-green is scaled to zero")
    unmoved.kubectl("scale", "deployment/backend-green", "--replicas=1").ok()
    unmoved.kubectl("rollout", "status", "deployment/backend-green").ok()


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("canaryWeight=150", ["legal-ai:canaryWeight", "150", "pulumi config set"]),
        ("canaryWieght=10", ["legal-ai:canaryWieght", "legal-ai:canaryWeight"]),
        ("activeColor=red", ["legal-ai:activeColor", "red", "blue"]),
        ("green.versoin=v1", ["versoin", "version"]),
    ],
)
def test_configuration_that_cannot_be_right_is_refused_naming_the_key(
    unmoved: Project, pair: str, words: list[str]
) -> None:
    key = pair.partition("=")[0]
    unmoved.set(pair)
    refused = unmoved.up().failed(*words)
    assert "Traceback" not in refused.text
    if key in ("canaryWieght", "green.versoin"):
        unmoved.remove(key)


@pytest.mark.long
def test_one_pod_of_an_old_version_behind_the_service_is_refused(unmoved: Project) -> None:
    pod = unmoved.get("deployment", "backend-green")["spec"]["template"]
    pod["spec"]["containers"][0]["image"] = "localhost/legal-ai-backend:v1.0.0"
    stray = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stray", "labels": pod["metadata"]["labels"]},
        "spec": pod["spec"],
    }
    unmoved.kubectl("apply", "-f", "-", stdin=json.dumps(stray)).ok()
    unmoved.kubectl("wait", "--for=condition=Ready", "pod/stray", "--timeout=60s").ok()
    unmoved.set("activeColor=green")
    unmoved.up().failed("stray runs localhost/legal-ai-backend:v1.0.0")
    unmoved.kubectl("delete", "pod", "stray", "--wait=true").ok()


def test_a_stale_checkout_is_refused(settled: Project) -> None:
    settled.set("serial=5")
    settled.up().ok()
    settled.set("serial=4", "activeColor=green")
    settled.up().failed("legal-ai:serial is 4, the route has 5")
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    settled.kubectl(
        "annotate", "httproute", "legal-ai", "legal-ai-system.com/serial=0", "--overwrite"
    ).ok()


def test_switching_and_scaling_down_in_one_up_is_refused(unmoved: Project) -> None:
    unmoved.set("activeColor=green", "blue.replicas=0")
    unmoved.up().failed("can't be scaled to zero", "blue has 100 %")


def test_a_new_version_on_the_color_in_traffic_is_refused(unmoved: Project) -> None:
    unmoved.set("blue.version=v1.1.0")
    unmoved.up().failed("can't change its version", "blue has 100 %")


def test_a_color_that_an_agent_moved_traffic_to_is_guarded_whatever_config_says(
    settled: Project, cluster: Cluster
) -> None:
    settled.switch("green").ok()
    roll_back(cluster)
    settled.set("blue.replicas=0")
    settled.up().failed("can't be scaled to zero")
    settled.set("blue.replicas=1")
    settled.remove("blue.version")
    settled.up().failed("green is held")
    assert settled.get("deployment", "backend-blue")["spec"]["replicas"] == 1
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
