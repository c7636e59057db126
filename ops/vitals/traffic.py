"""What the public sees of each color: weight, error rate, P95, request rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ops.alerts import series
from ops.color import Color
from ops.vitals.row import BOTH, NO_DATA, Row, Verdict, judge
from ops.watching.reading import NOTHING, Reading, look

if TYPE_CHECKING:
    from ops.metrics import Prometheus
    from ops.monitoring import RequestRate
    from ops.vitals.subject import Subject


def live_weights(subject: Subject, prometheus: Prometheus) -> Mapping[Color, int] | None:
    """Percent by the live route, as the agent reads it; None where it doesn't say."""
    found = _by_color(prometheus, series.query(series.ROUTE_WEIGHT, subject.namespace))
    if set(found) != set(Color):
        return None
    return {color: round(weight) for color, weight in found.items()}


def told(live: Mapping[Color, int] | None) -> list[Row]:
    """The weights as rows."""
    if live is None:
        why = (
            "the agent does not say what weights the live route has: judged are the colors that "
            "had weight when the stack was deployed"
        )
        return [Row("Traffic", BOTH, NO_DATA, "", "", "unknown", why)]
    return [
        Row("Traffic", str(color), f"{weight} %", "", "", "not judged")
        for color, weight in live.items()
    ]


def rows(subject: Subject, prometheus: Prometheus, receiving: Iterable[Color]) -> list[Row]:
    """Each color that gets traffic."""
    readings = look(prometheus, subject.namespace)
    query = series.query(series.REQUESTS_BASELINE, subject.namespace)
    baselines = _by_color(prometheus, f"sum by (color) ({query})")
    limits = subject.facts.thresholds
    found = []
    for color in receiving:
        reading = readings.get(color, NOTHING)
        found += _ratios(subject, color, reading)
        found.append(_rate(limits.request_rate, color, reading, baselines.get(color)))
    return found


def _ratios(subject: Subject, color: Color, reading: Reading) -> list[Row]:
    """Error rate and P95, which mean nothing below the minimum of requests."""
    limits = subject.facts.thresholds
    errors, p95 = _times(reading.error_ratio, 100), _times(reading.p95_seconds, 1000)
    found = [
        judge("Error rate", str(color), errors, limits.error_rate_percent, "%"),
        judge("P95 latency", str(color), p95, limits.p95_milliseconds, "ms"),
    ]
    lacking = _lacking(reading, limits.minimum_requests)
    return [row.unknown(lacking) for row in found] if lacking else found


def _rate(limits: RequestRate, color: Color, reading: Reading, baseline: float | None) -> Row:
    """Requests a second, against those of a week ago."""
    off, most = limits.normal_deviation_percent, limits.alert_percent_of_baseline
    normal = f"{100 - off:g} to {100 + off:g} % of usual"
    row = Row("Request rate", str(color), NO_DATA, normal, f"above {most:g} %", "not judged")
    lacking = _lacking(reading, minimum=0)
    if lacking or reading.rate is None:
        return row.unknown(lacking or "Prometheus has no data")
    if not baseline:
        return replace(row, now=f"{reading.rate:.3g}/s", why="a week ago there was no traffic")
    share = 100 * reading.rate / baseline
    verdict: Verdict = "good" if abs(share - 100) <= off else "unusual"
    return replace(
        row,
        now=f"{reading.rate:.3g}/s, {share:.0f} %",
        verdict="bad" if share > most else verdict,
    )


def _lacking(reading: Reading, minimum: int) -> str:
    """Why a color can't be judged; empty if it can."""
    if not reading.counted or reading.requests is None:
        return (
            "the gateway's counters are missing: see on Prometheus' page /targets whether it "
            "reaches the gateway"
        )
    if reading.requests < minimum:
        return (
            f"{reading.requests:.0f} requests within the window, and {minimum} are needed to judge "
            "it (alerts.minimumRequests)"
        )
    return ""


def _times(value: float | None, factor: int) -> float | None:
    return None if value is None else value * factor


def _by_color(prometheus: Prometheus, query: str) -> dict[Color, float]:
    """The query's value for each color that has one."""
    return {
        Color(sample.labels["color"]): sample.value
        for sample in prometheus.vector(query)
        if sample.labels.get("color") in set(Color)
    }
