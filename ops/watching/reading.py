"""What Prometheus says of each color at one moment, over the recorded rules' window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops.alerts import series
from ops.color import Color

if TYPE_CHECKING:
    from ops.metrics import Prometheus


@dataclass(frozen=True)
class Reading:
    """One color's numbers; None where Prometheus has none.

    `requests` within the window, `rate` in requests a second, `error_ratio` from 0 to 1; the
    `recent_` ones over the short window. `counted` is how many of its services the gateway counts
    now: it is the first to go when nothing is collected any more, while the others still speak of
    the past.
    """

    counted: float | None = None
    requests: float | None = None
    rate: float | None = None
    error_ratio: float | None = None
    p95_seconds: float | None = None
    recent_error_ratio: float | None = None
    recent_p95_seconds: float | None = None

    @property
    def errors_still(self) -> float:
        """The error ratio as far as it goes on: what is over, in an earlier step say, is over."""
        return min(_known(self.error_ratio, self.recent_error_ratio))

    @property
    def p95_still(self) -> float:
        """The same of P95, in seconds."""
        return min(_known(self.p95_seconds, self.recent_p95_seconds))

    def __str__(self) -> str:
        if not self.counted:
            return "no data"
        told = [f"{self.requests or 0:,.0f} requests ({self.rate or 0:.1f}/s)"]
        if self.error_ratio is not None:
            told.append(f"{percent(self.error_ratio)} errors")
        if self.p95_seconds is not None:
            told.append(f"P95 {milliseconds(self.p95_seconds)}")
        return ", ".join(told)


NOTHING: Final = Reading()
"""Of a color that Prometheus does not know."""

Look = Mapping[Color, Reading]
"""Both colors at one moment."""


def look(prometheus: Prometheus, namespace: str) -> Look:
    """Ask for both colors. Raises CouldNotFindOut where Prometheus can't be asked."""
    counted = _by_color(prometheus, series.GATEWAY_SERVICES, namespace)
    requests = _by_color(prometheus, series.REQUESTS_COUNT, namespace)
    rates = _by_color(prometheus, series.REQUESTS_RATE, namespace)
    errors = _by_color(prometheus, series.ERRORS_RATIO, namespace)
    p95 = _by_color(prometheus, series.LATENCY_P95, namespace)
    recent_errors = _by_color(prometheus, series.RECENT_ERRORS_RATIO, namespace)
    recent_p95 = _by_color(prometheus, series.RECENT_LATENCY_P95, namespace)
    return {
        color: Reading(
            counted=counted.get(color),
            requests=requests.get(color),
            rate=rates.get(color),
            error_ratio=errors.get(color),
            p95_seconds=p95.get(color),
            recent_error_ratio=recent_errors.get(color),
            recent_p95_seconds=recent_p95.get(color),
        )
        for color in Color
    }


def _by_color(prometheus: Prometheus, name: str, namespace: str) -> dict[Color, float]:
    """The series' value for each color that has one; services are summed up."""
    found: dict[Color, float] = {}
    for sample in prometheus.vector(f"sum by (color) ({series.query(name, namespace)})"):
        color = sample.labels.get("color", "")
        if color in set(Color):
            found[Color(color)] = sample.value
    return found


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None] or [0.0]


def percent(ratio: float) -> str:
    """A ratio of 0 to 1 for people: `0.25 %`."""
    return f"{100 * ratio:.2f} %"


def milliseconds(seconds: float) -> str:
    """Seconds for people: `41 ms`."""
    return f"{1000 * seconds:,.0f} ms"
