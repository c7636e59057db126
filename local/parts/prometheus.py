"""Prometheus: looks at everything here; rules and pods are files of the monitoring loader's."""

import json
from pathlib import Path
from typing import Any

from local.addresses import ALERTMANAGER_PORT, NODE_ADDRESS, PROMETHEUS_PORT, PROMETHEUS_URL
from local.credentials import write
from local.parts.base import Daemon, expect_http
from local.scraping import jobs
from local.stack import NodeKind

RETENTION = "2d"


class Prometheus(Daemon):
    """Listens on the node's own address, so that pods reach it; loopback leads there as well."""

    name = "prometheus"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("packages", "apiserver")
    ports = (PROMETHEUS_PORT,)

    @property
    def rules(self) -> Path:
        """Where the loader puts rule files."""
        return self.data / "rules"

    @property
    def targets_file(self) -> Path:
        """Where the loader writes down which pods run."""
        return self.data / "pods.json"

    @property
    def config_file(self) -> Path:
        """Its configuration (JSON, which is YAML)."""
        return self.data / "prometheus.yml"

    def prepare(self) -> None:
        """Write its configuration."""
        self.rules.mkdir(exist_ok=True)
        write(self.config_file, json.dumps(self.config(), indent=2))

    def config(self) -> dict[str, Any]:
        """Return its configuration; the groups of rules say themselves how often they run."""
        alertmanager = {"targets": [f"{NODE_ADDRESS}:{ALERTMANAGER_PORT}"]}
        return {
            "global": {
                "scrape_interval": "5s",
                "scrape_timeout": "4s",
                "evaluation_interval": "5s",
            },
            "alerting": {"alertmanagers": [{"static_configs": [alertmanager]}]},
            "rule_files": [str(self.rules / "*.yaml")],
            "scrape_configs": jobs(
                token=self.places.credentials / "prometheus.token",
                pods=self.targets_file,
                disk=mount_point(self.places.local),
            ),
        }

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            "prometheus",
            f"--config.file={self.config_file}",
            f"--storage.tsdb.path={self.data / 'series'}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={NODE_ADDRESS}:{PROMETHEUS_PORT}",
            f"--web.external-url={PROMETHEUS_URL}",
            # For some seconds after each reload it knows no Alertmanager; what it could not send
            # then it sends again after this time, which is a minute otherwise.
            "--rules.alert.resend-delay=2s",
            "--log.level=warn",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it answers queries."""
        expect_http(f"{PROMETHEUS_URL}/-/ready")


def mount_point(path: Path) -> Path:
    """Return where the file system that holds `path` is mounted."""
    return next(folder for folder in (path, *path.parents) if folder.is_mount())
