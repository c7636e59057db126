"""The gateway's own counters, in the two dialects that are spoken: who asked, and what came back.

Errors come from here and not from the application: one that is down counts nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ops import names
from ops.alerts.watched import Service
from ops.color import Color


@dataclass(frozen=True)
class Dialect:
    """How one gateway calls its metrics.

    `answered` counts requests by what was answered, by the service or by the gateway in its
    place; with the matcher `failure` only those with a 5xx status, under the name `failed`.
    `seconds` is a second in the unit of the histogram `buckets`. `known` is there as soon as the
    gateway knows the service. `selector` picks one service, joined ones with `|`, by `label`.
    """

    answered: str
    failed: str
    failure: str
    buckets: str
    seconds: int
    known: str
    label: str
    service: str
    selector: str


CONTOUR: Final = Dialect(
    # Envoy counts here what it answered itself, too: no pod, a time-out, a broken connection.
    answered="envoy_cluster_upstream_rq_completed",
    failed="envoy_cluster_upstream_rq_xx",
    failure='envoy_response_code_class="5"',
    buckets="envoy_cluster_upstream_rq_time_bucket",
    seconds=1000,
    # The others appear with the first request.
    known="envoy_cluster_upstream_rq_total",
    label="envoy_cluster_name",
    service="{namespace}_{workload}_{port}",
    selector='envoy_cluster_name=~"{services}"',
)
"""Envoy's clusters, as Contour names them for statistics;
https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats"""

INGRESS_NGINX: Final = Dialect(
    answered="nginx_ingress_controller_requests",
    failed="nginx_ingress_controller_requests",
    failure='status=~"5.."',
    buckets="nginx_ingress_controller_request_duration_seconds_bucket",
    seconds=1,
    known="nginx_ingress_controller_requests",
    label="service",
    service="{workload}",
    selector='namespace="{namespace}",service=~"{services}"',
)
"""Has to be scraped with `honorLabels`, since namespace and service are its own labels;
https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/#exposed-metrics"""

_DIALECTS: Final = {"gateway-api": CONTOUR, "ingress-nginx": INGRESS_NGINX}


class Gateway:
    """What the gateway counts of services of one color, as selectors of PromQL."""

    def __init__(self, router: str, namespace: str) -> None:
        self._dialect = _DIALECTS[router]
        self._namespace = namespace

    def answered(self, services: Iterable[Service], color: Color) -> str:
        """Requests that were answered."""
        return f"{self._dialect.answered}{{{self._picked(services, color)}}}"

    def failed(self, services: Iterable[Service], color: Color) -> str:
        """Those of them that were answered with a 5xx status."""
        picked = self._picked(services, color)
        return f"{self._dialect.failed}{{{picked},{self._dialect.failure}}}"

    def buckets(self, services: Iterable[Service], color: Color) -> str:
        """The histogram of the time to the answer."""
        return f"{self._dialect.buckets}{{{self._picked(services, color)}}}"

    @property
    def seconds(self) -> int:
        """A second, in the histogram's unit."""
        return self._dialect.seconds

    def known(self, services: Iterable[Service], color: Color) -> str:
        """How many of the services are counted at all. NaN counts nothing."""
        counter = f"{self._dialect.known}{{{self._picked(services, color)}}}"
        return f"count(count by ({self._dialect.label}) ({counter} >= 0))"

    def _picked(self, services: Iterable[Service], color: Color) -> str:
        joined = "|".join(
            self._dialect.service.format(
                namespace=self._namespace,
                workload=names.workload(service.name, color),
                port=service.port,
            )
            for service in services
        )
        return self._dialect.selector.format(namespace=self._namespace, services=joined)
