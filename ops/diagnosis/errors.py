"""Issue 2 of the runbook: errors after a deployment. Which color, since when, and what it logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ops.alerts import series
from ops.color import Color
from ops.diagnosis.cause import Cause, Weight

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.diagnosis.counted import Counted

AREA: Final = "errors"
SHOWN: Final = 10
ERROR_LINE: Final = re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback)\b")


def look(
    counted: Counted, cluster: Cluster, colors: Iterable[Color], *, errors_percent: float
) -> Iterator[Cause]:
    """For each color: its share of errors against the limit, with its log's errors."""

    def judge(color: Color, value: float) -> Iterator[Cause]:
        if 100 * value <= errors_percent:
            return
        yield Cause(
            AREA,
            Weight.BAD,
            f"{color}: {100 * value:.3g} % of requests fail (more than {errors_percent:g})",
            f"if {color} was released just now: `scripts/emergency_rollback.py` gives "
            f"{color.other} the traffic; then mend, deploy to staging, release again",
            tuple(_by_service(counted, color)) + tuple(_log(cluster, color)),
        )

    return counted.look(AREA, series.ERRORS_RATIO, colors, judge)


def _by_service(counted: Counted, color: Color) -> Iterator[str]:
    query = series.query(series.SERVICE_ERRORS_RATIO, counted.namespace, color)
    for sample in counted.prometheus.vector(query):
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
