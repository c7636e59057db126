"""The public route patched past Pulumi and the gate: a switch's floor, and a test's outsider."""

from ops import routing, routing_moves
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut


def give_all(cluster: Cluster, color: str) -> None:
    """Give `color` everything, in every rule, in one write and with no check at all."""
    route = cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
    if route is None:
        raise CouldNotFindOut("the stack has no public route; run `make up`")
    rules = routing_moves.give_all(route["spec"]["rules"], Color(color))
    cluster.patch("HTTPRoute", routing.PUBLIC_ROUTE, {"spec": {"rules": rules}})
