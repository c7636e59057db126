"""The longest time from a fault to traffic on the other color, from the configured intervals. Pure.

It holds where the color gets `minimumRequests` within a window, the other one is ready, and nothing
between gateway and agent is down (of two agents, one may be).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.alerts.spans import FLUSH_SECONDS, Spans
from ops.monitoring import MonitoringFacts

SCRAPES: Final = 2
"""A counter that did not exist before the first failure says something from its second scrape on.
"""
LATE_SHARE: Final = 0.05
"""The share of slow requests above which the 95th percentile is slow."""
LEASE_SECONDS: Final = 10.0
"""How long the second agent waits for a leader that died, by default."""
AGENT_SECONDS: Final = 1.0
"""From the webhook to the patched route, at most."""
ROUTE_SECONDS: Final = 1.0
"""Until the gateway follows the route; about 0.1 s were measured."""


@dataclass(frozen=True)
class Step:
    """One part of the way, and how long it may take."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Case:
    """One kind of fault, and the way from it to the other color."""

    fault: str
    alert: str
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        """All steps together."""
        return sum(step.seconds for step in self.steps)


def cases(facts: MonitoringFacts) -> list[Case]:
    """The faults that the agent acts on."""
    limits = facts.thresholds.rollback
    window = Spans(facts.time_factor, facts.scrape_seconds).window_seconds()
    share = limits.error_rate_percent / 100
    slow = limits.p95_milliseconds / 1000
    worse = limits.canary.times_worse * facts.thresholds.error_rate_percent.normal / 100
    failure, latency = limits.error_rate_for_minutes, limits.p95_for_minutes
    return [
        _case(
            facts,
            "all of a canary fails",
            "CanaryFailure",
            worse * window,
            limits.canary.for_minutes,
        ),
        _case(facts, "all fails", "DeploymentFailure", share * window, failure),
        _case(facts, "just too many fail", "DeploymentFailure", window, failure),
        _case(
            facts,
            "all is too slow",
            "DeploymentLatency",
            slow + LATE_SHARE * window + FLUSH_SECONDS,
            latency,
        ),
        _case(
            facts,
            "just too many are slow",
            "DeploymentLatency",
            slow + window + FLUSH_SECONDS,
            latency,
        ),
    ]


def table(found: Sequence[Case]) -> str:
    """The cases as text, a column each."""
    steps = [step.name for step in found[0].steps]
    lines = [
        ["", *(case.fault for case in found)],
        ["alert", *(case.alert for case in found)],
        *(
            [name, *(_told(case.steps[at].seconds) for case in found)]
            for at, name in enumerate(steps)
        ),
        ["fault to traffic on the other color", *(_told(case.seconds) for case in found)],
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _case(facts: MonitoringFacts, fault: str, alert: str, fills: float, minutes: float) -> Case:
    """`fills` is how long, in seconds, until the window has enough of it to be above the limit."""
    lasting = minutes * 60 * facts.time_factor
    every = facts.evaluation_seconds
    return Case(
        fault,
        alert,
        (
            Step("window above the limit", fills),
            Step("scrape", SCRAPES * facts.scrape_seconds),
            Step("rule evaluated", every),
            Step("rule's `for`", math.ceil(lasting / every) * every),
            Step("Alertmanager's group wait", facts.group_wait_seconds),
            Step("a leader that just died", LEASE_SECONDS),
            Step("agent: webhook to route", AGENT_SECONDS),
            Step("gateway follows", ROUTE_SECONDS),
        ),
    )


def _told(seconds: float) -> str:
    return f"{seconds:.1f} s"
