"""Somebody who is not Pulumi: writes a hold and moves the route, as the agent will."""

from typing import Final

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
    set_weights(cluster, "blue")


def set_weights(cluster: Cluster, color: str) -> None:
    """Give one color everything, in every rule, past Pulumi."""
    route = cluster.get("HTTPRoute", "legal-ai")
    assert route is not None
    rules = route["spec"]["rules"]
    for rule in rules:
        for ref in rule["backendRefs"]:
            ref["weight"] = 100 if ref["name"].endswith(color) else 0
    cluster.patch("HTTPRoute", "legal-ai", {"spec": {"rules": rules}})
