"""The public route as it lives in the cluster: an HTTPRoute, or a main Ingress with its canary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import routing
from ops.errors import CouldNotFindOut
from ops.state import LiveTraffic, live_traffic

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

GATEWAY_API: Final = "gateway-api"
NGINX: Final = "ingress-nginx"


@dataclass(frozen=True)
class LiveRoute:
    """The objects' bodies with their versions; `canary` is ingress-nginx's alone."""

    main: Body
    canary: Body | None = None

    @property
    def traffic(self) -> LiveTraffic:
        """Who gets how much, and what the route says of itself."""
        return live_traffic(self.main, self.canary)


def router_of(cluster: Cluster) -> str:
    """Which kind of route the public comes by, where nobody says so. Raises CouldNotFindOut."""
    for router in (GATEWAY_API, NGINX):
        if route(cluster, router) is not None:
            return router
    raise CouldNotFindOut(
        f"there is no public route in namespace {cluster.namespace}: neither HTTPRoute "
        f"{routing.PUBLIC_ROUTE} nor Ingress {routing.MAIN_INGRESS}. Is it the right namespace?"
    )


def whichever(cluster: Cluster) -> LiveRoute | None:
    """The route of whichever kind, None before the first deployment. Raises CouldNotFindOut."""
    return route(cluster, GATEWAY_API) or route(cluster, NGINX)


def route(cluster: Cluster, router: str) -> LiveRoute | None:
    """The route, None before the first deployment. Raises CouldNotFindOut."""
    if router != NGINX:
        found = cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
        return None if found is None else LiveRoute(found)
    main = cluster.get("Ingress", routing.MAIN_INGRESS)
    if main is None:
        return None
    return LiveRoute(main, cluster.get("Ingress", routing.CANARY_INGRESS))


def require(cluster: Cluster, router: str) -> LiveRoute:
    """The route, after it was seen. Raises CouldNotFindOut, also where it is not there any more."""
    found = route(cluster, router)
    if found is None:
        raise gone()
    return found


def gone() -> CouldNotFindOut:
    """The error of who saw the route, and does not find it any more."""
    return CouldNotFindOut("the public route was there a moment ago and is gone now")


def no_active(so: str = "") -> CouldNotFindOut:
    """The error where no route says which color is the active one; `so`: what follows from it."""
    return CouldNotFindOut(
        f"no public route says which color serves{so}: deploy with `pulumi up`, or `pulumi up "
        "--refresh` where there is a route"
    )
