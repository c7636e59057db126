"""What Prometheus has of a release's time, by color: errors, P95, weights, replicas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops import plot, quantities
from ops.color import Color
from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.metrics import Prometheus
    from ops.plot import Point

POINTS: Final = 240
"""How many points a plot has at most."""


QUANTITIES: Final = (
    quantities.ERRORS,
    quantities.P95,
    quantities.WEIGHT,
    quantities.REPLICAS,
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
    quantity: quantities.Quantity,
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
