"""What tells Prometheus of things that don't tell it themselves: disk, database, objects."""

from psycopg.conninfo import make_conninfo

from local.addresses import (
    KUBE_STATE_METRICS_OWN_PORT,
    KUBE_STATE_METRICS_PORT,
    LOOPBACK,
    NODE_EXPORTER_PORT,
    POSTGRES_EXPORTER_PORT,
    POSTGRES_PORT,
)
from local.parts.base import Daemon, expect_http
from local.parts.postgres import MONITOR_ROLE, Postgres
from local.rights import TOLD
from local.stack import NodeKind


class NodeExporter(Daemon):
    """Tells of this machine's disks; containers' own are left out."""

    name = "node-exporter"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages", "node")
    ports = (NODE_EXPORTER_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "prometheus-node-exporter",
            f"--web.listen-address={LOOPBACK}:{NODE_EXPORTER_PORT}",
            "--collector.disable-defaults",
            "--collector.filesystem",
            "--log.level=warn",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it answers."""
        expect_http(f"http://{LOOPBACK}:{NODE_EXPORTER_PORT}/")


class PostgresExporter(Daemon):
    """Tells of the database server; through its socket, as a role that reads statistics only."""

    name = "postgres-exporter"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages", "postgres")
    ports = (POSTGRES_EXPORTER_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "prometheus-postgres-exporter",
            f"--web.listen-address={LOOPBACK}:{POSTGRES_EXPORTER_PORT}",
            "--log.level=warn",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment; the database `postgres` is there whatever is restored."""
        source = make_conninfo(
            host=str(Postgres(self.stack).sockets),
            port=POSTGRES_PORT,
            dbname="postgres",
            user=MONITOR_ROLE,
            sslmode="disable",
        )
        return super().environment() | {"DATA_SOURCE_NAME": source}

    def check(self) -> None:
        """Raise NotReadyError unless it answers."""
        expect_http(f"http://{LOOPBACK}:{POSTGRES_EXPORTER_PORT}/")


class KubeStateMetrics(Daemon):
    """Tells of objects in the cluster: restarts, replicas wanted and ready, Jobs that failed."""

    name = "kube-state-metrics"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("build cluster", "cluster objects")
    ports = (KUBE_STATE_METRICS_PORT, KUBE_STATE_METRICS_OWN_PORT)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        kinds = [kind for _, kinds in TOLD for kind in kinds]
        return [
            str(self.places.bin / "kube-state-metrics"),
            f"--kubeconfig={self.places.credentials / 'kube-state-metrics.kubeconfig'}",
            f"--resources={','.join(kinds)}",
            f"--host={LOOPBACK}",
            f"--port={KUBE_STATE_METRICS_PORT}",
            f"--telemetry-host={LOOPBACK}",
            f"--telemetry-port={KUBE_STATE_METRICS_OWN_PORT}",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it reads the API server."""
        expect_http(f"http://{LOOPBACK}:{KUBE_STATE_METRICS_PORT}/healthz")
