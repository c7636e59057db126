"""What is watched, and from which value on it alarms or rolls back.

Defaults are the runbook's: "Metrics to Watch", "When to Rollback", and its readiness checklist.
"""

from typing import Annotated

from pydantic import Field

from components.settings.base import Part
from components.settings.monitoring import MonitoringSettings
from components.settings.values import (
    Key,
    Number,
    Percent,
    Switch,
    Whole,
)

Minutes = Annotated[Whole, Field(ge=1, le=1440)]
Positive = Annotated[Number, Field(gt=0)]

_MINUTES = "a whole number of minutes, 1 to 1440"
_PERCENT = "a percentage above 0, up to 100"
_FOR = Key("how long it has to last", _MINUTES, "5")


class PercentThreshold(Part):
    """Percentages: up to `normal` all is well, above `alert` for `forMinutes` somebody is told."""

    normal: Annotated[Percent, Key("up to here all is well", f"{_PERCENT}, below alert", "50")]
    alert: Annotated[Percent, Key("above this it alarms", f"{_PERCENT}, above normal", "90")]
    for_minutes: Annotated[Minutes, _FOR] = 5


class LatencyThreshold(Part):
    """Milliseconds: up to `normal` all is well, above `alert` for `forMinutes` it alarms."""

    normal: Annotated[
        Positive, Key("up to here all is well, ms", "milliseconds, below alert", "500")
    ] = 500
    alert: Annotated[
        Positive, Key("above this it alarms, ms", "milliseconds, above normal", "2000")
    ] = 2000
    for_minutes: Annotated[Minutes, _FOR] = 5


class RequestRateThreshold(Part):
    """Requests a second, compared with the same color's baseline."""

    normal_deviation_percent: Annotated[
        Percent, Key("deviation from the baseline that is normal", _PERCENT, "20")
    ] = 20
    alert_percent_of_baseline: Annotated[
        Number,
        Field(gt=100, le=10_000),
        Key("above this share of the baseline it alarms", "a percentage, 101 to 10000", "200"),
    ] = 200
    for_minutes: Annotated[Minutes, _FOR] = 5


class CanaryThreshold(Part):
    """How much worse than the active color the canary may be, in the same window."""

    times_worse: Annotated[
        Number,
        Field(gt=1, le=1000),
        Key(
            "from how many times the active color's value on it rolls back (error rate, P95); what "
            "is normal is never too much",
            "a number above 1, up to 1000",
            "2",
        ),
    ] = 2
    minimum_errors: Annotated[
        Whole,
        Field(ge=1, le=1_000_000),
        Key(
            "requests that have to fail within a window; fewer may be chance",
            "a whole number, 1 to 1000000",
            "5",
        ),
    ] = 5
    for_minutes: Annotated[Minutes, _FOR] = 5


class RollbackSettings(Part):
    """When the agent takes traffic away from a color by itself."""

    enabled: Annotated[
        Switch, Key("whether alerts roll back by themselves", "true or false", "true")
    ] = True
    error_rate_percent: Annotated[
        Percent, Key("share of requests that fail, above which it rolls back", _PERCENT, "1")
    ] = 1
    error_rate_for_minutes: Annotated[Minutes, _FOR] = 5
    p95_milliseconds: Annotated[
        Positive,
        Key("95th percentile of latency, above which it rolls back", "milliseconds", "5000"),
    ] = 5000
    p95_for_minutes: Annotated[Minutes, Key("how long it has to last", _MINUTES, "10")] = 10
    window_minutes: Annotated[
        Minutes,
        Key(
            "how long after a color's last gain of traffic the agent may act; later it pages",
            _MINUTES,
            "120",
        ),
    ] = 120
    canary: Annotated[
        CanaryThreshold, Key("a canary, compared with the active color", "an object", "2")
    ] = CanaryThreshold()


class AlertsSettings(MonitoringSettings):
    """The thresholds; each has the runbook's value as its default."""

    error_rate_percent: Annotated[
        PercentThreshold, Key("share of requests that fail", "an object", "1")
    ] = PercentThreshold(normal=0.1, alert=1)
    p95_milliseconds: Annotated[
        LatencyThreshold, Key("95th percentile of latency", "an object", "2000")
    ] = LatencyThreshold()
    request_rate: Annotated[
        RequestRateThreshold, Key("requests against their baseline", "an object", "200")
    ] = RequestRateThreshold()
    database_connections_percent: Annotated[
        PercentThreshold, Key("connections in use, of max_connections", "an object", "90")
    ] = PercentThreshold(normal=80, alert=90)
    memory_percent: Annotated[
        PercentThreshold, Key("memory in use, of the limit", "an object", "85")
    ] = PercentThreshold(normal=70, alert=85)
    cpu_percent: Annotated[
        PercentThreshold, Key("processor in use, of what was asked for", "an object", "80")
    ] = PercentThreshold(normal=60, alert=80)
    disk_free_percent: Annotated[
        Percent, Key("free storage of the database, below which it alarms", _PERCENT, "20")
    ] = 20
    replica_lag_seconds: Annotated[
        Positive, Key("lag of the read replica, above which it alarms", "seconds", "30")
    ] = 30
    certificate_days: Annotated[
        Whole,
        Field(ge=1, le=365),
        Key(
            "days before a certificate's end, from which on it alarms",
            "a whole number of days, 1 to 365",
            "21",
        ),
    ] = 21
    crash_loop_restarts: Annotated[
        Whole,
        Field(ge=1, le=100),
        Key("restarts of a pod within 15 minutes that alarm", "a whole number, 1 to 100", "3"),
    ] = 3
    no_data_minutes: Annotated[
        Minutes,
        Key("minutes without metrics of a color that has traffic, then it alarms", _MINUTES, "5"),
    ] = 5
    minimum_requests: Annotated[
        Whole,
        Field(ge=1, le=1_000_000),
        Key(
            "requests within a window, below which ratios are not judged",
            "a whole number, 1 to 1000000",
            "100",
        ),
    ] = 100
    time_factor: Annotated[
        Number,
        Field(gt=0, le=1),
        Key(
            "shortens every window and duration of the rules; for tests",
            "a number above 0, up to 1",
            "1",
        ),
    ] = 1
    rollback: Annotated[
        RollbackSettings, Key("when traffic is taken away by itself", "an object", "true")
    ] = RollbackSettings()
