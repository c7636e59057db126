"""Why pods are not ready, told from their status and events; the API server is a stub."""

from typing import Any, cast

from local.plugins.kubernetes.client import Client
from local.plugins.kubernetes.objects import KubeObject
from local.plugins.kubernetes.pods import problems, reasons


class Cluster:
    """Answers searches from a table of kinds, and log requests with one text."""

    def __init__(self, log: str = "", **objects: list[KubeObject]) -> None:
        self.log, self.objects = log, objects

    def search(self, kind: Any, namespace: str, **query: str) -> list[KubeObject]:
        return self.objects.get(kind.kind, [])

    def log_tail(self, *args: Any, previous: bool, lines: int) -> str:
        return f"previous={previous}\n{self.log}"


def told(pod: KubeObject, cluster: Cluster | None = None) -> str:
    client = cast("Client", cluster or Cluster())
    return "\n".join(problems(client, pod, evidence=True))


def pod(status: dict[str, Any] | None = None, name: str = "web-1", **fields: Any) -> KubeObject:
    containers = [{"name": "app", "image": "web:9", **status}] if status else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "status": {"containerStatuses": containers, **fields},
    }


def test_an_image_that_can_not_be_pulled_is_named() -> None:
    waiting = {"reason": "ErrImagePull", "message": "rpc error: code = Unknown desc = not found"}
    text = told(pod({"state": {"waiting": waiting}}))
    assert text == "[Pod shop/web-1]: container 'app' (image 'web:9'): [ErrImagePull] not found"


def test_a_crash_loop_has_its_exit_code_and_last_lines() -> None:
    status = {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
        "restartCount": 2,
    }
    text = told(pod(status), Cluster(log="KeyError: DATABASE_URL"))
    assert "[CrashLoopBackOff] back-off 10s" in text
    assert "exit code 3; restarted 2 times" in text
    assert "previous=True\n    KeyError: DATABASE_URL" in text


def test_a_container_that_just_ended_is_asked_for_its_own_log() -> None:
    status = {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
    text = told(pod(status), Cluster(log="…"))
    assert "exit code 137 (OOMKilled)" in text
    assert "previous=False" in text


def test_a_failing_probe_is_told_with_its_newest_message() -> None:
    events = [
        {"reason": "Unhealthy", "message": "status 500", "lastTimestamp": "2026-01-01T00:00:01Z"},
        {"reason": "Unhealthy", "message": "status 503", "lastTimestamp": "2026-01-01T00:00:02Z"},
        {"reason": "Pulling", "message": "not telling", "lastTimestamp": "2026-01-01T00:00:03Z"},
    ]
    text = told(pod({"state": {"running": {}}}), Cluster(Event=events))
    assert text == "[Pod shop/web-1]: [Unhealthy] status 503"


def test_a_pod_without_a_node_has_the_schedulers_message() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
    assert "can't be scheduled: 0/1 nodes are available" in told(pod(conditions=[condition]))


def test_only_pods_of_the_newest_replica_set_are_told_of() -> None:
    def owned(by: str) -> dict[str, Any]:
        return {"ownerReferences": [{"uid": by}]}

    def replica_set(uid: str, revision: str) -> KubeObject:
        annotations = {"deployment.kubernetes.io/revision": revision}
        return {"metadata": {"uid": uid, "annotations": annotations, **owned("dep")}}

    old, new = pod(name="old"), pod(name="new")
    old["metadata"] |= owned("rs-9")
    new["metadata"] |= owned("rs-10")
    cluster = Cluster(
        Pod=[old, new], ReplicaSet=[replica_set("rs-9", "9"), replica_set("rs-10", "10")]
    )
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "dep"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    (only,) = reasons(cast("Client", cluster), deployment, evidence=False)
    assert "shop/new" in only
