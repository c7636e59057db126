"""How a stack is watched, as it was deployed: where, how often, and against which thresholds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Facts(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class Range(_Facts):
    """Up to `normal` all is well, above `alert` for `for_minutes` somebody is told."""

    normal: float
    alert: float
    for_minutes: int


class RequestRate(_Facts):
    """Requests a second, against those of a week ago."""

    normal_deviation_percent: float
    alert_percent_of_baseline: float


class Canary(_Facts):
    """When a canary is too much worse than the active color."""

    times_worse: float
    for_minutes: int
    minimum_errors: int = 5


class Rollback(_Facts):
    """When the agent takes traffic away from a color."""

    enabled: bool
    error_rate_percent: float
    error_rate_for_minutes: int
    p95_milliseconds: float
    p95_for_minutes: int
    canary: Canary


class Thresholds(_Facts):
    """The configuration's `alerts`, in its own units, which are in the names."""

    error_rate_percent: Range
    p95_milliseconds: Range
    request_rate: RequestRate
    database_connections_percent: Range
    memory_percent: Range
    cpu_percent: Range
    disk_free_percent: float
    replica_lag_seconds: float
    minimum_requests: int
    rollback: Rollback


class AgentFacts(_Facts):
    """The rollback agent."""

    enabled: bool
    namespace: str


class MonitoringFacts(_Facts):
    """The servers' addresses (empty: none), the intervals, and what is compared.

    `time_factor` shortens windows and durations of the rules; `exporters` are the sources of
    metrics besides gateway and agent.
    """

    delivery: Literal["operator", "files", "none"]
    prometheus_url: str
    alertmanager_url: str
    time_factor: float
    scrape_seconds: float
    evaluation_seconds: float
    group_wait_seconds: float
    exporters: frozenset[str]
    thresholds: Thresholds
    agent: AgentFacts

    def reached_by(self, prometheus: str | None, alertmanager: str | None) -> MonitoringFacts:
        """The same by other addresses, for who can't reach the servers as pods do; None: as is."""
        found = {"prometheus_url": prometheus, "alertmanager_url": alertmanager}
        return self.model_copy(update={name: url for name, url in found.items() if url})

    @property
    def acts(self) -> bool:
        """Whether alerts reach an agent that takes traffic away by them."""
        return self.delivery != "none" and self.agent.enabled and self.thresholds.rollback.enabled
