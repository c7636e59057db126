"""Alertmanager: tells whom the stacks' documents name; the monitoring loader puts them together."""

import json
from pathlib import Path

from local.addresses import ALERTMANAGER_PORT, ALERTMANAGER_URL, NODE_ADDRESS
from local.credentials import write
from local.monitoring_loader.routes import merged
from local.parts.base import Daemon, expect_http
from local.stack import NodeKind


class Alertmanager(Daemon):
    """One alone, without a cluster of its own."""

    name = "alertmanager"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages", "node")
    ports = (ALERTMANAGER_PORT,)

    @property
    def config_file(self) -> Path:
        """What the loader writes; tokens are in it."""
        return self.data / "alertmanager.yml"

    def prepare(self) -> None:
        """Write a first configuration, in which nobody is told."""
        if not self.config_file.exists():
            write(self.config_file, json.dumps(merged({}), indent=2))

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "prometheus-alertmanager",
            f"--config.file={self.config_file}",
            f"--storage.path={self.data / 'state'}",
            f"--web.listen-address={NODE_ADDRESS}:{ALERTMANAGER_PORT}",
            f"--web.external-url={ALERTMANAGER_URL}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it takes alerts."""
        expect_http(f"{ALERTMANAGER_URL}/-/ready")
