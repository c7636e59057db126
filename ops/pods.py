"""Whether every pod of both colors is ready, and at the version its Deployment asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ops.color import Color
from ops.state import workload_state

if TYPE_CHECKING:
    from ops.cluster import Cluster

OURS: Final = {"app.kubernetes.io/part-of": "legal-ai"}


def unready(cluster: Cluster) -> list[str]:
    """The Deployments that are not all there, as sentences; empty: all are. Raises CouldNotFindOut.

    One that is scaled to nothing has nothing to be ready.
    """
    found: list[str] = []
    for deployment in cluster.list("Deployment", OURS):
        if deployment["metadata"].get("labels", {}).get("color") not in set(Color):
            continue
        state = workload_state(deployment, [], "")
        if not state.is_observed:
            found.append(f"{state.name}: the cluster has not looked at its newest form yet")
        elif not state.desired == state.updated == state.available:
            found.append(
                f"{state.name}: {state.available} of {state.desired} replicas are ready, "
                f"{state.updated} are new"
            )
    return found
