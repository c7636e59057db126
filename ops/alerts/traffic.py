"""The alerts on traffic that are for people: errors, latency and rates of each color's services."""

from collections.abc import Iterator

from ops.alerts import series
from ops.alerts.names import Alert
from ops.alerts.rule import Rule
from ops.alerts.watched import Watched


def rules(watched: Watched) -> Iterator[Rule]:
    """One alert for each row of the runbook's table; its `service` says whose."""
    limits, spans = watched.limits, watched.spans

    def of(name: str) -> str:
        return series.query(name, watched.namespace)

    enough = f"{of(series.SERVICE_COUNT)} >= {limits.minimum_requests}"
    share, seconds = limits.error_percent.value / 100, limits.p95_milliseconds.value / 1000
    yield Rule(
        Alert.HIGH_ERROR_RATE,
        f"{of(series.SERVICE_ERRORS_RATIO)} > {share:g}\n"
        f"and {of(series.RECENT_SERVICE_ERRORS_RATIO)} > {share:g}\nand {enough}",
        spans.shortened(limits.error_percent.minutes),
        "critical",
        "{{ $labels.service }} of {{ $labels.color }} fails {{ $value | humanizePercentage }} of "
        "its requests",
        f"More than {limits.error_percent.value:g} % of its requests were answered with 5xx.",
    )
    yield Rule(
        Alert.HIGH_LATENCY,
        f"{of(series.SERVICE_LATENCY_P95)} > {seconds:g}\n"
        f"and {of(series.RECENT_SERVICE_LATENCY_P95)} > {seconds:g}\nand {enough}",
        spans.shortened(limits.p95_milliseconds.minutes),
        "warning",
        "{{ $labels.service }} of {{ $labels.color }} answers in {{ $value | humanizeDuration }} "
        "(P95)",
        f"One request in twenty waits longer than {seconds:g} s.",
    )
    yield from _rates(watched)


def _rates(watched: Watched) -> Iterator[Rule]:
    limits, spans = watched.limits, watched.spans
    rate = series.query(series.REQUESTS_RATE, watched.namespace)
    baseline = series.query(series.REQUESTS_BASELINE, watched.namespace)
    # A few requests more or less at night are many times of nearly nothing.
    enough = limits.minimum_requests / spans.window_seconds()
    high = limits.percent_of_baseline.value / 100
    lasting = spans.shortened(limits.percent_of_baseline.minutes)
    yield Rule(
        Alert.REQUEST_RATE_HIGH,
        f"{rate} / ({baseline} > 0) > {high:g}\nand {rate} >= {enough:.4g}",
        lasting,
        "warning",
        "{{ $labels.service }} of {{ $labels.color }} gets {{ $value | humanizePercentage }} of "
        "the requests it gets at this hour",
        f"More than {high:g} times its baseline: the same hour a week ago, by its weight.",
    )
    yield Rule(
        Alert.REQUEST_RATE_LOW,
        f"{rate} / ({baseline} >= {enough:.4g}) < {1 / high:g}",
        lasting,
        "warning",
        "{{ $labels.service }} of {{ $labels.color }} gets {{ $value | humanizePercentage }} of "
        "the requests it gets at this hour",
        f"Less than 1/{high:g} of its baseline: the same hour a week ago, by its weight. People "
        "may not reach the gateway.",
    )
