"""Somebody who is not Pulumi: writes a hold and moves the route, as the agent will."""

from typing import Final

from bench.route import give_all
from ops.cluster import Cluster

HOLD: Final = {
    "color": "green",
    "target": "blue",
    "reason": "error rate 5 %",
    "at": "2026-01-01T00:00:00+00:00",
    "by": "agent",
    "alert": "DeploymentFailure",
}


def roll_back(cluster: Cluster) -> None:
    """Hold green first, then give everything to blue."""
    cluster.put_config_map("traffic-hold", HOLD)
    give_all(cluster, "blue")
