"""KWOK: a node whose pods are only said to run, where this machine can't run containers."""

import json

from local.addresses import KWOK_PORT, LOOPBACK, NODE_NAME, POD_NETWORK
from local.commands import run
from local.parts.base import Daemon, expect_http
from local.problems import NotReadyError
from local.stack import NodeKind

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": NODE_NAME, "labels": {"kubernetes.io/hostname": NODE_NAME}},
    "status": {
        "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
        "capacity": {"cpu": "16", "memory": "64Gi", "pods": "110"},
    },
}


class Kwok(Daemon):
    """Keeps the node and its pods at what the API server asks for."""

    name = "kwok"
    kinds = (NodeKind.SIMULATED,)
    needs = ("apiserver", "build kwok")
    ports = (KWOK_PORT,)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return [
            str(self.places.bin / "kwok"),
            f"--kubeconfig={self.places.kubeconfig}",
            f"--manage-single-node={NODE_NAME}",
            f"--node-name={NODE_NAME}",
            "--node-lease-duration-seconds=40",
            f"--cidr={POD_NETWORK}",
            f"--server-address={LOOPBACK}:{KWOK_PORT}",
        ]

    def prepare(self) -> None:
        """Declare the node: KWOK runs those that are there."""
        kubectl = [self.places.bin / "kubectl", f"--kubeconfig={self.places.kubeconfig}"]
        apply = ["apply", "--server-side", "--force-conflicts", "--filename=-"]
        run([*kubectl, *apply], stdin=json.dumps(NODE), timeout=60)

    def check(self) -> None:
        """Raise NotReadyError unless it is well and its node is Ready."""
        expect_http(f"http://{LOOPBACK}:{KWOK_PORT}/healthz")
        node = self.stack.api.get(f"/api/v1/nodes/{NODE_NAME}")
        conditions = node["status"].get("conditions", [])
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            raise NotReadyError(f"node {NODE_NAME} is not Ready")
