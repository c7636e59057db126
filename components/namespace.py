"""The namespace: Pod Security "restricted", nothing passes the network unless named, a quota.

Passes: the gateway to the services' ports, pods of one color among themselves, and from pods
name look-ups, the database, Redis and HTTPS (the AI providers).
"""

from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.kube import KubeObject, name_of
from ops.body import Body
from ops.color import Color

EGRESS_PORTS: Final = (443,)
"""HTTPS: the AI providers and AWS."""


@dataclass
class NamespaceArgs:
    """What may pass, and how much may run.

    Both `cidrs` are addresses that requests of the gateway and of Prometheus come from where those
    are no pods of their namespace, `store_ports` the TCP ports of the database and Redis, `pods`
    the most pods that may exist at once.
    """

    name: str
    service_ports: tuple[int, ...]
    store_ports: tuple[int, ...]
    gateway_namespace: str
    gateway_cidrs: tuple[str, ...]
    monitoring_namespace: str
    monitoring_cidrs: tuple[str, ...]
    pods: int


class Namespace(pulumi.ComponentResource):
    """A namespace with its policies. `name` is there once the namespace is."""

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:namespace:Namespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        modes = ("enforce", "audit", "warn")
        namespace = KubeObject(
            name,
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": args.name,
                    "labels": {f"pod-security.kubernetes.io/{m}": "restricted" for m in modes},
                },
            },
            child,
        )
        self.name = name_of(namespace, args.name)
        for policy, spec in _policies(args).items():
            KubeObject(
                f"{name}-{policy}",
                {
                    "apiVersion": "networking.k8s.io/v1",
                    "kind": "NetworkPolicy",
                    "metadata": {"name": policy, "namespace": self.name},
                    "spec": spec,
                },
                child,
            )
        KubeObject(
            f"{name}-quota",
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "quota", "namespace": self.name},
                "spec": {"hard": {"pods": str(args.pods), "services.loadbalancers": "0"}},
            },
            child,
        )
        self.register_outputs({"name": self.name})


def _policies(args: NamespaceArgs) -> dict[str, Body]:
    web = _tcp(args.service_ports)
    cidrs = (*args.gateway_cidrs, *args.monitoring_cidrs)
    gateway = [
        _namespace_peer(args.gateway_namespace),
        _namespace_peer(args.monitoring_namespace),
        *({"ipBlock": {"cidr": cidr}} for cidr in dict.fromkeys(cidrs)),
    ]
    dns = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    out = _tcp((*args.store_ports, *EGRESS_PORTS))
    policies: dict[str, Body] = {
        "default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "allow-gateway": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": gateway, "ports": web}],
        },
        "allow-stores-and-https": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [{"ports": dns}, {"ports": out}],
        },
    }
    for color in Color:
        same: Body = {"podSelector": {"matchLabels": {"color": str(color)}}}
        policies[f"allow-within-{color}"] = {
            **same,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [same], "ports": web}],
            "egress": [{"to": [same], "ports": web}],
        }
    return policies


def _tcp(ports: tuple[int, ...]) -> list[Body]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _namespace_peer(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
