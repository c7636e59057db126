"""One service in one color: its Deployment, Service, PodDisruptionBudget and ConfigMap.

All are named `backend-blue`. A rollout never takes a ready pod away before its successor is ready,
and a pod that leaves goes on serving while the gateway learns that it leaves.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components import pods
from components.settings import ServiceSettings
from ops import names
from ops.color import Color

PROBE_PERIOD_SECONDS: Final = 2
ZONE_LABEL: Final = "topology.kubernetes.io/zone"
NODE_LABEL: Final = "kubernetes.io/hostname"


@dataclass(frozen=True)
class ColorSecret:
    """The color's Secret: its name, and a checksum that changes when its content does."""

    name: pulumi.Input[str]
    checksum: pulumi.Input[str]
    keys: tuple[str, ...]


@dataclass
class WorkloadArgs:
    """What one service in one color is made of."""

    namespace: pulumi.Input[str]
    service: str
    color: Color
    version: str
    image: str
    replicas: int
    settings: ServiceSettings
    secret: ColorSecret | None
    hooks: pulumi.ResourceHookBinding | None = None
    needs: tuple[pulumi.Resource, ...] = ()
    """What must be there before the first pod starts: the migration."""


class Workload(pulumi.ComponentResource):
    """One service in one color. `deployment` is awaited, `service` is there at once."""

    deployment: k8s.apps.v1.Deployment
    service: k8s.core.v1.Service

    def __init__(
        self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:workload:Workload", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        env = _environment(args)
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata=_metadata(args, f"{name}-config"),
            data=env,
            opts=child,
        )
        self.service = k8s.core.v1.Service(
            f"{name}-service",
            # Its endpoints are the gate's business; waiting here costs 10 s and tells nothing.
            metadata=_metadata(args, name, {"pulumi.com/skipAwait": "true"}),
            spec=k8s.core.v1.ServiceSpecArgs(
                selector=names.selector(args.service, args.color),
                ports=[
                    k8s.core.v1.ServicePortArgs(
                        name="http", port=args.settings.port, target_port="http", protocol="TCP"
                    )
                ],
            ),
            opts=child,
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata=_metadata(args, name),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                unhealthy_pod_eviction_policy="AlwaysAllow",
                selector=_selector(args),
            ),
            opts=child,
        )
        self.deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=_metadata(
                args,
                name,
                {
                    # The agent and the emergency scripts scale it; `up` must be able to as well.
                    "pulumi.com/patchForce": "true",
                    "pulumi.com/timeoutSeconds": str(args.settings.rollout_timeout_seconds),
                },
            ),
            spec=_deployment_spec(args, config, env),
            opts=pulumi.ResourceOptions(parent=self, hooks=args.hooks, depends_on=list(args.needs)),
        )
        self.register_outputs({"name": name})


def checksum(content: Mapping[str, str]) -> str:
    """A short digest that changes when any key or value does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _deployment_spec(
    args: WorkloadArgs, config: k8s.core.v1.ConfigMap, env: Mapping[str, str]
) -> k8s.apps.v1.DeploymentSpecArgs:
    annotations: dict[str, pulumi.Input[str]] = {
        f"{names.DOMAIN}/config-checksum": checksum(env),
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(args.settings.port),
    }
    if args.secret:
        annotations[f"{names.DOMAIN}/secret-checksum"] = args.secret.checksum
    return k8s.apps.v1.DeploymentSpecArgs(
        replicas=args.replicas,
        revision_history_limit=3,
        progress_deadline_seconds=args.settings.rollout_timeout_seconds,
        selector=_selector(args),
        strategy=k8s.apps.v1.DeploymentStrategyArgs(
            type="RollingUpdate",
            rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(
                max_unavailable=0, max_surge="50%"
            ),
        ),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=_labels(args), annotations=annotations),
            spec=_pod_spec(args, config),
        ),
    )


def _pod_spec(args: WorkloadArgs, config: k8s.core.v1.ConfigMap) -> k8s.core.v1.PodSpecArgs:
    return k8s.core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=args.settings.termination_grace_seconds,
        security_context=pods.pod_security(),
        topology_spread_constraints=[
            k8s.core.v1.TopologySpreadConstraintArgs(
                max_skew=1,
                topology_key=key,
                when_unsatisfiable="ScheduleAnyway",
                label_selector=_selector(args),
                match_label_keys=["pod-template-hash"],
            )
            for key in (ZONE_LABEL, NODE_LABEL)
        ],
        volumes=[pods.tmp_volume()],
        containers=[
            k8s.core.v1.ContainerArgs(
                name=args.service,
                image=args.image,
                image_pull_policy=args.settings.pull_policy,
                command=list(args.settings.command) if args.settings.command else None,
                ports=[
                    k8s.core.v1.ContainerPortArgs(
                        name="http", container_port=args.settings.port, protocol="TCP"
                    )
                ],
                env_from=_env_from(args, config),
                resources=pods.resources(args.settings.resources),
                security_context=pods.container_security(),
                volume_mounts=[pods.tmp_mount()],
                # A slow start is not a crash: liveness counts only once the start-up probe passed.
                startup_probe=_probe(args.settings.health_path, failures=30),
                readiness_probe=_probe(args.settings.ready_path, failures=2),
                liveness_probe=_probe(args.settings.health_path, failures=10),
                lifecycle=k8s.core.v1.LifecycleArgs(
                    pre_stop=k8s.core.v1.LifecycleHandlerArgs(
                        sleep=k8s.core.v1.SleepActionArgs(seconds=args.settings.pre_stop_seconds)
                    )
                ),
            )
        ],
    )


def _env_from(
    args: WorkloadArgs, config: k8s.core.v1.ConfigMap
) -> list[k8s.core.v1.EnvFromSourceArgs]:
    sources = [
        k8s.core.v1.EnvFromSourceArgs(
            config_map_ref=k8s.core.v1.ConfigMapEnvSourceArgs(name=config.metadata.name)
        )
    ]
    if args.secret:
        sources.append(
            k8s.core.v1.EnvFromSourceArgs(
                secret_ref=k8s.core.v1.SecretEnvSourceArgs(name=args.secret.name)
            )
        )
    return sources


def _environment(args: WorkloadArgs) -> dict[str, str]:
    """The version is not here: the image knows its own, so that a wrong image can't lie."""
    return {
        **args.settings.env,
        "DEPLOYMENT_COLOR": str(args.color),
        "PORT": str(args.settings.port),
    }


def _probe(path: str, failures: int) -> k8s.core.v1.ProbeArgs:
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=path, port="http"),
        period_seconds=PROBE_PERIOD_SECONDS,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def _labels(args: WorkloadArgs) -> dict[str, str]:
    return {
        **names.selector(args.service, args.color),
        "app.kubernetes.io/name": args.service,
        "app.kubernetes.io/part-of": "legal-ai",
        "app.kubernetes.io/version": args.version.replace(":", "-")[:63],
    }


def _selector(args: WorkloadArgs) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels=names.selector(args.service, args.color))


def _metadata(
    args: WorkloadArgs, name: str, annotations: Mapping[str, str] | None = None
) -> k8s.meta.v1.ObjectMetaArgs:
    return k8s.meta.v1.ObjectMetaArgs(
        name=name,
        namespace=args.namespace,
        labels=_labels(args),
        # An empty map would be a difference at every preview.
        annotations=dict(annotations) if annotations else None,
    )
