"""Names of the recorded series, and how to ask for them.

Pages, dashboards and checks ask for these and never for a gateway's own counters: those differ
by gateway, and the rules (`ops/alerts/recorded.py`) already divide what belongs together.
"""

from typing import Final

from ops.color import Color

REQUESTS_RATE: Final = "legal_ai:requests:rate"
"""Requests a second; by namespace, color, service."""
REQUESTS_COUNT: Final = "legal_ai:requests:count"
"""Requests within the window; by namespace, color. Below the minimum no ratio is judged."""
ERRORS_RATIO: Final = "legal_ai:errors:ratio"
"""Share of requests answered with 5xx by service or gateway, 0 to 1; by namespace, color.

Absent, never NaN, where the window has no request."""
LATENCY_P95: Final = "legal_ai:latency_p95:seconds"
"""95th percentile of the time to the answer; by namespace, color. Absent without requests."""

SERVICE_COUNT: Final = "legal_ai:service_requests:count"
SERVICE_ERRORS_RATIO: Final = "legal_ai:service_errors:ratio"
SERVICE_LATENCY_P95: Final = "legal_ai:service_latency_p95:seconds"
"""The same by namespace, color, service."""

RECENT_ERRORS_RATIO: Final = "legal_ai:recent_errors:ratio"
RECENT_LATENCY_P95: Final = "legal_ai:recent_latency_p95:seconds"
RECENT_SERVICE_ERRORS_RATIO: Final = "legal_ai:recent_service_errors:ratio"
RECENT_SERVICE_LATENCY_P95: Final = "legal_ai:recent_service_latency_p95:seconds"
"""The same over the short window: whether it still goes on."""

REQUESTS_TOTAL: Final = "legal_ai:total_requests:rate"
"""Requests a second of both colors together; by namespace, service."""
REQUESTS_BASELINE: Final = "legal_ai:requests:baseline"
"""Requests a second that a color's weight lets expect: that share of what there was a week ago at
this hour, or a day ago where there is no week yet; by namespace, color, service."""
GATEWAY_SERVICES: Final = "legal_ai:gateway_services:count"
"""Services of a color that the gateway counts requests of; by namespace, color."""
ROUTE_WEIGHT: Final = "legal_ai:route_weight:percent"
"""Percent of traffic by the live route, 0 to 100; by namespace, color. From the agent."""
ROUTE_ACTIVE: Final = "legal_ai:route_active:bool"
"""1 for the active color by the live route, else 0; by namespace, color. From the agent."""

MEMORY_PERCENT: Final = "legal_ai:memory:percent"
"""Memory of the fullest pod, of its limit, 0 to 100; by namespace, color, service."""
CPU_PERCENT: Final = "legal_ai:cpu:percent"
"""Processor of all pods together, of what they asked for; by namespace, color, service."""
RESTARTS_COUNT: Final = "legal_ai:restarts:count"
"""Restarts of the pod that has most, within 15 minutes; by namespace, color, service."""
DATABASE_CONNECTIONS_PERCENT: Final = "legal_ai:database_connections:percent"
"""Connections in use, of max_connections, of the fullest server, 0 to 100; by namespace."""
DISK_FREE_PERCENT: Final = "legal_ai:disk_free:percent"
"""Free storage of the database, of all it has, 0 to 100; by namespace."""
REPLICA_LAG: Final = "legal_ai:replica_lag:seconds"
"""How far the read replica is behind; by namespace."""


def query(series: str, namespace: str, color: Color | None = None) -> str:
    """The PromQL selector of a series: of one color, or of both where none is given."""
    labels = {"namespace": namespace}
    if color is not None:
        labels["color"] = str(color)
    return series + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
