"""The alerts that take traffic from a color: it fails or is slow, or its canary is worse than it.

A condition has to hold over the long window and over the short one: a burst that is over would
else go on counting, and take traffic from a color that is well again. The requests of both
windows are the color's own, and it must have traffic: nobody is harmed by one that has none.
"""

from collections.abc import Iterator

from ops.alerts import series
from ops.alerts.names import Alert
from ops.alerts.rule import Rule
from ops.alerts.watched import Watched


def rules(watched: Watched) -> Iterator[Rule]:
    """Two alerts on every color that has traffic, and two on the canary."""
    ask = _Ask(watched)
    limits, spans = watched.limits, watched.spans
    share = limits.rollback_error_percent.value / 100
    seconds = limits.rollback_p95_milliseconds.value / 1000
    acts = "The agent takes traffic from it." if limits.acts else "Nobody takes traffic from it."
    yield Rule(
        Alert.DEPLOYMENT_FAILURE,
        ask.all_of(
            ask.still(series.ERRORS_RATIO, series.RECENT_ERRORS_RATIO, f"> {share:g}"),
            ask.has_traffic(),
        ),
        spans.shortened(limits.rollback_error_percent.minutes),
        "critical",
        "{{ $labels.color }} fails {{ $value | humanizePercentage }} of its requests",
        f"More than {limits.rollback_error_percent.value:g} % were answered with 5xx by the color "
        f"or by the gateway in its place. {acts}",
        limits.acts,
    )
    yield Rule(
        Alert.DEPLOYMENT_LATENCY,
        ask.all_of(
            ask.still(series.LATENCY_P95, series.RECENT_LATENCY_P95, f"> {seconds:g}"),
            ask.has_traffic(),
        ),
        spans.shortened(limits.rollback_p95_milliseconds.minutes),
        "critical",
        "{{ $labels.color }} answers in {{ $value | humanizeDuration }} (P95)",
        f"One request in twenty waits longer than {seconds:g} s. {acts}",
        limits.acts,
    )
    yield from _canary(watched, ask, acts)


def _canary(watched: Watched, ask: "_Ask", acts: str) -> Iterator[Rule]:
    limits, spans = watched.limits, watched.spans
    canary, lasting = limits.canary, spans.shortened(limits.canary.minutes)
    normal_share = limits.normal_error_percent / 100
    normal_seconds = limits.normal_p95_milliseconds / 1000
    failures = f"{ask.of(series.ERRORS_RATIO)} * {ask.of(series.REQUESTS_COUNT)}"
    yield Rule(
        Alert.CANARY_FAILURE,
        ask.all_of(
            ask.worse(series.ERRORS_RATIO, normal_share),
            f"{ask.of(series.RECENT_ERRORS_RATIO)} > {canary.times_worse * normal_share:g}",
            f"{failures} >= {canary.minimum_errors}",
            ask.has_traffic(),
        ),
        lasting,
        "critical",
        "The canary {{ $labels.color }} fails {{ $value | humanizePercentage }} of its requests",
        f"That is more than {canary.times_worse:g} times what the active color fails in the same "
        f"minutes. {acts}",
        limits.acts,
    )
    yield Rule(
        Alert.CANARY_LATENCY,
        ask.all_of(
            ask.worse(series.LATENCY_P95, normal_seconds),
            f"{ask.of(series.RECENT_LATENCY_P95)} > {canary.times_worse * normal_seconds:g}",
            ask.has_traffic(),
        ),
        lasting,
        "critical",
        "The canary {{ $labels.color }} answers in {{ $value | humanizeDuration }} (P95)",
        f"That is more than {canary.times_worse:g} times what the active color needs in the same "
        f"minutes. {acts}",
        limits.acts,
    )


class _Ask:
    """Conditions about the colors of one stack; each has a value for each color it is true of."""

    def __init__(self, watched: Watched) -> None:
        self._namespace = watched.namespace
        self._limits = watched.limits

    def of(self, name: str) -> str:
        return series.query(name, self._namespace)

    def all_of(self, *conditions: str) -> str:
        enough = f"{self.of(series.REQUESTS_COUNT)} >= {self._limits.minimum_requests}"
        return "\nand ".join((*conditions, enough))

    def still(self, whole: str, recent: str, limit: str) -> str:
        return f"{self.of(whole)} {limit}\nand {self.of(recent)} {limit}"

    def has_traffic(self) -> str:
        return f"{self.of(series.ROUTE_WEIGHT)} > 0"

    def worse(self, name: str, normal: float) -> str:
        """By how much a color is worse than the active one, which is never worse than itself.

        Where the active color has too few requests there is nothing to compare with.
        """
        enough = f"{self.of(series.REQUESTS_COUNT)} >= {self._limits.minimum_requests}"
        active = f"{self.of(name)} and {self.of(series.ROUTE_ACTIVE)} == 1 and {enough}"
        times = f"{self._limits.canary.times_worse:g}"
        return (
            f"{self.of(name)} > on (namespace) group_left () "
            f"{times} * clamp_min(sum by (namespace) ({active}), {normal:g})"
        )
