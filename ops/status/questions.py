"""The questions of one status: all of them on their way at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ops import background, live, names, routing_moves, schema_record
from ops.backups import record
from ops.errors import CouldNotFindOut, NoAccess, OpsError, UsageError
from ops.isolation import Isolation
from ops.rollback import facts
from ops.status import journals
from ops.status.asked import Asked, Deadline
from ops.vitals import alarms
from ops.watching import reading

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.operations import Operations
    from ops.rollback.facts import Facts
    from ops.status.sources import Sources
    from ops.vitals.row import Row
    from ops.watching.reading import Look

T = TypeVar("T")


class Questions:
    """The questions of one status, all of them on their way."""

    def __init__(self, sources: Sources, seconds: float) -> None:
        self.sources = sources
        first = Deadline(seconds)
        then = first.later()
        self._last = then.later()
        self.deployed = Asked("Pulumi's outputs", sources.deployed, first)
        self.config = Asked("Pulumi's configuration", sources.config, first)
        self.lock = Asked("Pulumi's lock", sources.lock, first)
        known = self.known
        self.notice = Asked("Redis", lambda: sources.maintenance(known), then)
        self.public = Asked("the public host", lambda: sources.public(known), then)
        self.cluster = Asked("the cluster", lambda: sources.cluster(known), then)
        self.look = Asked("Prometheus", self._look, self._last)
        self.alarms = Asked("Alertmanager", self._alarms, then)
        self.live = self._of_cluster(_facts)
        self.marker = self._of_cluster(lambda cluster: cluster.get("ConfigMap", names.UNVERIFIED))
        self.isolation = self._of_cluster(Isolation.read)
        self.running = self._of_cluster(background.running)
        self.wanted = self._of_cluster(background.wanted)
        self.schema = self._of_cluster(schema_record.read)
        self.now = self._of_cluster(lambda cluster: cluster.server_now())
        self.backups = self._of_cluster(record.read)
        self.journals = {
            name: self._of_cluster(partial(journals.read, name=name)) for name in journals.NAMES
        }

    def require_access(self) -> None:
        """Raise NoAccess and UsageError where asking again won't help."""
        for first in (self.deployed, self.cluster, self.live):
            try:
                first.get()
            except (NoAccess, UsageError):
                raise
            except OpsError:
                continue

    def known(self) -> Operations:
        """For what needs it: why it is not known stands in a line of its own."""
        try:
            return self.deployed.get()
        except (NoAccess, UsageError):
            raise
        except OpsError as error:
            raise CouldNotFindOut("for want of Pulumi's outputs") from error

    def _of_cluster(self, read: Callable[[Cluster], T]) -> Asked[T]:
        return Asked("the API server", lambda: read(self.cluster.get()), self._last)

    def _look(self) -> Look:
        prometheus = self.sources.prometheus(self.known)
        return reading.look(prometheus, self.cluster.get().namespace)

    def _alarms(self) -> list[Row]:
        alertmanager = self.sources.alertmanager(self.known)
        return alarms.rows(self.sources.stack, self.known().namespace, alertmanager)


def _facts(cluster: Cluster) -> Facts:
    router = live.router_of(cluster)
    route = live.require(cluster, router)
    now = cluster.server_now().isoformat()
    return facts.read(cluster, router, routing_moves.services(route), now)
