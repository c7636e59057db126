"""The pods of a color that the public would reach, and which of them were reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import names
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.state import WorkloadState, workload_state

if TYPE_CHECKING:
    from ops.cluster import Cluster

POD_HEADER: Final = "X-App-Pod"
"""Set by the application: the name of the pod that answers."""


@dataclass(frozen=True)
class Pods:
    """The pods of each web service of a color, by name."""

    by_service: Mapping[str, Sequence[str]]

    def unreached(self, seen: Collection[str]) -> list[str]:
        """Those of which no answer is known; a service's only pod gave all its answers."""
        return [
            pod
            for pods in self.by_service.values()
            if len(pods) > 1
            for pod in pods
            if pod not in seen
        ]

    @property
    def several(self) -> list[str]:
        """The services that have more than one pod."""
        return [service for service, pods in self.by_service.items() if len(pods) > 1]

    def __str__(self) -> str:
        return ", ".join(f"{service} {len(pods)}" for service, pods in self.by_service.items())


def ready(cluster: Cluster, color: Color) -> Pods:
    """The color's pods, all of them ready.

    Raises Refused where one is not, or there is none; CouldNotFindOut without a cluster.
    """
    wanted = {"color": str(color), "app.kubernetes.io/part-of": "legal-ai"}
    found: dict[str, list[str]] = {}
    problems: list[str] = []
    for body in cluster.list("Deployment", wanted):
        labels = body["metadata"].get("labels") or {}
        if names.KIND in labels:
            continue
        service = str(labels["app"])
        pods = cluster.list("Pod", names.selector(service, color))
        state = workload_state(body, pods, service)
        problems += _problems(state)
        found[service] = sorted(pod.name for pod in state.replicas)
    if not found:
        raise CouldNotFindOut(
            f"{cluster.namespace} has no Deployment of {color}: deploy a version to it first, "
            f"`pulumi config set --path {color}.version VERSION && pulumi up`"
        )
    if problems:
        raise Refused(
            f"{color} can't be warmed up: {'; '.join(problems)}. Let it get ready first "
            f"(`scripts/diagnose.py pods --color {color}`), by `pulumi up`"
        )
    return Pods(found)


def _problems(state: WorkloadState) -> list[str]:
    if state.desired == 0:
        return [f"{state.name} is scaled to zero"]
    if len(state.replicas) < state.desired:
        return [f"{state.name} has {len(state.replicas)} of {state.desired} pods"]
    return [f"pod {pod.name}: {pod.problem}" for pod in state.replicas if not pod.ready]
