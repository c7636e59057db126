"""What pods that exist don't say: those that can't be made, and a pool that was used up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.cluster import Cluster, LogWish
from ops.color import Color
from ops.diagnosis import missing, pool
from ops.diagnosis.cause import Weight
from tests.unit.scripts_table import FOLDER
from tests.unit.stranger import STACK, Machine

GREEN = {"app": "backend", "color": "green"}
QUOTA = (
    'pods "backend-green-5d-x" is forbidden: exceeded quota: quota, used: pods=8, limited: pods=8'
)
USED_UP = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 10 overflow 20 reached"


def deployment(replicas: int, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "backend-green", "labels": GREEN},
        "spec": {"replicas": replicas, "selector": {"matchLabels": GREEN}},
        "status": status,
    }


def pod(name: str = "backend-green-5d-a", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": GREEN},
        "spec": {"containers": [{"name": "backend"}]},
        "status": status,
    }


def warning(kind: str, name: str, told: str) -> dict[str, Any]:
    about = {"kind": kind, "name": name}
    return {
        "metadata": {},
        "involvedObject": about,
        "type": "Warning",
        "reason": "FailedCreate",
        "message": told,
    }


class Fake(Cluster):
    """Objects by kind; every container printed the same in the last hour."""

    def __init__(self, *printed: str, **objects: list[dict[str, Any]]) -> None:
        self.namespace = "legal-ai"
        self.objects, self.printed = objects, printed
        self.wishes: list[LogWish] = []

    def list(self, kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            each
            for each in self.objects.get(kind, [])
            if labels.items() <= (each["metadata"].get("labels") or {}).items()
        ]

    def log_lines(self, pod: str, container: str, wish: LogWish) -> Iterator[str]:
        self.wishes.append(wish)
        yield from self.printed


def test_pods_that_a_quota_refuses_are_bad_though_there_is_no_pod_to_look_at() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    fake = Fake(
        Deployment=[deployment(2, conditions=[failure | {"message": QUOTA}])],
        Event=[
            warning("ReplicaSet", "backend-green-5d", "admission webhook denied the request"),
            warning("ReplicaSet", "backend-green-2-5d", "of another Deployment"),
            warning("Pod", "backend-green-5d", "of a pod"),
        ],
    )
    (cause,) = missing.look(fake, [Color.GREEN])
    assert cause.weight is Weight.BAD
    assert "backend-green asks for 2 pods, and 0 are there" in cause.found
    assert cause.evidence == (
        f"FailedCreate: {QUOTA}",
        "FailedCreate: admission webhook denied the request",
    )
    assert "green.replicas" in cause.mend


def test_pods_that_ended_or_leave_are_not_there() -> None:
    leaving = pod("c")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    fake = Fake(Deployment=[deployment(2)], Pod=[pod("a"), pod("b", phase="Failed"), leaving])
    (cause,) = missing.look(fake, [Color.GREEN])
    assert "asks for 2 pods, and 1 are there" in cause.found


def test_a_deployment_with_all_its_pods_and_one_that_asks_for_none_are_no_cause() -> None:
    assert list(missing.look(Fake(Deployment=[deployment(1)], Pod=[pod()]), [Color.GREEN])) == []
    assert list(missing.look(Fake(Deployment=[deployment(0)]), [Color.GREEN])) == []


def test_a_pool_that_was_used_up_is_told_of_its_service_with_the_lines_that_say_so() -> None:
    fake = Fake("INFO connection pool: size 10", USED_UP, Pod=[pod()])
    (cause,) = pool.look(fake, [Color.BLUE, Color.GREEN])
    assert (cause.area, cause.weight) == ("slowness", Weight.BAD)
    assert cause.evidence == (f"backend-green-5d-a: {USED_UP}",)
    assert "services.backend.env.SQLALCHEMY_POOL_SIZE" in cause.mend
    assert "scripts/logs.py green --since 1h" in cause.mend
    assert fake.wishes == [LogWish(since_seconds=3600)]


def test_a_log_that_only_speaks_of_pools_is_no_cause() -> None:
    quiet = Fake("WARNING urllib3: Connection pool is full, discarding", Pod=[pod()])
    assert list(pool.look(quiet, [Color.GREEN])) == []


def test_a_color_that_is_not_deployed_is_not_one_with_nothing_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = Machine(tmp_path, monkeypatch).run(
        FOLDER / "diagnose.py", ["--color", "green", "--stack", STACK], capsys
    )
    assert (ended.code, ended.out) == (2, "")
    assert "--color green: it is not deployed; blue is" in ended.last
