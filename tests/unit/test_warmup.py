"""When a color is warm: windows, their 95th percentiles, and pods; no request is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.warmup import Rules, pods
from ops.warmup.pace import Shot
from ops.warmup.pods import Pods
from ops.warmup.windows import Window, Windows, judge

RULES = Rules(windows=3, requests=20, rate=20.0, most_seconds=1.0)


def shot(number: int, latency: float = 0.1, status: int = 200, pod: str = "") -> Shot:
    return Shot(number, "/", latency, status, {"X-App-Pod": pod} if pod else {})


def windows(*p95: float) -> list[Window]:
    return [Window(latencies=[each] * 20) for each in p95]


@pytest.mark.parametrize(
    ("p95", "told"),
    [
        ((0.1, 0.1), "2 of 3 windows"),
        ((0.1, 0.1, 0.1), ""),
        ((0.8, 0.65, 0.7), ""),
        ((0.8, 0.63, 0.7), "not steady"),
        ((0.020, 0.044, 0.030), ""),
        ((0.020, 0.046, 0.030), "not steady"),
        ((1.1, 1.1, 1.1), "at most 1000 ms"),
    ],
)
def test_the_last_windows_have_to_be_alike_and_quick_enough(
    p95: tuple[float, ...], told: str
) -> None:
    reason = judge(windows(*p95), RULES)
    assert (told in reason) if told else reason == ""


def test_one_failed_request_makes_its_window_bad() -> None:
    some = windows(0.1, 0.1, 0.1)
    some[1].problems.append("GET / was answered 500")
    assert "answered 500" in judge(some, RULES)


def test_a_cold_start_is_forgotten_once_enough_windows_came_after_it() -> None:
    seen = Windows(RULES)
    reasons = []
    for number in range(100):
        if seen.add(shot(number, latency=0.9 if number < 20 else 0.1), ""):
            reasons.append(judge(seen.last, RULES))
    assert [bool(reason) for reason in reasons] == [True, True, True, False, False]
    assert "not steady" in reasons[2]


def test_a_late_answer_counts_in_the_window_its_request_belongs_to() -> None:
    seen = Windows(RULES)
    early = [seen.add(shot(number), "") for number in range(1, 40)]
    assert not any(early)
    assert seen.full == []
    assert seen.add(shot(0, latency=9.0), "")
    assert [max(window.latencies) for window in seen.full] == [9.0, 0.1]


def test_p95_is_what_19_of_20_requests_stay_within() -> None:
    assert Window(latencies=[n / 100 for n in range(1, 21)]).p95 == 0.19
    assert Window(latencies=[n / 100 for n in range(1, 101)]).p95 == 0.95


def test_only_pods_of_the_windows_that_are_judged_count_as_reached() -> None:
    seen = Windows(RULES)
    for number in range(80):
        seen.add(shot(number, pod="gone" if number < 20 else f"pod-{number % 2}"), "")
    assert seen.pods == {"pod-0", "pod-1"}


def test_every_pod_has_to_be_reached_and_an_only_pod_needs_no_name() -> None:
    found = Pods({"backend": ["a", "b", "c"], "frontend": ["f"]})
    assert found.unreached({"a", "b"}) == ["c"]
    assert found.unreached({"a", "b", "c"}) == []
    assert found.several == ["backend"]


def deployment(service: str, replicas: int, **labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"{service}-green",
            "generation": 1,
            "labels": {"app": service, **labels},
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": []}}},
    }


def pod(name: str, *, ready: bool = True, leaving: bool = False) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready), "message": "probe failed"}]
    metadata = {"name": name, **({"deletionTimestamp": "now"} if leaving else {})}
    return {"metadata": metadata, "spec": {}, "status": {"conditions": conditions}}


class PodsCluster(Cluster):
    """Deployments, and pods by service."""

    def __init__(
        self, deployments: Sequence[dict[str, Any]], pods: dict[str, list[dict[str, Any]]]
    ) -> None:
        self.namespace = "legal-ai"
        self.deployments, self.pods = deployments, pods

    def list(self, kind: str, labels: Any) -> list[dict[str, Any]]:
        assert labels["color"] == "green"
        return [*self.deployments] if kind == "Deployment" else self.pods[labels["app"]]


def test_the_pods_are_those_of_the_web_services_that_stay() -> None:
    worker = deployment("mailer", 1, **{"legal-ai-system.com/kind": "worker"})
    cluster = PodsCluster(
        [deployment("backend", 2), deployment("frontend", 1), worker],
        {"backend": [pod("b2"), pod("b1"), pod("b0", leaving=True)], "frontend": [pod("f1")]},
    )
    found = pods.ready(cluster, Color.GREEN)
    assert found.by_service == {"backend": ["b1", "b2"], "frontend": ["f1"]}


@pytest.mark.parametrize(
    ("replicas", "there", "told"),
    [
        (0, [], "scaled to zero"),
        (2, [pod("b1")], "has 1 of 2 pods"),
        (2, [pod("b1"), pod("b2", ready=False)], "pod b2: probe failed"),
    ],
)
def test_a_color_that_is_not_ready_is_not_warmed_up(
    replicas: int, there: list[dict[str, Any]], told: str
) -> None:
    cluster = PodsCluster([deployment("backend", replicas)], {"backend": there})
    with pytest.raises(Refused, match=told):
        pods.ready(cluster, Color.GREEN)


def test_a_color_without_deployments_is_not_taken_for_a_warm_one() -> None:
    with pytest.raises(CouldNotFindOut, match="no Deployment of green"):
        pods.ready(PodsCluster([], {}), Color.GREEN)
