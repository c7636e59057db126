"""Why pods are not ready, in words: images, crashes with their last lines, probes, scheduling."""

from __future__ import annotations

from typing import Any

from local.plugins.kubernetes.client import ApiError, Client
from local.plugins.kubernetes.objects import (
    Kind,
    KubeObject,
    condition,
    get,
    id_of,
    kind_of,
    name_of,
    namespace_of,
)

POD = Kind("", "v1", "Pod")
EVENT = Kind("", "v1", "Event")
REPLICA_SET = Kind("apps", "v1", "ReplicaSet")
REVISION = "deployment.kubernetes.io/revision"
SHOWN = 5
"""Pods told of in one message; more of them rarely say more."""
LOG_LINES = 5


def reasons(client: Client, owner: KubeObject, *, evidence: bool) -> list[str]:
    """What is wrong with each pod of a workload that is not ready.

    With `evidence` also what costs more requests: the last log lines of what crashed.
    """
    try:
        unready = [pod for pod in pods_of(client, owner) if not _is_ready(pod)]
    except ApiError:
        return []
    told = []
    for pod in unready[:SHOWN]:
        told += problems(client, pod, evidence=evidence)
    if len(unready) > SHOWN:
        told.append(f"and {len(unready) - SHOWN} more pods that are not ready")
    return told


def pods_of(client: Client, owner: KubeObject) -> list[KubeObject]:
    """The pods a workload has now; of a Deployment only those of its newest ReplicaSet."""
    kind = kind_of(owner)
    if kind == POD:
        return [owner]
    labels = get(owner, "spec", "selector", "matchLabels", default={})
    if not labels:
        return []
    namespace = namespace_of(owner)
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    uid = get(owner, "metadata", "uid")
    if kind.kind == "Deployment":
        uid = _newest_replica_set(client, owner, namespace, selector)
    return [
        pod
        for pod in client.search(POD, namespace, labelSelector=selector)
        if uid in {ref.get("uid") for ref in get(pod, "metadata", "ownerReferences", default=[])}
    ]


def _newest_replica_set(
    client: Client, owner: KubeObject, namespace: str, selector: str
) -> str | None:
    uid = get(owner, "metadata", "uid")
    owned = [
        (int(get(rs, "metadata", "annotations", REVISION, default=0)), get(rs, "metadata", "uid"))
        for rs in client.search(REPLICA_SET, namespace, labelSelector=selector)
        if uid in {ref.get("uid") for ref in get(rs, "metadata", "ownerReferences", default=[])}
    ]
    return max(owned)[1] if owned else None


def _is_ready(pod: KubeObject) -> bool:
    ready = condition(pod, "Ready").get("status") == "True"
    return ready or get(pod, "status", "phase") == "Succeeded"


def problems(client: Client, pod: KubeObject, *, evidence: bool) -> list[str]:
    """What keeps one pod from being ready, most telling first."""
    who = f"[Pod {id_of(pod)}]:"
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return [f"{who} can't be scheduled: {scheduled.get('message', 'no reason given')}"]
    told = []
    if get(pod, "status", "phase") == "Failed" and get(pod, "status", "reason"):
        told.append(
            f"{who} [{pod['status']['reason']}] {get(pod, 'status', 'message', default='')}"
        )
    statuses = [
        *get(pod, "status", "initContainerStatuses", default=[]),
        *get(pod, "status", "containerStatuses", default=[]),
    ]
    for status in statuses:
        text = _container_problem(status)
        if text:
            told.append(f"{who} {text}")
        if text and evidence and _has_crashed(status):
            told += _last_words(client, pod, status)
    events = _warnings(client, pod)
    told += [f"{who} {text}" for text in events if not any(text in earlier for earlier in told)]
    if not told:
        ready = condition(pod, "Ready")
        told.append(f"{who} {ready.get('message') or 'not ready yet'}")
    return told


def _container_problem(status: dict[str, Any]) -> str:
    """What is wrong with a container, empty when it runs or is about to."""
    who = f"container {status['name']!r}"
    waiting = get(status, "state", "waiting", default={})
    last = get(status, "lastState", "terminated", default={})
    now = get(status, "state", "terminated", default={})
    if waiting.get("reason") in (None, "ContainerCreating", "PodInitializing"):
        parts = []
    else:
        image = f" (image {status['image']!r})" if status.get("image") else ""
        parts = [f"{who}{image}: [{waiting['reason']}] {_trimmed(waiting.get('message', ''))}"]
    if now and now.get("exitCode"):
        parts.append(f"{who} has ended with {_ending(now)}")
    elif last and not status.get("ready"):
        parts.append(f"{who} ended before with {_ending(last)}")
    if parts and status.get("restartCount"):
        parts.append(f"restarted {status['restartCount']} times")
    return "; ".join(parts)


def _ending(terminated: dict[str, Any]) -> str:
    text = f"exit code {terminated.get('exitCode')}"
    if terminated.get("reason") not in (None, "Error", "Completed"):
        text += f" ({terminated['reason']})"
    if terminated.get("message"):
        text += f": {terminated['message'].strip()}"
    return text


def _trimmed(message: str) -> str:
    """Without the names of the layers a container runtime's message went through."""
    return message.removeprefix("rpc error: code = ").replace("Unknown desc = ", "", 1).strip()


def _has_crashed(status: dict[str, Any]) -> bool:
    return bool(
        get(status, "lastState", "terminated") or get(status, "state", "terminated", "exitCode")
    )


def _last_words(client: Client, pod: KubeObject, status: dict[str, Any]) -> list[str]:
    previous = not get(status, "state", "terminated")
    text = client.log_tail(
        namespace_of(pod), name_of(pod), status["name"], previous=previous, lines=LOG_LINES
    )
    if not text.strip():
        return []
    lines = "\n".join(f"    {line}" for line in text.strip().splitlines()[-LOG_LINES:])
    return [f"[Pod {id_of(pod)}]: the last lines of container {status['name']!r}:\n{lines}"]


_TELLING = {
    "Unhealthy",
    "FailedMount",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "FailedPostStartHook",
    "FailedPreStopHook",
    "InspectFailed",
    "NetworkNotReady",
}


def _warnings(client: Client, pod: KubeObject) -> list[str]:
    """The newest warning of each kind that events have on a pod: probes, mounts, network."""
    uid = get(pod, "metadata", "uid", default="")
    try:
        events = client.search(
            EVENT, namespace_of(pod), fieldSelector=f"involvedObject.uid={uid},type=Warning"
        )
    except ApiError:
        return []
    newest: dict[str, str] = {}
    for event in sorted(events, key=_when):
        if event.get("reason") in _TELLING:
            newest[event["reason"]] = f"[{event['reason']}] {event.get('message', '').strip()}"
    return list(newest.values())


def _when(event: KubeObject) -> str:
    when: str = event.get("lastTimestamp") or event.get("eventTime") or ""
    return when
