"""A stack in which all is well, as Prometheus would have collected it: series for promtool.

Values are promtool's: `0+150x80` begins with 0 and grows by 150 at each of 80 scrapes.
"""

import re
from collections.abc import Mapping
from typing import Final

from ops.alerts.watched import Watched
from ops.color import Color

Series = Mapping[str, str | None]
"""Values by series; None takes a series away."""

SCRAPE_SECONDS: Final = 15
SCRAPES: Final = 80
"""Of 15 seconds each: 20 minutes."""
NAMESPACE: Final = "legal-ai"
PORTS: Final = {"backend": 8000, "frontend": 3000}
DAY: Final = 86_400
NAN: Final = " ".join(["NaN"] * (SCRAPES + 1))
"""A series without a value that is a number."""
_OF: Final = f'namespace="{NAMESPACE}"'


def constant(value: float, scrapes: int = SCRAPES) -> str:
    """The same value at every scrape."""
    return f"{value:.15g}x{scrapes}"


def growing(by: float, scrapes: int = SCRAPES) -> str:
    """A counter that grows by so much a scrape."""
    return f"0+{by:.15g}x{scrapes}"


def requests(
    color: Color,
    *services: str,
    rate: float = 10,
    failing: float = 0.0,
    within: Mapping[float, float] | None = None,
) -> dict[str, str | None]:
    """What Envoy counts of a color at so many requests a second; `failing` is their share.

    `within` has the share of requests that take no longer, by milliseconds.
    """
    found: dict[str, str | None] = {}
    each = rate * SCRAPE_SECONDS
    for service in services or PORTS:
        cluster = f'envoy_cluster_name="{NAMESPACE}_{service}-{color}_{PORTS[service]}"'
        classes = {"2": 1 - failing, "5": failing}
        for name in ("total", "completed"):
            found[f"envoy_cluster_upstream_rq_{name}{{{cluster}}}"] = growing(each)
        for code, share in classes.items():
            # As in life: what never came is not counted, and not there.
            if share:
                labels = f'{cluster},envoy_response_code_class="{code}"'
                found[f"envoy_cluster_upstream_rq_xx{{{labels}}}"] = growing(each * share)
        for edge in (100, 250, 500, 1000, 2500, 5000, 10000):
            reached = [share for limit, share in (within or {100: 1}).items() if limit <= edge]
            bucket = f'envoy_cluster_upstream_rq_time_bucket{{{cluster},le="{edge}"}}'
            found[bucket] = growing(each * max(reached, default=0))
        found[f'envoy_cluster_upstream_rq_time_bucket{{{cluster},le="+Inf"}}'] = growing(each)
    return found


def weights(blue: int, green: int, active: Color = Color.BLUE) -> dict[str, str | None]:
    """What both replicas of the agent say of the route."""
    found: dict[str, str | None] = {}
    for pod in ("a", "b"):
        for color, weight in ((Color.BLUE, blue), (Color.GREEN, green)):
            labels = f'{_OF},color="{color}",pod="{pod}"'
            found[f"legal_ai_route_weight{{{labels}}}"] = constant(weight)
            found[f"legal_ai_route_active{{{labels}}}"] = constant(color == active)
    return found


def leaders(a: int | None, b: int | None) -> dict[str, str | None]:
    """Whether either replica of the agent leads; None: it is gone."""
    return {
        f'legal_ai_agent_leader{{{_OF},pod="{pod}"}}': None if value is None else constant(value)
        for pod, value in (("a", a), ("b", b))
    }


def pod(metric: str, color: Color, service: str) -> str:
    """A series of the only pod of a service."""
    return f'{metric}{{{_OF},container="{service}",pod="{service}-{color}-5d9c7b-x2x4z"}}'


def one(metric: str, **labels: str) -> str:
    """A series of the namespace."""
    more = "".join(f',{name}="{value}"' for name, value in labels.items())
    return f"{metric}{{{_OF}{more}}}"


CONNECTIONS: Final = one("pg_stat_database_numbackends", instance="db:9187", datname="legal_ai")
DATABASE: Final = one("pg_up", instance="db:9187")
LAG: Final = one("pg_replication_lag_seconds", instance="replica:9187")
FREE: Final = one("node_filesystem_avail_bytes", mountpoint="/var/lib/postgresql", fstype="ext4")
SIZE: Final = one("node_filesystem_size_bytes", mountpoint="/var/lib/postgresql", fstype="ext4")
TAKEN: Final = one("legal_ai_backup_timestamp_seconds", kind="taken")
VERIFIED: Final = one("legal_ai_backup_timestamp_seconds", kind="verified")
CERTIFICATE: Final = 'probe_ssl_earliest_cert_expiry{instance="https://legal-ai.test/health"}'
REFUSED: Final = one("legal_ai_webhooks_total", pod="a", verdict="unauthorized")
LOST: Final = one("legal_ai_notifications_failed_total", pod="a", channel="Slack")


def well(watched: Watched) -> dict[str, str]:
    """Everything that the rules ask for, and all of it is fine."""
    found: dict[str, str | None] = {
        **requests(Color.BLUE),
        **requests(Color.GREEN),
        **weights(100, 0),
        **leaders(1, 0),
        REFUSED: constant(0),
        one("legal_ai_webhooks_total", pod="a", verdict="accepted"): growing(1),
        LOST: constant(0),
        TAKEN: growing(SCRAPE_SECONDS),
        VERIFIED: constant(0),
        DATABASE: constant(1),
        CONNECTIONS: constant(10),
        one("pg_settings_max_connections", instance="db:9187"): constant(100),
        LAG: constant(0),
        FREE: constant(50),
        SIZE: constant(100),
        one("node_filesystem_avail_bytes", mountpoint="/run", fstype="tmpfs"): constant(1),
        one("node_filesystem_size_bytes", mountpoint="/run", fstype="tmpfs"): constant(100),
        CERTIFICATE: constant(90 * DAY),
    }
    for color in Color:
        for service in watched.services:
            memory, cores = service.memory_bytes or 0, service.cores or 0
            used = pod("container_memory_working_set_bytes", color, service.name)
            spent = pod("container_cpu_usage_seconds_total", color, service.name)
            found[used] = constant(memory / 2)
            found[spent] = growing(cores / 2 * SCRAPE_SECONDS)
            restarts = pod("kube_pod_container_status_restarts_total", color, service.name)
            found[restarts] = constant(0)
    return changed(found, {})


def changed(series: Series, changes: Series) -> dict[str, str]:
    """The series with changes."""
    return {name: values for name, values in {**series, **changes}.items() if values is not None}


def with_reset(series: Series, after_scrapes: int = 44) -> dict[str, str | None]:
    """Counters that begin again after so many scrapes: what counts them was restarted."""
    left = SCRAPES - 1 - after_scrapes

    def again(values: str) -> str:
        return re.sub(r"^0\+(\S+)x(\d+)$", rf"0+\1x{after_scrapes} 0+\1x{left}", values)

    return {
        # Times are no counters, though they grow.
        name: values if values is None or "timestamp" in name else again(values)
        for name, values in series.items()
    }


def without(color: Color, series: Series) -> dict[str, str]:
    """Only what is not about the color."""
    return {
        name: values
        for name, values in series.items()
        if values is not None and f"-{color}" not in name and f'color="{color}"' not in name
    }
