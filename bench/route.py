"""The public route patched past Pulumi and the gate: a switch's floor, and a test's outsider."""

from ops import routing
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut


def give_all(cluster: Cluster, color: str) -> None:
    """Give `color` everything, in every rule, in one write and with no check at all."""
    route = cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
    if route is None:
        raise CouldNotFindOut("the stack has no public route; run `make up`")
    rules = route["spec"]["rules"]
    for rule in rules:
        for ref in rule["backendRefs"]:
            ref["weight"] = 100 if ref["name"].endswith(color) else 0
    cluster.patch("HTTPRoute", routing.PUBLIC_ROUTE, {"spec": {"rules": rules}})
