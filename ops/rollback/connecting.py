"""The rollback of a cluster as it is, by this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ops import live, routing_moves
from ops.rollback.run import Rollback
from ops.who import RUN

if TYPE_CHECKING:
    from ops.cluster import Cluster

READY_SECONDS: Final = 300.0
"""How long the color that traffic goes back to may take to become ready."""


def connect(
    cluster: Cluster,
    router: str,
    say: Callable[[str], None],
    public_url: Callable[[], str] = lambda: "",
    ready_seconds: float = READY_SECONDS,
) -> Rollback:
    """One of the web services that the public route leads to. Raises CouldNotFindOut.

    Where there is no route it can tell what is open and done, and nothing more.
    """
    route = live.route(cluster, router)
    return Rollback(
        cluster=cluster,
        router=router,
        services=routing_moves.services(route) if route else (),
        say=say,
        deadline_seconds=ready_seconds,
        runner=RUN,
        public_url=public_url,
    )
