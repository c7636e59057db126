"""The parts of the local stack. To add one: a module here, and its class in ALL."""

from local.parts.alertmanager import Alertmanager
from local.parts.apiserver import ApiServer
from local.parts.aws import Aws
from local.parts.base import Daemon, Part, State
from local.parts.containerd import Containerd
from local.parts.contour import Contour
from local.parts.controller_manager import ControllerManager
from local.parts.envoy import Envoy
from local.parts.etcd import Etcd
from local.parts.exporters import KubeStateMetrics, NodeExporter, PostgresExporter
from local.parts.kube_proxy import KubeProxy
from local.parts.kubelet import Kubelet
from local.parts.kwok import Kwok
from local.parts.monitoring_loader import MonitoringLoader
from local.parts.network import Network
from local.parts.postgres import Postgres
from local.parts.prometheus import Prometheus
from local.parts.redis import Redis
from local.parts.scheduler import Scheduler
from local.stack import Stack

# In the order in which `status` shows them; `down` stops them in reverse.
ALL: tuple[type[Part], ...] = (
    Network,
    Containerd,
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
    Kubelet,
    Kwok,
    KubeProxy,
    Contour,
    Envoy,
    Postgres,
    Redis,
    Aws,
    Prometheus,
    Alertmanager,
    MonitoringLoader,
    KubeStateMetrics,
    NodeExporter,
    PostgresExporter,
)
NAMES = tuple(part.name for part in ALL)

__all__ = [
    "ALL",
    "NAMES",
    "Containerd",
    "Daemon",
    "KubeProxy",
    "Kubelet",
    "Kwok",
    "Network",
    "Part",
    "State",
    "all_parts",
]


def all_parts(stack: Stack) -> list[Part]:
    """Return every part, for `stack`."""
    return [part(stack) for part in ALL]
