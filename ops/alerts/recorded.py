"""The recording rules: what the series of `series.py` are computed from.

Ratios are aggregated before they are divided. Where there is nothing to divide there is no
series: a comparison with NaN would be false, and a page would show it.
"""

from collections.abc import Iterator, Sequence

from ops import names
from ops.alerts import series
from ops.alerts.gateway import Gateway
from ops.alerts.rule import Record
from ops.alerts.spans import RECENT_SECONDS, WINDOW_SECONDS
from ops.alerts.watched import Service, Watched
from ops.color import Color

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
BASELINE_SECONDS = 3600
CRASHES_WITHIN = "15m"
"""Never shortened: so is the pace at which the kubelet restarts."""


def traffic(watched: Watched) -> Iterator[Record]:
    """What the gateway counts, and whom the route sends it to."""
    for color in Color:
        yield from _color(watched, color)
        for service in watched.web:
            yield from _service(watched, color, service)
    every = series.query(series.REQUESTS_RATE, watched.namespace)
    yield Record(series.REQUESTS_TOTAL, f"sum by (service) ({every})")
    for name, metric in (
        (series.ROUTE_WEIGHT, "legal_ai_route_weight"),
        (series.ROUTE_ACTIVE, "legal_ai_route_active"),
    ):
        # Each replica of the agent says it.
        live = series.query(metric, watched.namespace)
        yield Record(name, f"max by (color) ({live} >= 0)")
    for color in Color:
        yield _baseline(watched, color)


def resources(watched: Watched) -> Iterator[Record]:
    """Memory, processor and restarts of each service's pods."""
    window = watched.spans.exporter_window()
    for color in Color:
        for service in watched.services:
            labels = {"color": str(color), "service": service.name}
            pods = (
                f'namespace="{watched.namespace}",container="{service.name}",'
                f'pod=~"{names.workload(service.name, color)}-.+"'
            )
            if "kubelet" in watched.exporters and service.memory_bytes:
                used = f"max(container_memory_working_set_bytes{{{pods}}})"
                yield Record(
                    series.MEMORY_PERCENT, f"100 * {used} / {service.memory_bytes:.0f} >= 0", labels
                )
            if "kubelet" in watched.exporters and service.cores:
                used = f"avg(rate(container_cpu_usage_seconds_total{{{pods}}}[{window}]))"
                yield Record(series.CPU_PERCENT, f"100 * {used} / {service.cores:g} >= 0", labels)
            if "kube-state-metrics" in watched.exporters:
                restarts = f"kube_pod_container_status_restarts_total{{{pods}}}"
                yield Record(
                    series.RESTARTS_COUNT,
                    f"max(increase({restarts}[{CRASHES_WITHIN}])) >= 0",
                    labels,
                )


def data(watched: Watched) -> Iterator[Record]:
    """What the database says of itself."""
    of = f'{{namespace="{watched.namespace}"}}'
    if "postgres" in watched.exporters:
        yield Record(
            series.DATABASE_CONNECTIONS_PERCENT,
            f"max(100 * sum by (instance) (pg_stat_database_numbackends{of})"
            f" / max by (instance) (pg_settings_max_connections{of})) >= 0",
        )
    if "postgres" in watched.exporters and watched.has_replica:
        yield Record(series.REPLICA_LAG, f"max(pg_replication_lag_seconds{of}) >= 0")
    if "disk" in watched.exporters:
        yield Record(series.DISK_FREE_PERCENT, _disk(watched))


def instance_storage(watched: Watched) -> str:
    """The free bytes of the RDS instance, from CloudWatch by its exporter (YACE)."""
    return (
        f'aws_rds_free_storage_space_average{{dimension_DBInstanceIdentifier="{watched.instance}"}}'
    )


def disk_filter(watched: Watched) -> str:
    """Picks the file systems of a database server that is not RDS."""
    return f'{{namespace="{watched.namespace}",fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"}}'


