"""The few live facts that are asked for all the time: the route, the hold, the last backups."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ops import live, names
from ops.backups import record
from ops.hold import Hold
from ops.state import LiveTraffic

if TYPE_CHECKING:
    from ops.backups.record import Event
    from ops.cluster import Cluster


class Live:
    """Reads from one namespace, each time anew. All of it raises CouldNotFindOut."""

    def __init__(self, cluster: Cluster, router: str) -> None:
        self._cluster, self._router = cluster, router

    def traffic(self) -> LiveTraffic | None:
        """The public route as it stands, None where there is none yet."""
        found = live.route(self._cluster, self._router)
        return None if found is None else found.traffic

    def hold(self) -> Hold | None:
        """The hold that stands, if one does."""
        return Hold.read(self._cluster)

    def version(self) -> tuple[str, ...]:
        """Changes whenever somebody writes the route or the hold; empty without a route."""
        found = live.route(self._cluster, self._router)
        if found is None:
            return ()
        hold = self._cluster.get("ConfigMap", names.HOLD)
        return tuple(
            str(body["metadata"]["resourceVersion"]) if body else ""
            for body in (found.main, found.canary, hold)
        )

    def backups(self) -> dict[Event, datetime]:
        """When the newest backup was taken, and when one was last verified, as far as noted."""
        return {event: noted.at for event, noted in record.read(self._cluster).items()}
