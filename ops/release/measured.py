"""What Prometheus has of a release's time, by color: errors, P95, weights, replicas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import plot
from ops.alerts import series
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.metrics import Prometheus
    from ops.plot import Point

POINTS: Final = 240
"""How many points a plot has at most."""


@dataclass(frozen=True)
class Quantity:
    """Something that is plotted by color: its PromQL, and how a value reads for people.

    `least` is the lowest that the top of the plot may be, in the series' unit.
    """

    name: str
    query: Callable[[str], str]
    least: float
    told: Callable[[float], str]


def _of(name: str) -> Callable[[str], str]:
    return lambda namespace: f"max by (color) ({series.query(name, namespace)})"


def _replicas(namespace: str) -> str:
    """By kube-state-metrics, whose Deployments are named after service and color."""
    return (
        'sum by (color) (label_replace(kube_deployment_status_replicas_available{namespace="'
        f'{namespace}"}}, "color", "$1", "deployment", ".+-(blue|green)"))'
    )


QUANTITIES: Final = (
    Quantity("error rate", _of(series.ERRORS_RATIO), 0.01, lambda v: f"{100 * v:.3g} %"),
    Quantity("P95", _of(series.LATENCY_P95), 0.1, lambda v: f"{1000 * v:.0f} ms"),
    Quantity("weight", _of(series.ROUTE_WEIGHT), 100, lambda v: f"{v:.0f} %"),
    Quantity("ready replicas", _replicas, 1, lambda v: f"{v:.0f}"),
)


@dataclass(frozen=True)
class Plot:
    """One quantity over the release's time. `paths` are SVG's, by color; `problem` why not."""

    name: str
    top: str
    paths: Mapping[Color, str]
    problem: str = ""


def measure(
    connect: Callable[[], Prometheus], namespace: str, begin: float, end: float
) -> list[Plot]:
    """A plot for each quantity, from `begin` to `end` (Unix seconds).

    Never raises: what could not be found out says so in its place.
    """
    seconds = max(60.0, end - begin)
    step = max(1.0, seconds / POINTS)
    return [_plot(connect, namespace, each, (end, seconds, step)) for each in QUANTITIES]


def _plot(
    connect: Callable[[], Prometheus],
    namespace: str,
    quantity: Quantity,
    span: tuple[float, float, float],
) -> Plot:
    end, seconds, step = span
    try:
        found = connect().range(quantity.query(namespace), seconds, step, end)
    except CouldNotFindOut as error:
        return Plot(quantity.name, "", {}, str(error))
    points: dict[Color, tuple[Point, ...]] = {
        Color(line.labels["color"]): line.points
        for line in found
        if line.labels.get("color") in set(Color)
    }
    if not points:
        return Plot(quantity.name, "", {}, "Prometheus has no data on it")
    top = plot.top_of(points.values(), quantity.least)
    drawn = plot.Span(end - seconds, end, step, top)
    paths = {color: plot.path(line, drawn) for color, line in points.items()}
    return Plot(quantity.name, quantity.told(top), paths)
