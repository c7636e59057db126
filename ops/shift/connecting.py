"""The tools of a shift for a stack as it is deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ops import live, operations
from ops.cluster import Cluster
from ops.errors import UsageError
from ops.hold import Hold
from ops.journal import ClusterJournal
from ops.lease import Lease, exclusive
from ops.metrics import SETTING, Prometheus
from ops.notify import Notifier
from ops.rollback import connecting as rolling_back
from ops.shift import emergency
from ops.shift.entry import KEPT, NAME, Shift
from ops.shift.tools import Tools
from ops.watching.judging import Limits
from ops.watching.watcher import PrometheusWatcher, rhythm
from ops.who import RUN, me

if TYPE_CHECKING:
    from ops.hold import Hold
    from ops.monitoring import MonitoringFacts
    from ops.shift.tools import Say
    from ops.stack import Stack
    from ops.state import LiveTraffic

LEASE_SECONDS: Final = 15.0
"""How long a run that fell silent is waited for before another one may go on."""
SEE: Final = "`scripts/canary.py --status`"


@dataclass(frozen=True)
class Wishes:
    """What an operator may choose over what was deployed; None: as deployed.

    `prometheus` and `alertmanager` are URLs.
    """

    prometheus: str | None = None
    minimum_requests: int | None = None
    times_worse: float | None = None
    alertmanager: str | None = None


@dataclass(frozen=True)
class ClusterTraffic:
    """`ops.shift.tools.Traffic`, by the cluster."""

    cluster: Cluster
    router: str

    def live(self) -> LiveTraffic | None:
        """By the route; None where there is none."""
        found = live.route(self.cluster, self.router)
        return None if found is None else found.traffic

    def hold(self) -> Hold | None:
        """The hold that stands, if one does."""
        return Hold.read(self.cluster)


def connect(stack: Stack, wishes: Wishes, say: Say) -> Tools:
    """Read what is deployed, and reach what it names. Raises UsageError and CouldNotFindOut."""
    facts = operations.read(stack)
    monitoring = facts.watched()
    cluster = facts.cluster()
    return Tools(
        stack=stack,
        deployed=facts.versions,
        traffic=ClusterTraffic(cluster, facts.router),
        journal=ClusterJournal(cluster, KEPT),
        watcher=PrometheusWatcher(
            connect=lambda: prometheus(monitoring, wishes.prometheus),
            namespace=facts.namespace,
            limits=limits(monitoring, wishes),
            rhythm=rhythm(monitoring.scrape_seconds, monitoring.evaluation_seconds),
            say=say,
        ),
        emergency=emergency.way_back(
            lambda: rolling_back.connect(cluster, facts.router, say, lambda: facts.public_url)
        ),
        exclusive=lambda: exclusive(Lease(cluster, NAME, RUN, LEASE_SECONDS), say, SEE),
        tell=Notifier(facts.notifications, say).tell,
        now=cluster.server_now,
        by=me(),
        say=say,
    )


def journal(stack: Stack) -> ClusterJournal[Shift]:
    """The journal of shifts alone. Raises UsageError and CouldNotFindOut."""
    return ClusterJournal(operations.read(stack).cluster(), KEPT)


def limits(monitoring: MonitoringFacts, wishes: Wishes) -> Limits:
    """The limits: what the agent rolls back at, and what an operator chose."""
    thresholds = monitoring.thresholds
    found = Limits(
        error_ratio=thresholds.rollback.error_rate_percent / 100,
        p95_seconds=thresholds.rollback.p95_milliseconds / 1000,
        # What the alert on a canary takes for normal, too.
        error_noise=thresholds.error_rate_percent.normal / 100,
        minimum_requests=thresholds.minimum_requests,
        minimum_errors=thresholds.rollback.canary.minimum_errors,
    )
    if wishes.minimum_requests is not None:
        found = replace(found, minimum_requests=wishes.minimum_requests)
    if wishes.times_worse is not None:
        found = replace(found, times_worse=wishes.times_worse)
    return found


def prometheus(monitoring: MonitoringFacts, chosen: str | None) -> Prometheus:
    """The Prometheus with the rules' series. Raises UsageError where this stack has none."""
    url = chosen or monitoring.prometheus_url
    if monitoring.delivery == "none" or not url:
        raise UsageError(
            "this stack is not watched, so traffic can't be moved and watched: set "
            f"legal-ai:alerts.delivery and {SETTING}, or switch with --no-watch"
        )
    return Prometheus(url)
