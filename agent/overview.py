"""What the page shows, gathered from the API server and Prometheus; each part may be missing.

What could not be found out is said where it would stand, and never looks like "good".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from ops import plot, quantities
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.image import is_digest, version_of
from ops.plot import Span

if TYPE_CHECKING:
    from ops.metrics import Alert, Prometheus, Series
    from ops.rollback.facts import Facts
    from ops.rollback.journal import Operation

T = TypeVar("T")

POINTS: Final = 120
"""How many points a plot has at most."""
LATEST_STEPS: Final = 3
"""A value that old, in steps of the plot, still counts as what is now."""
QUANTITIES: Final = (quantities.ERRORS, quantities.P95, quantities.REQUESTS)


@dataclass(frozen=True)
class Drawn:
    """One plot of one color. `now` is empty where there is no recent value."""

    name: str
    now: str
    top: str
    path: str


@dataclass(frozen=True)
class Service:
    """One web service of a color: what it runs, and how many replicas are ready."""

    name: str
    version: str
    ready: int
    desired: int
    problem: str


@dataclass(frozen=True)
class ColorView:
    """One color, side by side with the other."""

    color: Color
    weight: int
    is_active: bool
    is_held: bool
    version: str
    services: tuple[Service, ...]


@dataclass(frozen=True)
class Overview:
    """All of it. A part that is None has its reason in `problems`, by the part's name."""

    at: datetime
    colors: tuple[ColorView, ...] | None
    facts: Facts | None
    operations: tuple[Operation, ...] | None
    leader: str | None
    plots: Mapping[Color, tuple[Drawn, ...]] | None
    alerts: tuple[Alert, ...] | None
    problems: Mapping[str, str]


@dataclass(frozen=True)
class Sources:
    """Where the page's parts come from; each may raise CouldNotFindOut. No Prometheus: None."""

    facts: Callable[[], Facts]
    operations: Callable[[], Sequence[Operation]]
    leader: Callable[[], str]
    prometheus: Prometheus | None
    stack: str
    namespace: str
    plot_seconds: float


def gather(sources: Sources) -> Overview:
    """Ask everybody. Never raises for what could not be found out."""
    problems: dict[str, str] = {}

    def part(name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except CouldNotFindOut as error:
            problems[name] = str(error)
            return None

    facts = part("colors", sources.facts)
    return Overview(
        at=datetime.now(UTC),
        colors=None if facts is None else tuple(_view(color, facts) for color in Color),
        facts=facts,
        operations=part("operations", lambda: tuple(reversed(sources.operations()))),
        leader=part("leader", sources.leader),
        plots=part("plots", lambda: _plots(sources)),
        alerts=part("alerts", lambda: _alerts(sources)),
        problems=problems,
    )


def cached(
    read: Callable[[], T], seconds: float, clock: Callable[[], float] = time.monotonic
) -> Callable[[], T]:
    """`read`, done at most once in so many seconds, however many ask at the same time."""
    lock = threading.Lock()
    kept: list[tuple[float, T]] = []

    def ask() -> T:
        with lock:
            if not kept or clock() - kept[0][0] > seconds:
                kept[:] = [(clock(), read())]
            return kept[0][1]

    return ask


def _view(color: Color, facts: Facts) -> ColorView:
    there = facts.colors[color]
    return ColorView(
        color=color,
        weight=facts.live.weights.get(color, 0),
        is_active=facts.live.active == color,
        is_held=facts.hold is not None and facts.hold.color == color,
        version=there.version,
        services=tuple(
            Service(
                name=name,
                version=_short(version_of(state.image)),
                ready=state.ready,
                desired=state.desired,
                problem=state.problem,
            )
            if state is not None
            else Service(name, "", 0, 0, "not deployed")
            for name, state in there.workloads.items()
        ),
    )


def _alerts(sources: Sources) -> tuple[Alert, ...]:
    ours = {"stack": sources.stack, "namespace": sources.namespace}
    found = [
        alert
        for alert in _prometheus(sources).alerts()
        if alert.state == "firing" and ours.items() <= alert.labels.items()
    ]
    return tuple(sorted(found, key=lambda a: (a.labels.get("severity", ""), a.since, a.name)))


def _plots(sources: Sources) -> dict[Color, tuple[Drawn, ...]]:
    prometheus = _prometheus(sources)
    step = max(1.0, sources.plot_seconds / POINTS)
    found = {
        quantity: prometheus.range(quantity.query(sources.namespace), sources.plot_seconds, step)
        for quantity in QUANTITIES
    }
    end = time.time()
    return {
        color: tuple(
            _drawn(quantity, color, lines, (end - sources.plot_seconds, end, step))
            for quantity, lines in found.items()
        )
        for color in Color
    }


def _drawn(
    quantity: quantities.Quantity,
    color: Color,
    lines: list[Series],
    span: tuple[float, float, float],
) -> Drawn:
    """Both colors' plots have the same scale: they are there to be compared."""
    begin, end, step = span
    top = plot.top_of((line.points for line in lines), quantity.least)
    mine = next((line.points for line in lines if line.labels.get("color") == color), ())
    fresh = bool(mine) and end - mine[-1][0] <= LATEST_STEPS * step
    return Drawn(
        name=quantity.name,
        now=quantity.told(mine[-1][1]) if fresh else "",
        top=quantity.told(top),
        path=plot.path(mine, Span(begin, end, step, top)),
    )


def _prometheus(sources: Sources) -> Prometheus:
    if sources.prometheus is None:
        raise CouldNotFindOut("no Prometheus is configured: set legal-ai:alerts.prometheusUrl")
    return sources.prometheus


def _short(version: str) -> str:
    return version[:19] if is_digest(version) else version
