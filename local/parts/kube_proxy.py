"""kube-proxy: makes Service addresses work on the node and in pods."""

import json

from local.addresses import (
    KUBE_PROXY_HEALTH_PORT,
    KUBE_PROXY_METRICS_PORT,
    LOOPBACK,
    NODE_NAME,
    POD_NETWORK,
)
from local.parts.base import Daemon, expect_http
from local.parts.network import delete_table
from local.stack import NodeKind


class KubeProxy(Daemon):
    """Writes nftables rules; they stay when it stops alone, and go with `remove_rules`."""

    name = "kube-proxy"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("kubelet",)  # it is not healthy before its node is there
    ports = (KUBE_PROXY_HEALTH_PORT, KUBE_PROXY_METRICS_PORT)

    def prepare(self) -> None:
        """Write its configuration."""
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": POD_NETWORK,
            "hostnameOverride": NODE_NAME,
            "healthzBindAddress": f"{LOOPBACK}:{KUBE_PROXY_HEALTH_PORT}",
            "metricsBindAddress": f"{LOOPBACK}:{KUBE_PROXY_METRICS_PORT}",
            "conntrack": {"maxPerCore": 0},
            "clientConnection": {
                "kubeconfig": str(self.places.credentials / "kube-proxy.kubeconfig")
            },
        }
        (self.data / "config.json").write_text(json.dumps(config, indent=2))

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [str(self.places.bin / "kube-proxy"), f"--config={self.data / 'config.json'}"]

    def check(self) -> None:
        """Raise NotReadyError unless its rules are up to date."""
        expect_http(f"http://{LOOPBACK}:{KUBE_PROXY_HEALTH_PORT}/healthz")

    def remove_rules(self) -> None:
        """Delete the tables that it leaves behind."""
        for family in ("ip", "ip6"):
            delete_table(family, "kube-proxy")
