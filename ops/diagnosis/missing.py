"""Issue 1 of the runbook: pods that are not even there, though a Deployment asks for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ops.diagnosis.cause import Cause, Weight
from ops.diagnosis.events import warnings

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.color import Color

AREA: Final = "pods"
ENDED: Final = frozenset({"Succeeded", "Failed"})


def look(cluster: Cluster, colors: Iterable[Color]) -> Iterator[Cause]:
    """A cause for each Deployment of a color with fewer pods than it asks for.

    Raises CouldNotFindOut.
    """
    for color in colors:
        for deployment in cluster.list("Deployment", {"color": str(color)}):
            wanted = int(deployment["spec"].get("replicas", 1))
            there = _pods(cluster, deployment["spec"]["selector"]["matchLabels"])
            if there >= wanted:
                continue
            name = str(deployment["metadata"]["name"])
            yield Cause(
                AREA,
                Weight.BAD,
                f"{name} asks for {wanted} pods, and {there} are there: the others can't be made",
                "what refuses them says why below: a quota, or a policy of the cluster. Have it "
                f"changed, or ask for less: `pulumi config set --path {color}.replicas NUMBER && "
                "pulumi up`. If nothing is below, it was asked for just now, or nobody makes pods: "
                "see whether the cluster's controllers run",
                tuple(_told(cluster, deployment)),
            )


def _pods(cluster: Cluster, labels: Mapping[str, str]) -> int:
    return sum(
        not pod["metadata"].get("deletionTimestamp")
        and pod.get("status", {}).get("phase") not in ENDED
        for pod in cluster.list("Pod", labels)
    )


def _told(cluster: Cluster, deployment: Mapping[str, Any]) -> list[str]:
    """Its condition ReplicaFailure, and the warnings about its ReplicaSets, each once."""
    conditions = deployment.get("status", {}).get("conditions") or []
    said = [
        f"{each.get('reason', each['type'])}: {each.get('message', '')}"
        for each in conditions
        if each["type"] == "ReplicaFailure" and each["status"] == "True"
    ]
    sets = re.compile(re.escape(str(deployment["metadata"]["name"])) + r"-[a-z0-9]+")
    return list(dict.fromkeys([*said, *warnings(cluster, "ReplicaSet", sets)]))
