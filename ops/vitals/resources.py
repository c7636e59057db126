"""What pods and stores have left. What no exporter was declared for has no row."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ops.alerts import series
from ops.color import Color
from ops.monitoring import Range
from ops.vitals.row import NO_DATA, Row, judge

if TYPE_CHECKING:
    from ops.metrics import Prometheus
    from ops.vitals.subject import Subject

DATABASE: Final = "database"


def of_pods(subject: Subject, prometheus: Prometheus, receiving: Collection[Color]) -> list[Row]:
    """The fullest service of each color that gets traffic, or runs."""
    if "kubelet" not in subject.facts.exporters:
        return []
    limits = subject.facts.thresholds
    found = []
    for name, percent, range_ in (
        ("Memory", series.MEMORY_PERCENT, limits.memory_percent),
        ("CPU", series.CPU_PERCENT, limits.cpu_percent),
    ):
        samples = prometheus.vector(series.query(percent, subject.namespace))
        for color in Color:
            of_color = [each for each in samples if each.labels.get("color") == color]
            fullest = max(of_color, key=lambda each: each.value, default=None)
            if fullest is not None:
                of = f"{fullest.labels.get('service', '')}-{color}"
                found.append(judge(name, of, fullest.value, range_, "%"))
            elif color in receiving:
                found.append(judge(name, str(color), None, range_, "%"))
    return found


def of_stores(subject: Subject, prometheus: Prometheus) -> list[Row]:
    """The database: connections, its replica's lag, free disk."""
    limits, exporters = subject.facts.thresholds, subject.facts.exporters

    def value(name: str, worst: Callable[[list[float]], float]) -> float | None:
        samples = prometheus.vector(series.query(name, subject.namespace))
        return worst([each.value for each in samples]) if samples else None

    found = []
    if "postgres" in exporters:
        used = value(series.DATABASE_CONNECTIONS_PERCENT, max)
        range_ = limits.database_connections_percent
        found.append(judge("Connections", DATABASE, used, range_, "%"))
        if subject.has_replica:
            most = limits.replica_lag_seconds
            range_ = Range(normal=most, alert=most, for_minutes=0)
            found.append(
                judge("Replica lag", DATABASE, value(series.REPLICA_LAG, max), range_, "s")
            )
    if "disk" in exporters:
        found.append(_disk(value(series.DISK_FREE_PERCENT, min), limits.disk_free_percent))
    return found


def _disk(free: float | None, least: float) -> Row:
    row = Row("Free disk", DATABASE, NO_DATA, f"{least:g} % or more", f"below {least:g} %", "good")
    if free is None:
        return row.unknown("Prometheus has no data")
    return replace(row, now=f"{free:.3g} %", verdict="bad" if free < least else "good")
