"""What is live, as plain facts read from Kubernetes objects; no connection, no judgement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops import names, routing
from ops.color import Color
from ops.weights import receiving, told


@dataclass(frozen=True)
class Replica:
    """One pod that the Service may send requests to: its name, its image, whether it is ready.

    `digest` is what the image turned out to be (the container runtime's imageID), empty until it
    is known.
    """

    name: str
    image: str
    ready: bool
    problem: str = ""
    digest: str = ""


@dataclass(frozen=True)
class WorkloadState:
    """One Deployment with its pods. `desired` is what it asks for, the rest what there is."""

    name: str
    image: str
    desired: int
    updated: int
    available: int
    is_observed: bool
    replicas: tuple[Replica, ...] = ()

    @property
    def ready(self) -> int:
        """How many of its pods are."""
        return sum(replica.ready for replica in self.replicas)

    @property
    def problem(self) -> str:
        """Why the others are not, each reason once; empty where nobody knows."""
        return "; ".join(dict.fromkeys(each.problem for each in self.replicas if each.problem))


@dataclass(frozen=True)
class LiveTraffic:
    """The public route as it stands: percent per color, and what the route says of itself."""

    weights: Mapping[Color, int]
    active: Color | None
    serial: int

    def has_traffic(self, color: Color) -> bool:
        """Whether the public reaches the color at all."""
        return self.weights.get(color, 0) > 0

    @property
    def receiving(self) -> dict[Color, int]:
        """Percent of each color that gets any."""
        return receiving(self.weights)

    @property
    def told(self) -> str:
        """The weights for people."""
        return told(self.weights)


def workload_state(
    deployment: Mapping[str, Any], pods: Iterable[Mapping[str, Any]], container: str
) -> WorkloadState:
    """Facts of a Deployment (its JSON body) and the pods behind its Service.

    Pods that are being deleted are left out: they get no new requests.
    """
    spec, status = deployment["spec"], deployment.get("status", {})
    metadata = deployment["metadata"]
    return WorkloadState(
        name=str(metadata["name"]),
        image=_image(spec["template"]["spec"], container),
        desired=int(spec.get("replicas", 1)),
        updated=int(status.get("updatedReplicas") or 0),
        available=int(status.get("availableReplicas") or 0),
        is_observed=int(status.get("observedGeneration") or 0) >= int(metadata["generation"]),
        replicas=tuple(
            _replica(pod, container) for pod in pods if not pod["metadata"].get("deletionTimestamp")
        ),
    )


def live_traffic(main: Mapping[str, Any], canary: Mapping[str, Any] | None = None) -> LiveTraffic:
    """Facts of the public route: an HTTPRoute, or the main Ingress with its canary."""
    notes = main["metadata"].get("annotations") or {}
    active = notes.get(names.ACTIVE_COLOR, "")
    serial = notes.get(names.SERIAL, "0")
    weights = (
        routing.live_ingress_weights(main, canary)
        if main["kind"] == "Ingress"
        else routing.live_weights(main)
    )
    return LiveTraffic(
        weights=weights,
        active=Color(active) if active in set(Color) else None,
        serial=int(serial) if serial.isdigit() else 0,
    )


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod (its JSON body) says that it may get requests."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _replica(pod: Mapping[str, Any], container: str) -> Replica:
    status = pod.get("status", {})
    ready = is_ready(pod)
    return Replica(
        name=str(pod["metadata"]["name"]),
        image=_image(pod["spec"], container),
        ready=ready,
        problem="" if ready else _problem(status),
        digest=_digest(status, container),
    )


def _problem(status: Mapping[str, Any]) -> str:
    """Why a pod is not ready, in the words of whoever knows best."""
    for container in status.get("containerStatuses") or []:
        state, last = container.get("state", {}), container.get("lastState", {})
        if waiting := state.get("waiting"):
            crashed = last.get("terminated", {})
            code = f", last exit code {crashed['exitCode']}" if "exitCode" in crashed else ""
            told = _last_line(crashed.get("message")) or waiting.get("message") or ""
            return f"{waiting.get('reason', 'waiting')}{code}{': ' + told if told else ''}"
        if ended := state.get("terminated"):
            told = _last_line(ended.get("message"))
            code = f"{ended.get('reason', 'ended')}, exit code {ended.get('exitCode')}"
            return f"{code}: {told}" if told else code
    conditions = {each["type"]: each for each in status.get("conditions") or []}
    for kind in ("PodScheduled", "Ready"):
        condition = conditions.get(kind, {})
        if condition.get("status") != "True" and condition.get("message"):
            return str(condition["message"])
    return f"phase {status.get('phase', 'unknown')}"


def _last_line(message: str | None) -> str:
    """Where a container left no message of its own, its last lines stand for it."""
    return (message or "").strip().rpartition("\n")[2]


def _image(pod_spec: Mapping[str, Any], container: str) -> str:
    for entry in pod_spec.get("containers") or []:
        if entry["name"] == container:
            return str(entry["image"])
    return ""


def _digest(status: Mapping[str, Any], container: str) -> str:
    for entry in status.get("containerStatuses") or []:
        if entry.get("name") == container:
            return str(entry.get("imageID") or "")
    return ""
