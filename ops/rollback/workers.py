"""Workers and cron jobs of a color that was rolled back move to the other, without Pulumi."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ops import background, names
from ops.background_moves import hand_over
from ops.color import Color

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster


def stop(cluster: Cluster, color: Color) -> None:
    """Tell all of a color to end; `await_stopped` says when they have."""
    for kind, body in _objects(cluster, color):
        if background.runs(body):
            _set(cluster, kind, body, replicas=0)


def start(cluster: Cluster, color: Color) -> None:
    """Start all of a color, as many as the program noted; the other one's have ended."""
    for kind, body in _objects(cluster, color):
        replicas = int((body["metadata"].get("annotations") or {}).get(names.REPLICAS, "1"))
        if kind == "CronJob":
            hand_over(cluster, str(body["metadata"]["labels"]["app"]), color)
        if replicas and not background.runs(body):
            _set(cluster, kind, body, replicas=replicas)


def _objects(cluster: Cluster, color: Color) -> Iterator[tuple[str, Body]]:
    for kind, service_kind in (("Deployment", background.WORKER), ("CronJob", background.CRON)):
        labels = {names.KIND: service_kind, "color": str(color)}
        for body in cluster.list(kind, labels):
            yield kind, body


def _set(cluster: Cluster, kind: str, body: Body, *, replicas: int) -> None:
    name = str(body["metadata"]["name"])
    if kind == "CronJob":
        cluster.patch(kind, name, {"spec": {"suspend": not replicas}})
    else:
        cluster.scale(name, replicas)
