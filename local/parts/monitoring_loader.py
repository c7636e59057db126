"""The monitoring loader: rules, routes and pods of the cluster, given to the programs."""

from local.parts.base import Daemon
from local.problems import NotReadyError
from local.stack import NodeKind

READY = "monitoring-loader.ready"
USER = "monitoring-loader"


class MonitoringLoader(Daemon):
    """Healthy once it has loaded everything a first time."""

    name = "monitoring-loader"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("prometheus", "alertmanager", "cluster objects")

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [str(self.places.python), "-m", "local.monitoring_loader"]

    def environment(self) -> dict[str, str]:
        """Return the environment, with our own modules in it."""
        return super().environment() | {"PYTHONPATH": str(self.places.root)}

    def check(self) -> None:
        """Raise NotReadyError unless this very process has loaded everything."""
        ready = self.places.run / READY
        if not ready.exists() or ready.read_text().strip() != str(self.pid):
            raise NotReadyError("it has not loaded everything yet: see its log")
