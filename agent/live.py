"""The few live facts that are asked for all the time: the route, the hold, the last backups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ops import live, names
from ops.backups import record
from ops.errors import CouldNotFindOut
from ops.hold import Hold
from ops.state import LiveTraffic

if TYPE_CHECKING:
    from ops.cluster import Cluster

BACKUP_KINDS: Final = ("taken", "verified")


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

    def backups(self) -> dict[str, datetime]:
        """When the newest backup was taken, and when one was last verified, as far as noted."""
        found = self._cluster.get("ConfigMap", record.NAME) or {}
        data: Mapping[str, str] = found.get("data") or {}
        try:
            return {
                kind: datetime.fromisoformat(data[kind]) for kind in BACKUP_KINDS if data.get(kind)
            }
        except ValueError as error:
            raise CouldNotFindOut(
                f"the ConfigMap {record.NAME} can't be understood: {error}. See "
                f"`kubectl get configmap {record.NAME} -o yaml`; the next backup writes it anew"
            ) from error
