"""The namespace: Pod Security "restricted", nothing passes the network unless named, a quota.

Passes: the gateway to the services' ports, pods of one color among themselves, and from pods
name look-ups, the database, Redis and HTTPS (the AI providers).
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

EGRESS_PORTS: Final = (443,)
"""HTTPS: the AI providers and AWS."""


@dataclass
class NamespaceArgs:
    """What may pass, and how much may run.

    `gateway_cidrs` are the addresses that the gateway's requests come from, `store_ports` the TCP
    ports of the database and Redis, `pods` the most pods that may exist at once.
    """

    name: str
    service_ports: tuple[int, ...]
    store_ports: tuple[int, ...]
    gateway_namespace: str
    gateway_cidrs: tuple[str, ...]
    pods: int
    monitoring_namespace: str = "monitoring"


class Namespace(pulumi.ComponentResource):
    """A namespace with its policies. `name` is there once the namespace is."""

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:namespace:Namespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = k8s.core.v1.Namespace(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=args.name,
                labels={
                    f"pod-security.kubernetes.io/{mode}": "restricted"
                    for mode in ("enforce", "audit", "warn")
                },
            ),
            opts=child,
        )
        self.name = namespace.metadata.name.apply(lambda given: given or args.name)
        for policy, spec in _policies(args).items():
            k8s.networking.v1.NetworkPolicy(
                f"{name}-{policy}",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=policy, namespace=self.name),
                spec=spec,
                opts=child,
            )
        k8s.core.v1.ResourceQuota(
            f"{name}-quota",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="quota", namespace=self.name),
            spec=k8s.core.v1.ResourceQuotaSpecArgs(
                hard={"pods": str(args.pods), "services.loadbalancers": "0"}
            ),
            opts=child,
        )
        self.register_outputs({"name": self.name})


def _policies(args: NamespaceArgs) -> dict[str, k8s.networking.v1.NetworkPolicySpecArgs]:
    net = k8s.networking.v1
    everything = k8s.meta.v1.LabelSelectorArgs()
    web = [net.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in args.service_ports]
    gateway = [
        _namespace_peer(args.gateway_namespace),
        _namespace_peer(args.monitoring_namespace),
        *(
            net.NetworkPolicyPeerArgs(ip_block=net.IPBlockArgs(cidr=cidr))
            for cidr in args.gateway_cidrs
        ),
    ]
    dns = [net.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
    out = [
        net.NetworkPolicyPortArgs(port=port, protocol="TCP")
        for port in (*args.store_ports, *EGRESS_PORTS)
    ]
    policies = {
        "default-deny": net.NetworkPolicySpecArgs(
            pod_selector=everything, policy_types=["Ingress", "Egress"]
        ),
        "allow-gateway": net.NetworkPolicySpecArgs(
            pod_selector=everything,
            policy_types=["Ingress"],
            ingress=[net.NetworkPolicyIngressRuleArgs(from_=gateway, ports=web)],
        ),
        "allow-stores-and-https": net.NetworkPolicySpecArgs(
            pod_selector=everything,
            policy_types=["Egress"],
            egress=[
                net.NetworkPolicyEgressRuleArgs(ports=dns),
                net.NetworkPolicyEgressRuleArgs(ports=out),
            ],
        ),
    }
    for color in ("blue", "green"):
        same = net.NetworkPolicyPeerArgs(pod_selector=_color(color))
        policies[f"allow-within-{color}"] = net.NetworkPolicySpecArgs(
            pod_selector=_color(color),
            policy_types=["Ingress", "Egress"],
            ingress=[net.NetworkPolicyIngressRuleArgs(from_=[same], ports=web)],
            egress=[net.NetworkPolicyEgressRuleArgs(to=[same], ports=web)],
        )
    return policies


def _color(color: str) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels={"color": color})


def _namespace_peer(name: str) -> k8s.networking.v1.NetworkPolicyPeerArgs:
    return k8s.networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=k8s.meta.v1.LabelSelectorArgs(
            match_labels={"kubernetes.io/metadata.name": name}
        )
    )
