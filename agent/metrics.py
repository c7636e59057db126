"""The agent's own metrics: what it did, and the live facts that alerts are joined with.

Live facts are read when somebody asks. What can't be read is left out: never a 0 that is a guess.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.webhook import Verdict
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from agent.live import Live

log: Final = logging.getLogger(__name__)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """All of them, in a registry of their own."""

    def __init__(self, live: Live, namespace: str, is_leader: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry()
        self.webhooks: Final = Counter(
            "legal_ai_webhooks",
            "Webhooks that were refused, and alerts of those that were not, by what became of them",
            ["verdict"],
            registry=self._registry,
        )
        for verdict in Verdict:
            self.webhooks.labels(verdict)
        self.rollbacks: Final = Counter(
            "legal_ai_rollbacks",
            "Alerts that asked for a rollback, by the color they accused and what was done",
            ["color", "outcome"],
            registry=self._registry,
        )
        self.untold: Final = Counter(
            "legal_ai_notifications_failed",
            "Messages to people that did not arrive, by channel",
            ["channel"],
            registry=self._registry,
        )
        leader = Gauge(
            "legal_ai_agent_leader",
            "Whether this replica is the one that acts",
            registry=self._registry,
        )
        leader.set_function(lambda: float(is_leader()))
        self._registry.register(_LiveFacts(live, namespace))

    def text(self) -> bytes:
        """The exposition format, after asking the API server."""
        return generate_latest(self._registry)


class _LiveFacts(Collector):
    def __init__(self, live: Live, namespace: str) -> None:
        self._live, self._namespace = live, namespace

    def describe(self) -> list[Metric]:
        """Nothing: a registry that asks by collecting would ask the API server at the start."""
        return []

    def collect(self) -> Iterator[Metric]:
        for read in (self._route, self._hold, self._backups):
            try:
                yield from read()
            except CouldNotFindOut as error:
                log.warning("left out of the metrics: %s", error)

    def _route(self) -> tuple[Metric, ...]:
        weights = GaugeMetricFamily(
            "legal_ai_route_weight",
            "Percent of the public traffic by the live route",
            labels=["namespace", "color"],
        )
        active = GaugeMetricFamily(
            "legal_ai_route_active",
            "Whether the live route says that the color is the active one",
            labels=["namespace", "color"],
        )
        live = self._live.traffic()
        if live is not None:
            for color in Color:
                weights.add_metric([self._namespace, color], live.weights.get(color, 0))
                active.add_metric([self._namespace, color], live.active == color)
        return weights, active

    def _hold(self) -> tuple[Metric, ...]:
        family = GaugeMetricFamily(
            "legal_ai_hold",
            "Whether a rollback keeps the color from getting traffic",
            labels=["namespace", "color"],
        )
        hold = self._live.hold()
        for color in Color:
            family.add_metric([self._namespace, color], hold is not None and hold.color == color)
        return (family,)

    def _backups(self) -> tuple[Metric, ...]:
        family = GaugeMetricFamily(
            "legal_ai_backup_timestamp_seconds",
            "When the newest backup was taken, and when one was last proven by a restore",
            labels=["namespace", "kind"],
        )
        for kind, at in self._live.backups().items():
            family.add_metric([self._namespace, kind], at.timestamp())
        return (family,)
