"""The kubelet: runs the node's pods."""

import json
from datetime import UTC, datetime, timedelta

from local import cgroups
from local.addresses import (
    KUBELET_HEALTH_PORT,
    KUBELET_PORT,
    LOOPBACK,
    NODE_ADDRESS,
    NODE_NAME,
)
from local.parts.base import Daemon, expect_http
from local.problems import NotReadyError
from local.stack import NodeKind

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE_NAME}"
HEARD_WITHIN = timedelta(seconds=15)


class Kubelet(Daemon):
    """Takes over the pods of an earlier run as they are when it is started again."""

    name = "kubelet"
    kinds = (NodeKind.CONTAINERS,)
    needs = ("apiserver", "import images", "node")
    ports = (KUBELET_PORT, KUBELET_HEALTH_PORT)

    def prepare(self) -> None:
        """Write its configuration."""
        config = json.dumps(self.config(), indent=2)
        (self.data / "config.json").write_text(config)

    def config(self) -> dict[str, object]:
        """Return the kubelet's configuration, for cgroup v1 and v2 alike."""
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE_ADDRESS,
            "port": KUBELET_PORT,
            "healthzBindAddress": LOOPBACK,
            "healthzPort": KUBELET_HEALTH_PORT,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.places.credentials / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{self.places.containerd_socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": cgroups.ensure(self.places.root),
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "evictionHard": {},
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "makeIPTablesUtilChains": False,
            "resolvConf": "",
            "podLogsDir": str(self.data / "pod-logs"),
            "staticPodPath": "",
            "volumePluginDir": str(self.data / "volume-plugins"),
            "containerLogMaxSize": "5Mi",
            "containerLogMaxFiles": 2,
            "kubeAPIQPS": 100,
            "kubeAPIBurst": 200,
        }

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            str(self.places.bin / "kubelet"),
            f"--config={self.data / 'config.json'}",
            f"--kubeconfig={self.places.credentials / 'kubelet.kubeconfig'}",
            f"--root-dir={self.data / 'root'}",
            f"--cert-dir={self.data / 'pki'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE_ADDRESS}",
            # Else what containers use is told of by pod only.
            f"--containerd={self.places.containerd_socket}",
        ]

    def check(self) -> None:
        """Raise NotReadyError unless it is well and its node says Ready now, not from before."""
        expect_http(f"http://{LOOPBACK}:{KUBELET_HEALTH_PORT}/healthz")
        node = self.stack.api.get(f"/api/v1/nodes/{NODE_NAME}")
        ready = [c for c in node["status"].get("conditions", []) if c["type"] == "Ready"]
        if not ready or ready[0]["status"] != "True":
            said = ready[0]["message"] if ready else "nothing yet"
            raise NotReadyError(f"node {NODE_NAME} is not Ready: {said}")
        if not fresh(ready[0]["lastHeartbeatTime"]):  # that one is renewed every five minutes only
            renewed = self.stack.api.get(LEASE)["spec"]["renewTime"]
            if not fresh(renewed):
                raise NotReadyError(f"node {NODE_NAME} was last heard of at {renewed}")


def fresh(moment: str) -> bool:
    """Whether an API server's time is of this run of the kubelet, not of an earlier one."""
    return datetime.now(UTC) - datetime.fromisoformat(moment) < HEARD_WITHIN