def _color(watched: Watched, color: Color) -> Iterator[Record]:
    gateway, spans, web = Gateway(watched.router, watched.namespace), watched.spans, watched.web
    labels = {"color": str(color)}
    window, recent = spans.window(), spans.window(RECENT_SECONDS)
    counted = f"sum(increase({gateway.answered(web, color)}[{window}]))"
    yield Record(series.REQUESTS_COUNT, f"{counted} >= 0", labels)
    yield Record(series.ERRORS_RATIO, _errors(gateway, web, color, window), labels)
    yield Record(series.RECENT_ERRORS_RATIO, _errors(gateway, web, color, recent), labels)
    slow, slow_now = spans.histogram_window(), spans.histogram_window(RECENT_SECONDS)
    yield Record(series.LATENCY_P95, _p95(gateway, web, color, slow), labels)
    yield Record(series.RECENT_LATENCY_P95, _p95(gateway, web, color, slow_now), labels)
    yield Record(series.GATEWAY_SERVICES, gateway.known(web, color), labels)


def _service(watched: Watched, color: Color, service: Service) -> Iterator[Record]:
    gateway, spans, one = Gateway(watched.router, watched.namespace), watched.spans, (service,)
    labels = {"color": str(color), "service": service.name}
    window, recent = spans.window(WINDOW_SECONDS), spans.window(RECENT_SECONDS)
    answered = gateway.answered(one, color)
    yield Record(series.REQUESTS_RATE, f"sum(rate({answered}[{window}])) >= 0", labels)
    yield Record(series.SERVICE_COUNT, f"sum(increase({answered}[{window}])) >= 0", labels)
    yield Record(series.SERVICE_ERRORS_RATIO, _errors(gateway, one, color, window), labels)
    yield Record(series.RECENT_SERVICE_ERRORS_RATIO, _errors(gateway, one, color, recent), labels)
    slow, slow_now = spans.histogram_window(), spans.histogram_window(RECENT_SECONDS)
    yield Record(series.SERVICE_LATENCY_P95, _p95(gateway, one, color, slow), labels)
    yield Record(series.RECENT_SERVICE_LATENCY_P95, _p95(gateway, one, color, slow_now), labels)


def _errors(gateway: Gateway, services: Sequence[Service], color: Color, window: str) -> str:
    failed = f"sum(rate({gateway.failed(services, color)}[{window}]))"
    answered = f"sum(rate({gateway.answered(services, color)}[{window}]))"
    # A counter of errors that never came is not there: that is none, and not unknown.
    return f"({failed} or vector(0)) / ({answered} > 0)"


def _p95(gateway: Gateway, services: Sequence[Service], color: Color, window: str) -> str:
    buckets = f"sum by (le) (rate({gateway.buckets(services, color)}[{window}]))"
    return f"histogram_quantile(0.95, {buckets}) / {gateway.seconds} >= 0"


def _baseline(watched: Watched, color: Color) -> Record:
    spans = watched.spans
    total = series.query(series.REQUESTS_TOTAL, watched.namespace)
    hour = f"avg_over_time({total}[{spans.window(BASELINE_SECONDS)}]"
    earlier = " or ".join(
        f"{hour} offset {spans.shortened(minutes)})" for minutes in (WEEK_MINUTES, DAY_MINUTES)
    )
    weight = series.query(series.ROUTE_WEIGHT, watched.namespace, color)
    return Record(
        series.REQUESTS_BASELINE,
        f"({earlier}) * on (namespace) group_left () {weight} / 100",
        {"color": str(color)},
    )


def _disk(watched: Watched) -> str:
    if watched.instance:
        # The instance grows by itself, and CloudWatch does not say how large it is by now.
        free = f"max({instance_storage(watched)})"
        used = f'sum(max by (datname) (pg_database_size_bytes{{namespace="{watched.namespace}"}}))'
        return f"100 * {free} / ({free} + {used}) >= 0"
    of = disk_filter(watched)
    return f"min(100 * node_filesystem_avail_bytes{of} / node_filesystem_size_bytes{of}) >= 0"
