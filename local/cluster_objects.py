"""What the cluster has before anything is deployed: types, the public gateway, and rights."""

import json

from local.builds import CLUSTER, OPERATOR_TYPES, Builder
from local.commands import run
from local.rights import rights
from local.stack import Stack

CONTROLLER = "projectcontour.io/gateway-controller"
GATEWAY_OBJECTS = (
    {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "gateway-system"},
    },
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "contour"},
        "spec": {"controllerName": CONTROLLER},
    },
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "namespace": "gateway-system"},
        "spec": {
            "gatewayClassName": "contour",
            "listeners": [
                {
                    "name": "http",
                    "port": 80,
                    "protocol": "HTTP",
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }
            ],
        },
    },
)


def apply_cluster_objects(stack: Stack) -> None:
    """Apply the types, wait until they are served, apply the objects; the same each time."""
    builder = Builder(stack.places)
    kubectl = [stack.places.bin / "kubectl", f"--kubeconfig={stack.places.kubeconfig}"]
    apply = [*kubectl, "apply", "--server-side", "--force-conflicts", "--field-manager=local-stack"]
    modules = [module for module, _ in (*CLUSTER.files, *OPERATOR_TYPES.files)]
    folders = [f"--filename={builder.manifests(module)}" for module in modules]
    run([*apply, *folders], timeout=120)
    run([*kubectl, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"])
    everything = {"apiVersion": "v1", "kind": "List", "items": [*GATEWAY_OBJECTS, *rights()]}
    run([*apply, "--filename=-"], stdin=json.dumps(everything), timeout=60)
