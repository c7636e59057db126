"""The colors: blue on the left, green on the right, the same of both in each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.alerts import series
from ops.body import Body
from ops.color import Color
from ops.dashboards.panels import Panel, dashboard

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.dashboards.site import Site


def colors(site: Site) -> Body:
    """The dashboard of both colors."""
    made: list[Callable[[Site, Color], Panel]] = [_weight, _errors, _p95, _requests]
    if "kubelet" in site.exporters:
        made += [_memory, _cpu]
    if "kube-state-metrics" in site.exporters:
        made.append(_restarts)
    rows = [[make(site, color) for color in Color] for make in made]
    return dashboard(site, "legal-ai-colors", "Legal AI: blue and green", rows)


def _weight(site: Site, color: Color) -> Panel:
    weight = series.query(series.ROUTE_WEIGHT, site.namespace, color)
    return Panel(
        f"Traffic: {color}",
        {"weight": weight},
        "percent",
        "Percent of the public's requests, by the live route.",
        color=str(color),
    )


def _errors(site: Site, color: Color) -> Panel:
    return Panel(
        f"Errors: {color}",
        {
            "all": series.query(series.ERRORS_RATIO, site.namespace, color),
            "{{service}}": series.query(series.SERVICE_ERRORS_RATIO, site.namespace, color),
        },
        "percentunit",
        "Share of requests answered with 5xx, by the gateway's counters.",
        lines=site.errors_share,
        color=str(color),
    )


def _p95(site: Site, color: Color) -> Panel:
    return Panel(
        f"P95 latency: {color}",
        {
            "all": series.query(series.LATENCY_P95, site.namespace, color),
            "{{service}}": series.query(series.SERVICE_LATENCY_P95, site.namespace, color),
        },
        "s",
        "95 of 100 requests are answered within this time, as the gateway sees it.",
        lines=site.p95_seconds,
        color=str(color),
    )


def _requests(site: Site, color: Color) -> Panel:
    usual = series.query(series.REQUESTS_BASELINE, site.namespace, color)
    return Panel(
        f"Requests: {color}",
        {
            "{{service}}": series.query(series.REQUESTS_RATE, site.namespace, color),
            "{{service}}, usual": usual,
        },
        "reqps",
        "Requests a second, and what the color's share of last week's lets expect.",
        color=str(color),
    )


def _memory(site: Site, color: Color) -> Panel:
    return Panel(
        f"Memory: {color}",
        {"{{service}}": series.query(series.MEMORY_PERCENT, site.namespace, color)},
        "percent",
        "Of the fullest pod, of its limit.",
        lines=site.memory_percent,
        color=str(color),
    )


def _cpu(site: Site, color: Color) -> Panel:
    return Panel(
        f"CPU: {color}",
        {"{{service}}": series.query(series.CPU_PERCENT, site.namespace, color)},
        "percent",
        "Of all pods of a service, of what they ask for.",
        lines=site.cpu_percent,
        color=str(color),
    )


def _restarts(site: Site, color: Color) -> Panel:
    return Panel(
        f"Restarts: {color}",
        {"{{service}}": series.query(series.RESTARTS_COUNT, site.namespace, color)},
        "short",
        "Of the pod that has most, within 15 minutes.",
        color=str(color),
    )
