"""Issue 4 of the runbook, by Prometheus: which color answers slowly, and which service of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ops.alerts import series
from ops.diagnosis.cause import Cause, Weight
from ops.watching.reading import milliseconds

if TYPE_CHECKING:
    from ops.color import Color
    from ops.diagnosis.counted import Counted

AREA: Final = "slowness"


def look(counted: Counted, colors: Iterable[Color], *, p95_milliseconds: float) -> Iterator[Cause]:
    """The P95 of each color that is above the limit. Raises CouldNotFindOut."""

    def judge(color: Color, value: float) -> Iterator[Cause]:
        if 1000 * value <= p95_milliseconds:
            return
        yield Cause(
            AREA,
            Weight.BAD,
            f"{color}: {milliseconds(value)} is the P95 (more than {p95_milliseconds:g})",
            f"if {color} was released just now: `scripts/emergency_rollback.py` gives "
            f"{color.other} the traffic; else what is found of the database below, or more pods: "
            f"`pulumi config set --path {color}.replicas NUMBER && pulumi up`",
            tuple(_by_service(counted, color)),
        )

    return counted.look(AREA, series.LATENCY_P95, colors, judge)


def _by_service(counted: Counted, color: Color) -> Iterator[str]:
    query = series.query(series.SERVICE_LATENCY_P95, counted.namespace, color)
    for sample in counted.prometheus.vector(query):
        yield f"{sample.labels['service']}: {milliseconds(sample.value)}"
