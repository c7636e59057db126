"""Contour: turns Gateway API objects into Envoy's configuration."""

import json

from local.addresses import (
    CONTOUR_DEBUG_PORT,
    CONTOUR_HTTP_PORT,
    CONTOUR_XDS_PORT,
    ENVOY_ADMIN_PROXY_PORT,
    ENVOY_STATS_PORT,
    GATEWAY_PORT,
    LOOPBACK,
)
from local.parts.base import Daemon, expect_http

CONFIG = {
    "gateway": {"gatewayRef": {"namespace": "gateway-system", "name": "public"}},
    "accesslog-level": "error",
    "network": {"admin-port": ENVOY_ADMIN_PROXY_PORT},
}


class Contour(Daemon):
    """The control plane; a listener on port 80 becomes GATEWAY_PORT."""

    name = "contour"
    needs = ("build cluster", "cluster objects")
    ports = (CONTOUR_XDS_PORT, CONTOUR_HTTP_PORT, CONTOUR_DEBUG_PORT)

    def prepare(self) -> None:
        """Write its configuration (JSON, which is YAML)."""
        (self.data / "config.yaml").write_text(json.dumps(CONFIG, indent=2))

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            str(self.places.bin / "contour"),
            "serve",
            "--insecure",
            f"--kubeconfig={self.places.kubeconfig}",
            f"--config-path={self.data / 'config.yaml'}",
            "--disable-leader-election",
            f"--xds-address={LOOPBACK}",
            f"--xds-port={CONTOUR_XDS_PORT}",
            f"--http-address={LOOPBACK}",
            f"--http-port={CONTOUR_HTTP_PORT}",
            f"--health-address={LOOPBACK}",
            f"--health-port={CONTOUR_HTTP_PORT}",
            f"--debug-http-address={LOOPBACK}",
            f"--debug-http-port={CONTOUR_DEBUG_PORT}",
            f"--stats-address={LOOPBACK}",
            f"--stats-port={ENVOY_STATS_PORT}",
            f"--envoy-service-http-address={LOOPBACK}",
            f"--envoy-service-http-port={GATEWAY_PORT}",
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment; it wants to know a pod's namespace even outside of a pod."""
        return super().environment() | {"POD_NAMESPACE": "gateway-system"}

    def check(self) -> None:
        """Raise NotReadyError unless it is well."""
        expect_http(f"http://{LOOPBACK}:{CONTOUR_HTTP_PORT}/healthz")
