"""The tools of a closing for a stack as it is deployed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ops import history, operations, vitals
from ops.alertmanager import Alertmanager
from ops.application import identity, user
from ops.application.visit import Visitor
from ops.closing.entry import KEPT
from ops.closing.reported import nothing_new
from ops.closing.tools import Tools
from ops.isolation import Isolation
from ops.journal import ClusterJournal
from ops.live import no_active
from ops.notify import Notifier
from ops.shift.connecting import ClusterTraffic, Wishes, limits, prometheus
from ops.smoke_suite import Suite
from ops.vitals.subject import Subject
from ops.watching.reading import look
from ops.watching.watcher import rhythm
from ops.weights import told
from ops.who import me

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ops.checklist import Line
    from ops.color import Color
    from ops.operations import Operations
    from ops.stack import Stack
    from ops.state import LiveTraffic
    from ops.vitals.row import Row


def connect(
    stack: Stack, version: str, wishes: Wishes, say: Callable[[str], None], time_factor: float = 1.0
) -> Tools:
    """Read what is deployed, and reach what it names. Raises UsageError and CouldNotFindOut.

    `time_factor` stretches what the smoke tests allow.
    """
    facts = operations.read(stack).reached_by(wishes.prometheus, wishes.alertmanager)
    monitoring = facts.watched()
    cluster = facts.cluster()
    traffic = ClusterTraffic(cluster, facts.router)
    color = _active(traffic.live())
    subject = Subject(
        stack=stack.short_name,
        namespace=facts.namespace,
        weights=facts.weights,
        has_replica=bool(facts.database.replica_url),
        facts=monitoring,
    )

    def rows() -> Sequence[Row]:
        alertmanager = Alertmanager(monitoring.alertmanager_url)
        return vitals.rows(subject, prometheus(monitoring, wishes.prometheus), alertmanager)

    def smoke() -> Sequence[Line]:
        allowed = identity.of_stack(facts, facts.public_url, color, version)
        with closing(Visitor(facts.public_url, allowed)) as visitor:
            return Suite(visitor, user.of_cluster(cluster, color), say, time_factor).run()

    return Tools(
        journal=ClusterJournal(cluster, KEPT),
        color=color,
        since=history.read(cluster).began.get(color, ""),
        astray=lambda: _astray(traffic, facts, color, version),
        look=lambda: look(prometheus(monitoring, wishes.prometheus), facts.namespace),
        rows=rows,
        smoke=smoke,
        reported=lambda: nothing_new(facts.release.sentry, version),
        limits=limits(monitoring, wishes),
        rhythm=rhythm(monitoring.scrape_seconds, monitoring.evaluation_seconds),
        tell=Notifier(facts.notifications, say).tell,
        now=cluster.server_now,
        by=me(),
        say=say,
    )


def _active(live: LiveTraffic | None) -> Color:
    if live is None or live.active is None:
        raise no_active(", so nothing can be closed")
    return live.active


def _astray(traffic: ClusterTraffic, facts: Operations, color: Color, version: str) -> str:
    """Why the version does not have all traffic; empty if it does."""
    if facts.versions.get(color) != version:
        return f"{color} serves with {facts.versions.get(color, 'no version')}, not {version}"
    if (hold := traffic.hold()) is not None:
        return f"a rollback stands: {hold}"
    if (isolation := Isolation.read(traffic.cluster)) is not None:
        return str(isolation)
    live = traffic.live()
    weights = {} if live is None else live.weights
    if weights.get(color) != 100 or weights.get(color.other, 0):
        return f"{color} does not have all traffic ({told(weights) or 'there is no route'})"
    return ""
