"""What may be restarted, and how a restart ends; tests/integration has it with real pods."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ops import restart
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import Refused, UsageError
from ops.restart import Restart, Target

Body = dict[str, Any]
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "50%"}}
TARGET = Target("backend-blue", "backend", 2, 0)


class Deployments(Cluster):
    """Deployments by name; `steps` are what the cluster does while somebody waits."""

    def __init__(self, **deployments: Body) -> None:
        self.namespace = "legal-ai"
        self.found = {name.replace("_", "-"): body for name, body in deployments.items()}
        self.patches: list[str] = []
        self.steps: list[Callable[[], None]] = []
        self.now = 0.0

    def get(self, kind: str, name: str) -> Body | None:
        return copy.deepcopy(self.found.get(name))

    def list(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        return list(self.found.values()) if kind == "Deployment" else []

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        self.patches.append(name)
        found = self.found[name]
        found["spec"]["template"] |= patch["spec"]["template"]
        found["metadata"]["generation"] += 1
        return found

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.steps:
            self.steps.pop(0)()

    def settle(self, **status: Any) -> None:
        found = self.found["backend-blue"]
        found["status"] |= {"observedGeneration": found["metadata"]["generation"], **status}


def deployment(service: str = "backend", replicas: int = 2, strategy: Any = None) -> Body:
    all_of_them = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas)
    return {
        "metadata": {"name": f"{service}-blue", "labels": {"app": service}, "generation": 1},
        "spec": {
            "replicas": replicas,
            "strategy": strategy or ROLLING,
            "selector": {"matchLabels": {}},
            "template": {"metadata": {}, "spec": {"containers": []}},
        },
        "status": {"observedGeneration": 1, **all_of_them},
    }


def runner(cluster: Deployments, said: list[str] | None = None) -> Restart:
    say = (said if said is not None else []).append
    return Restart(cluster, say, 30, lambda: cluster.now, cluster.sleep)


@pytest.mark.parametrize(
    ("strategy", "replicas", "may_miss"),
    [
        (ROLLING, 1, 0),
        ({}, 1, 0),
        ({}, 4, 1),
        ({"rollingUpdate": {"maxUnavailable": "50%", "maxSurge": 0}}, 4, 2),
        # Both rounded to nothing would be no restart at all, so one may be missing.
        ({"rollingUpdate": {"maxUnavailable": "10%", "maxSurge": 0}}, 2, 1),
        ({"type": "Recreate"}, 3, 3),
    ],
)
def test_so_many_pods_may_be_missing_meanwhile(strategy: Any, replicas: int, may_miss: int) -> None:
    cluster = Deployments(backend_blue=deployment(replicas=replicas, strategy=strategy or {"a": 1}))
    if may_miss < replicas:
        assert restart.targets(cluster, Color.BLUE, ())[0].may_miss == may_miss
    else:
        with pytest.raises(Refused, match="without a pod"):
            restart.targets(cluster, Color.BLUE, ())


@pytest.mark.parametrize(
    "strategy", [{"type": "Recreate"}, {"rollingUpdate": {"maxUnavailable": 1}}]
)
def test_the_only_pod_is_never_ended_before_there_is_another(strategy: Any) -> None:
    cluster = Deployments(
        frontend_blue=deployment("frontend"), backend_blue=deployment(replicas=1, strategy=strategy)
    )
    with pytest.raises(Refused, match="restarting backend-blue would leave it without a pod"):
        restart.targets(cluster, Color.BLUE, ())
    assert [t.name for t in restart.targets(cluster, Color.BLUE, ("frontend",))] == [
        "frontend-blue"
    ]


def test_a_service_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="no Deployment of db; it has backend"):
        restart.targets(Deployments(backend_blue=deployment()), Color.BLUE, ("db",))


def test_what_has_no_pods_is_left_out_and_nothing_at_all_is_refused() -> None:
    idle = deployment("worker", replicas=0)
    both = Deployments(backend_blue=deployment(), worker_blue=idle)
    assert [each.service for each in restart.targets(both, Color.BLUE, ())] == ["backend"]
    with pytest.raises(Refused, match="nothing to restart"):
        restart.targets(Deployments(worker_blue=idle), Color.BLUE, ())


def test_it_is_over_once_every_pod_is_new_and_no_old_one_is_left() -> None:
    cluster, said = Deployments(backend_blue=deployment()), list[str]()
    cluster.steps = [
        lambda: cluster.settle(replicas=3, updatedReplicas=1),
        lambda: cluster.settle(replicas=3, updatedReplicas=2),
        lambda: cluster.settle(replicas=2),
    ]
    runner(cluster, said).run(TARGET)
    assert cluster.steps == []
    assert cluster.patches == ["backend-blue"]
    assert said[-1] == "backend-blue: all 2 pods are new and ready"


def test_run_again_while_it_is_under_way_it_waits_and_begins_no_second_one() -> None:
    cluster = Deployments(backend_blue=deployment())
    with pytest.raises(Refused, match="Run this again to go on"):
        runner(cluster).run(TARGET)
    cluster.steps = [cluster.settle]
    runner(cluster).run(TARGET)
    assert cluster.patches == ["backend-blue"]


def test_a_color_that_became_sick_after_a_restart_can_be_restarted_again() -> None:
    sick = deployment()
    sick["spec"]["template"]["metadata"] = {"annotations": {restart.RESTARTED: "long ago"}}
    over = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    sick["status"] |= {"availableReplicas": 1, "conditions": [over]}
    cluster = Deployments(backend_blue=sick)
    cluster.steps = [lambda: cluster.settle(availableReplicas=2)]
    runner(cluster).run(TARGET)
    assert cluster.patches == ["backend-blue"]


def test_what_the_controller_has_not_seen_yet_is_under_way_whatever_it_says_of_the_one_before() -> (
    None
):
    begun = deployment()
    begun["spec"]["template"]["metadata"] = {"annotations": {restart.RESTARTED: "just now"}}
    begun["metadata"]["generation"] = 2
    over = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    begun["status"] |= {"conditions": [over]}
    cluster = Deployments(backend_blue=begun)
    cluster.steps = [cluster.settle]
    runner(cluster).run(TARGET)
    assert cluster.patches == []


def test_one_that_is_stuck_ends_at_once_with_the_reason_and_is_begun_anew_the_next_time() -> None:
    cluster = Deployments(backend_blue=deployment())
    given_up = {"type": "Progressing", "status": "False"}
    quota = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods=4"}
    stuck = {"conditions": [given_up, quota], "updatedReplicas": 0}
    cluster.steps = [lambda: cluster.settle(**stuck)]
    with pytest.raises(Refused, match="exceeded quota: pods=4"):
        runner(cluster).run(TARGET)
    assert cluster.now < 30
    cluster.steps = [lambda: cluster.settle(updatedReplicas=2, conditions=[])]
    runner(cluster).run(TARGET)
    assert cluster.patches == ["backend-blue"] * 2
