"""The metrics of a stack that is well, as gateway, agent, kubelet and exporters would say them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.color import Color

NAMESPACE = "legal-ai"
SERVICES = {"backend": (8000, 2**30), "frontend": (3000, 2**29)}
"""Port, and the memory limit of a pod in bytes, as configuration has them by default."""
BUCKETS_MS = (5, 10, 50, 100, 500, 1000, 5000, 10000, "+Inf")


@dataclass
class PlayedStack:
    """Each color answers `rate` requests a second and service, of which a share fails.

    `memory_share` is of the limit. The counters grow with time by themselves.
    """

    rate: float = 50
    failing: dict[Color, float] = field(default_factory=dict)
    memory_share: float = 0.3
    since: float = field(default_factory=time.monotonic)

    def exposed(self) -> str:
        """Prometheus' text format."""
        return "\n".join([*self._gateway(), *self._agent(), *self._pods(), *self._database(), ""])

    def _gateway(self) -> Iterator[str]:
        asked = self.rate * (time.monotonic() - self.since)
        for color in Color:
            for service, (port, _) in SERVICES.items():
                cluster = f'envoy_cluster_name="{NAMESPACE}_{service}-{color}_{port}"'
                failed = asked * self.failing.get(color, 0)
                yield f"envoy_cluster_upstream_rq_total{{{cluster}}} {asked:.0f}"
                yield f"envoy_cluster_upstream_rq_completed{{{cluster}}} {asked:.0f}"
                yield (
                    f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",{cluster}}} '
                    f"{failed:.0f}"
                )
                for most in BUCKETS_MS:
                    count = 0 if most in {5, 10} else asked
                    yield (
                        f'envoy_cluster_upstream_rq_time_bucket{{le="{most}",{cluster}}} '
                        f"{count:.0f}"
                    )

    def _agent(self) -> Iterator[str]:
        of = f'namespace="{NAMESPACE}"'
        for color in Color:
            active = int(color is Color.BLUE)
            yield f'legal_ai_route_weight{{{of},color="{color}"}} {100 * active}'
            yield f'legal_ai_route_active{{{of},color="{color}"}} {active}'
            yield f'legal_ai_hold{{{of},color="{color}"}} 0'
        for kind in ("taken", "verified"):
            yield f'legal_ai_backup_timestamp_seconds{{{of},kind="{kind}"}} {time.time():.0f}'
        for replica, leads in (("agent-1", 1), ("agent-2", 0)):
            pod = f'{of},pod="{replica}"'
            yield f"legal_ai_agent_leader{{{pod}}} {leads}"
            yield f'legal_ai_webhooks_total{{{pod},verdict="accepted"}} 0'
            yield f'legal_ai_rollbacks_total{{{pod},color="green",outcome="rolled-back"}} 0'

    def _pods(self) -> Iterator[str]:
        seconds = time.monotonic() - self.since
        for color in Color:
            for service, (_, limit) in SERVICES.items():
                pod = f'namespace="{NAMESPACE}",container="{service}",pod="{service}-{color}-7d4f9"'
                used = self.memory_share * limit
                yield f"container_memory_working_set_bytes{{{pod}}} {used:.0f}"
                yield f"container_cpu_usage_seconds_total{{{pod}}} {0.01 * seconds:.3f}"
                yield f"kube_pod_container_status_restarts_total{{{pod}}} 0"

    def _database(self) -> Iterator[str]:
        server = f'namespace="{NAMESPACE}",instance="database"'
        yield f"pg_up{{{server}}} 1"
        yield f'pg_stat_database_numbackends{{{server},datname="legal_ai"}} 12'
        yield f"pg_settings_max_connections{{{server}}} 100"
        yield f"pg_replication_lag_seconds{{{server}}} 0.2"
        disk = f'namespace="{NAMESPACE}",fstype="ext4",mountpoint="/"'
        yield f"node_filesystem_avail_bytes{{{disk}}} 6e9"
        yield f"node_filesystem_size_bytes{{{disk}}} 1e10"
