"""What there is to watch in one stack, and its thresholds: all that the rules are made from."""

from dataclasses import dataclass
from typing import Literal

from ops.alerts.spans import Spans


@dataclass(frozen=True)
class Lasting:
    """A threshold, and the minutes that it has to be exceeded for."""

    value: float
    minutes: float


@dataclass(frozen=True)
class CanaryLimits:
    """A canary is bad from `times_worse` the active color on, with `minimum_errors` at least."""

    times_worse: float
    minimum_errors: int
    minutes: float


@dataclass(frozen=True)
class Limits:
    """The thresholds, in the units of their names; percentages are 0 to 100.

    `normal_*` is what a canary may always have. `rollback_*` are those of the automatic rollback,
    which `acts` or only alarms. `backup_minutes` is None where somebody else watches its age.
    """

    error_percent: Lasting
    normal_error_percent: float
    p95_milliseconds: Lasting
    normal_p95_milliseconds: float
    percent_of_baseline: Lasting
    connections_percent: Lasting
    memory_percent: Lasting
    cpu_percent: Lasting
    disk_free_percent: float
    replica_lag_seconds: float
    certificate_days: int
    crash_loop_restarts: int
    no_data_minutes: float
    minimum_requests: int
    acts: bool
    rollback_error_percent: Lasting
    rollback_p95_milliseconds: Lasting
    canary: CanaryLimits
    backup_minutes: int | None
    proven_days: int


@dataclass(frozen=True)
class Service:
    """One service of both colors: a web service has a `port`.

    `memory_bytes` is a pod's limit and `cores` what it asks for; None: not said, so not watched.
    """

    name: str
    port: int | None
    memory_bytes: float | None
    cores: float | None


@dataclass(frozen=True)
class Watched:
    """One stack. `exporters` are those that Prometheus is said to have.

    `instance` is the RDS instance that the application uses, empty where there is none.
    `tls_host` is the public host where it is reached by https, else empty.
    """

    stack: str
    namespace: str
    router: Literal["gateway-api", "ingress-nginx"]
    services: tuple[Service, ...]
    exporters: frozenset[str]
    instance: str
    has_replica: bool
    tls_host: str
    agents: int
    runbook_url: str
    evaluation_seconds: float
    spans: Spans
    limits: Limits

    @property
    def web(self) -> tuple[Service, ...]:
        """The services that the gateway sends requests to."""
        return tuple(service for service in self.services if service.port is not None)
