"""When an object counts as ready: one truth table a kind."""

from typing import Any

import pytest

from local.plugins.kubernetes.objects import KubeObject
from local.plugins.kubernetes.readiness import Readiness, WaitForError, awaiting


def state(obj: KubeObject, waited: float = 0) -> Readiness:
    found = awaiting(obj)
    assert found is not None
    return found.rule(obj, waited)


def obj(
    api_version: str, kind: str, spec: Any = None, generation: int = 2, **status: Any
) -> KubeObject:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "generation": generation},
        "spec": spec or {},
        "status": status,
    }


def deployment(**status: Any) -> KubeObject:
    full = {
        "observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
    } | status  # fmt: skip
    return obj("apps/v1", "Deployment", {"replicas": 3}, **full)


def test_a_deployment_is_ready_when_all_replicas_are_new_and_available() -> None:
    assert state(deployment()).ready


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"observedGeneration": 1}, "not looked at it"),
        ({"updatedReplicas": 2}, "2 of 3 replicas are of the new version"),
        ({"replicas": 4}, "1 replicas of an old version"),
        ({"availableReplicas": 2}, "2 of 3 replicas are available"),
    ],
)
def test_a_deployment_that_is_not_ready_says_what_lacks(
    status: dict[str, int], reason: str
) -> None:
    found = state(deployment(**status))
    assert not found.ready
    assert not found.failed, "a deadline of its own ends no wait"
    assert reason in found.reasons[0]


def test_a_deployment_at_zero_is_ready() -> None:
    empty = obj("apps/v1", "Deployment", {"replicas": 0}, observedGeneration=2)
    assert state(empty).ready


def test_a_deployment_tells_why_no_pod_is_made() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
               "message": "exceeded quota"}  # fmt: skip
    found = state(deployment(updatedReplicas=0, conditions=[refused]))
    assert "[FailedCreate] exceeded quota" in found.reasons


def test_a_job_is_done_failed_or_under_way() -> None:
    def job(kind: str, status: str) -> Readiness:
        condition = {"type": kind, "status": status, "reason": "BackoffLimitExceeded"}
        return state(obj("batch/v1", "Job", conditions=[condition], failed=1))

    assert job("Complete", "True").ready
    assert job("Failed", "True").failed
    assert job("Complete", "False").reasons == ("0 of 1 pods have succeeded, 1 failed",)


def test_a_pod_that_failed_is_not_waited_for() -> None:
    assert state(obj("v1", "Pod", phase="Failed", reason="Evicted")).failed
    assert state(obj("v1", "Pod", phase="Succeeded")).ready
    assert not state(obj("v1", "Pod", phase="Pending")).ready


def test_a_stateful_set_waits_for_its_current_revision() -> None:
    full = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}
    assert state(obj("apps/v1", "StatefulSet", {"replicas": 2}, **full)).ready
    behind: dict[str, Any] = full | {
        "updatedReplicas": 1,
        "currentRevision": "a",
        "updateRevision": "b",
    }
    assert not state(obj("apps/v1", "StatefulSet", {"replicas": 2}, **behind)).ready


def test_a_daemon_set_waits_for_every_node() -> None:
    full = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2,
            "numberAvailable": 2}  # fmt: skip
    assert state(obj("apps/v1", "DaemonSet", **full)).ready
    assert not state(obj("apps/v1", "DaemonSet", **(full | {"numberAvailable": 1}))).ready


def route(*conditions: dict[str, Any]) -> KubeObject:
    parents = [{"parentRef": {"name": "public"}, "conditions": list(conditions)}]
    return obj("gateway.networking.k8s.io/v1", "HTTPRoute", parents=parents)


def said(kind: str, status: str = "True", generation: int = 2) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": "R",
            "message": "no such service"}  # fmt: skip


def test_a_route_is_ready_when_its_gateway_took_this_generation() -> None:
    assert state(route(said("Accepted"), said("ResolvedRefs"))).ready


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([said("Accepted", generation=1), said("ResolvedRefs")], "its last is 1"),
        ([said("Accepted"), said("ResolvedRefs", "False")], "no such service"),
        ([said("Accepted")], "not said ResolvedRefs"),
    ],
)
def test_a_route_that_its_gateway_did_not_take_is_not_ready(
    conditions: list[dict[str, Any]], reason: str
) -> None:
    found = state(route(*conditions))
    assert not found.ready
    assert reason in found.reasons[0]


def test_a_route_that_nobody_looks_after_is_done_with_a_warning() -> None:
    lonely = obj("gateway.networking.k8s.io/v1", "HTTPRoute")
    assert not state(lonely, waited=1).ready
    found = state(lonely, waited=6)
    assert found.ready
    assert "no gateway controller" in found.warning


@pytest.mark.parametrize(
    "kind",
    [
        ("v1", "ConfigMap"),
        ("networking.k8s.io/v1", "Ingress"),
        ("policy/v1", "PodDisruptionBudget"),
    ],
)
def test_what_has_no_rule_is_not_waited_for(kind: tuple[str, str]) -> None:
    assert awaiting(obj(*kind)) is None


def waiting_for(text: str, **status: Any) -> Readiness:
    found = obj("x.io/v1", "Thing", **status)
    found["metadata"]["annotations"] = {"pulumi.com/waitFor": text}
    return state(found)


def test_the_annotation_asks_for_a_condition_or_a_value() -> None:
    good = {"conditions": [{"type": "Good", "status": "True"}], "phase": "Up", "list": [{"a": 1}]}
    assert waiting_for("condition=Good", **good).ready
    assert not waiting_for("condition=Good=False", **good).ready
    assert waiting_for("jsonpath={.status.phase}=Up", **good).ready
    assert waiting_for("jsonpath={.status.list[0].a}", **good).ready
    assert not waiting_for('["condition=Good", "jsonpath={.status.phase}=Down"]', **good).ready


def test_an_annotation_that_is_not_understood_is_refused() -> None:
    with pytest.raises(WaitForError, match=r"'jsonpath=\{\.\.name\}' is neither"):
        waiting_for("jsonpath={..name}")
