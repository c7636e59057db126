"""Pods that don't start: from what Kubernetes says to the runbook's cause, and what mends it."""

from __future__ import annotations

from typing import Any

import pytest

from ops.cluster import Cluster
from ops.color import Color
from ops.diagnosis import pods
from ops.diagnosis.cause import Weight, looked
from ops.errors import CouldNotFindOut


class Fake(Cluster):
    """A namespace with one pod, its events and its log."""

    def __init__(self, pod: dict[str, Any], events: list[dict[str, Any]], log: str) -> None:
        self.objects = {"Pod": [pod], "Event": events}
        self.printed = log

    def list(self, kind: str, labels: Any) -> list[dict[str, Any]]:
        wanted = dict(labels)
        return [
            each
            for each in self.objects[kind]
            if wanted.items() <= (each["metadata"].get("labels") or {}).items()
        ]

    def log(self, pod: str, container: str) -> str:
        return self.printed


def pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "backend-green-x", "labels": {"app": "backend", "color": "green"}},
        "spec": {"containers": [{"name": "backend"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False"}], **status},
    }


def waiting(why: str, told: str = "", **last: Any) -> dict[str, Any]:
    state = {"name": "backend", "state": {"waiting": {"reason": why, "message": told}}}
    return {"containerStatuses": [{**state, "lastState": {"terminated": last} if last else {}}]}


def warning(message: str, about: str = "backend-green-x") -> dict[str, Any]:
    return {
        "metadata": {},
        "involvedObject": {"kind": "Pod", "name": about},
        "type": "Warning",
        "reason": "FailedScheduling",
        "message": message,
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


CRASHED: dict[str, Any] = {"reason": "Error", "exitCode": 2}


@pytest.mark.parametrize(
    ("status", "events", "log", "found", "mend"),
    [
        (waiting("CrashLoopBackOff", **CRASHED, message="JWT_SECRET is not set"), [], "",
         "an environment variable is missing", "services.backend.env"),
        (waiting("CreateContainerConfigError", "couldn't find key A in ConfigMap b"), [], "",
         "an environment variable is missing", "services.backend.env"),
        (waiting("CrashLoopBackOff", reason="OOMKilled", exitCode=137), [], "",
         "more memory than its limit", "services.backend.resources.limits.memory"),
        ({}, [warning("0/1 nodes are available: 1 Insufficient cpu")], "",
         "no node has room", "services.backend.resources.requests.cpu"),
        (waiting("ImagePullBackOff", 'pulling "registry/backend:v9"'), [], "",
         "its image can't be had", "green.version"),
        (waiting("CrashLoopBackOff", **CRASHED), [], "psycopg.OperationalError: no route to host",
         "the database does not answer", "database.url"),
        (waiting("CrashLoopBackOff", **CRASHED), [], "redis.exceptions.ConnectionError",
         "Redis does not answer", "redis.url"),
        ({}, [warning("database: v1.2.0 needs schema level 3, the database is at 2")], "",
         "schema does not fit", "migrate.py plan --color green"),
        (waiting("CrashLoopBackOff", **CRASHED), [], "Segmentation fault",
         "it does not get ready", "green.version"),
    ],
)  # fmt: skip
def test_each_cause_of_the_runbook_is_told_apart_with_what_mends_it(
    status: dict[str, Any], events: list[dict[str, Any]], log: str, found: str, mend: str
) -> None:
    (cause,) = pods.look(Fake(pod(**status), events, log), [Color.GREEN])
    assert cause.weight is Weight.BAD
    assert found in cause.found
    assert mend in cause.mend


def test_what_says_so_is_shown_status_events_and_the_last_lines_of_the_log() -> None:
    fake = Fake(
        pod(**waiting("CrashLoopBackOff", reason="Error", exitCode=1)),
        [warning("Back-off restarting"), warning("Back-off restarting"), warning("no", "other")],
        "\n".join(f"line {number}" for number in range(20)),
    )
    (cause,) = pods.look(fake, [Color.GREEN])
    assert cause.evidence == (
        "CrashLoopBackOff",
        "Error (exit code 1)",
        "FailedScheduling: Back-off restarting",
        *(f"line {number}" for number in range(15, 20)),
    )


@pytest.mark.parametrize(
    "well",
    [
        {"conditions": [{"type": "Ready", "status": "True"}]},
        {"phase": "Succeeded"},
    ],
)
def test_a_pod_that_is_ready_or_has_done_its_work_is_no_cause(well: dict[str, Any]) -> None:
    assert list(pods.look(Fake(pod(**well), [], ""), [Color.GREEN])) == []


def test_pods_of_another_color_are_not_looked_at() -> None:
    fake = Fake(pod(**waiting("ImagePullBackOff")), [], "")
    assert list(pods.look(fake, [Color.BLUE])) == []


def test_a_pod_that_is_leaving_is_no_cause() -> None:
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert list(pods.look(Fake(leaving, [], ""), [Color.GREEN])) == []


def test_a_look_that_gets_no_answer_is_said_and_is_not_no_cause() -> None:
    def fails() -> list[Any]:
        raise CouldNotFindOut("the API server is away")

    (cause,) = looked("pods", "look at the cluster", fails)
    assert cause.weight is Weight.UNKNOWN
    assert "the API server is away" in cause.found
