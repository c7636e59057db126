"""What is plotted of each color, on the agent's page and in a release's report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ops.alerts import series


@dataclass(frozen=True)
class Quantity:
    """Something that is plotted by color: its PromQL, and how a value reads for people.

    `query` gets the namespace; `least` is the lowest that the top of the plot may be, in the
    series' unit.
    """

    name: str
    query: Callable[[str], str]
    least: float
    told: Callable[[float], str]


def _by_color(how: str, name: str) -> Callable[[str], str]:
    return lambda namespace: f"{how} by (color) ({series.query(name, namespace)})"


def _replicas(namespace: str) -> str:
    """By kube-state-metrics, whose Deployments are named after service and color."""
    return (
        'sum by (color) (label_replace(kube_deployment_status_replicas_available{namespace="'
        f'{namespace}"}}, "color", "$1", "deployment", ".+-(blue|green)"))'
    )


def _seconds(value: float) -> str:
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2g} s"


ERRORS: Final = Quantity(
    "error rate", _by_color("max", series.ERRORS_RATIO), 0.01, lambda value: f"{100 * value:.3g} %"
)
P95: Final = Quantity("P95", _by_color("max", series.LATENCY_P95), 0.1, _seconds)
REQUESTS: Final = Quantity(
    "requests", _by_color("sum", series.REQUESTS_RATE), 1, lambda value: f"{value:.3g}/s"
)
WEIGHT: Final = Quantity(
    "weight", _by_color("max", series.ROUTE_WEIGHT), 100, lambda value: f"{value:.0f} %"
)
REPLICAS: Final = Quantity("ready replicas", _replicas, 1, lambda value: f"{value:.0f}")
