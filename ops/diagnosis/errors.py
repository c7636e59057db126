"""Issue 2 of the runbook: errors after a deployment. Which color, since when, and what it logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ops.alerts import series
from ops.color import Color
from ops.diagnosis.cause import Cause, Weight
from ops.metrics import NoData

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.metrics import Prometheus

AREA: Final = "errors"
SHOWN: Final = 10
ERROR_LINE: Final = re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback)\b")


def look(
    prometheus: Prometheus,
    cluster: Cluster,
    colors: Iterable[Color],
    *,
    errors_percent: float,
    p95_milliseconds: float,
) -> Iterator[Cause]:
    """For each color: its share of errors and its P95 against the limits, with its log's errors."""
    for color in colors:
        for named, limit, unit, factor in (
            (series.ERRORS_RATIO, errors_percent, "% of requests fail", 100.0),
            (series.LATENCY_P95, p95_milliseconds, "ms is the P95", 1000.0),
        ):
            try:
                value = factor * prometheus.value(series.query(named, cluster.namespace, color))
            except NoData:
                continue  # nobody asks that color anything
            if value <= limit:
                continue
            yield Cause(
                AREA,
                Weight.BAD,
                f"{color}: {value:.3g} {unit} (more than {limit:g})",
                f"if {color} was released just now: `scripts/emergency_rollback.py` gives "
                f"{color.other} the traffic; then mend, deploy to staging, release again",
                tuple(_by_service(prometheus, cluster.namespace, color))
                + tuple(_log(cluster, color)),
            )


def _by_service(prometheus: Prometheus, namespace: str, color: Color) -> Iterator[str]:
    query = series.query(series.SERVICE_ERRORS_RATIO, namespace, color)
    for sample in prometheus.vector(query):
        if sample.value:
            yield f"{sample.labels['service']}: {100 * sample.value:.3g} % of requests fail"


def _log(cluster: Cluster, color: Color) -> list[str]:
    """The last lines with errors, of all pods of the color."""
    lines: list[str] = []
    for pod in cluster.list("Pod", {"color": str(color)}):
        name = str(pod["metadata"]["name"])
        for container in pod["spec"]["containers"]:
            printed = cluster.log(name, str(container["name"])).splitlines()
            lines += [f"{name}: {line}" for line in printed if ERROR_LINE.search(line)][-SHOWN:]
    return lines[-SHOWN:]
