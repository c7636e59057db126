"""One web service in one color: its Deployment, Service, PodDisruptionBudget and ConfigMap.

All are named `backend-blue`. A rollout never takes a ready pod away before its successor is ready,
and a pod that leaves goes on serving while the gateway learns that it leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from components import environment, pods
from components.environment import ColorSecret, Environment
from components.kube import KubeObject
from components.settings import ServiceSettings
from ops import names
from ops.body import Body
from ops.color import Color

PROBE_PERIOD_SECONDS: Final = 2
PROBE_TIMEOUT_SECONDS: Final = 3


@dataclass
class WorkloadArgs:
    """What one service in one color is made of.

    `needs` must be there before the first pod starts: the migration.
    """

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


class Workload(pulumi.ComponentResource):
    """One service in one color. `deployment` is awaited, `service` is there at once."""

    deployment: KubeObject
    service: KubeObject

    def __init__(
        self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:workload:Workload", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        env = environment.declare(
            _metadata(args, f"{name}-config"), _variables(args), args.secret, child
        )
        self.service = KubeObject(f"{name}-service", _service(args, name), child)
        KubeObject(
            f"{name}-budget",
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": _metadata(args, name),
                "spec": {
                    "maxUnavailable": 1,
                    "unhealthyPodEvictionPolicy": "AlwaysAllow",
                    "selector": _selector(args),
                },
            },
            child,
        )
        self.deployment = KubeObject(
            f"{name}-deployment",
            _deployment(args, name, env),
            pulumi.ResourceOptions(parent=self, hooks=args.hooks, depends_on=list(args.needs)),
        )
        self.register_outputs({"name": name})


def _variables(args: WorkloadArgs) -> dict[str, str]:
    """The version is not here: the image knows its own, so that a wrong image can't lie."""
    return {
        **args.settings.env,
        "DEPLOYMENT_COLOR": str(args.color),
        "PORT": str(args.settings.port),
    }


def _service(args: WorkloadArgs, name: str) -> Body:
    port = {"name": "http", "port": args.settings.port, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        # Its endpoints are the gate's business; waiting here costs 10 s and tells nothing.
        "metadata": _metadata(args, name, {"pulumi.com/skipAwait": "true"}),
        "spec": {"selector": names.selector(args.service, args.color), "ports": [port]},
    }


def _deployment(args: WorkloadArgs, name: str, env: Environment) -> Body:
    timeout = args.settings.rollout_timeout_seconds
    # The agent and the emergency scripts scale it; `up` must be able to as well.
    notes = {"pulumi.com/patchForce": "true", "pulumi.com/timeoutSeconds": str(timeout)}
    scrape = {"prometheus.io/scrape": "true", "prometheus.io/port": str(args.settings.port)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(args, name, notes),
        "spec": {
            "replicas": args.replicas,
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": timeout,
            "selector": _selector(args),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "50%"},
            },
            "template": {
                "metadata": {"labels": _labels(args), "annotations": env.checksums | scrape},
                "spec": pods.pod(
                    _container(args, env.sources),
                    terminationGracePeriodSeconds=args.settings.termination_grace_seconds,
                    topologySpreadConstraints=pods.spread(_selector(args)),
                ),
            },
        },
    }


def _container(args: WorkloadArgs, sources: list[Body]) -> Body:
    settings = args.settings
    container: Body = {
        "name": args.service,
        "image": args.image,
        "imagePullPolicy": settings.pull_policy,
        "ports": [{"name": "http", "containerPort": settings.port, "protocol": "TCP"}],
        "envFrom": sources,
        "resources": pods.resources(settings.resources),
        # A slow start is not a crash: it has as long as the rollout, and liveness counts after it.
        "startupProbe": _probe(
            settings.health_path, settings.rollout_timeout_seconds // PROBE_PERIOD_SECONDS
        ),
        "readinessProbe": _probe(settings.ready_path, failures=2),
        "livenessProbe": _probe(settings.health_path, failures=10),
        "lifecycle": {"preStop": {"sleep": {"seconds": settings.pre_stop_seconds}}},
    }
    if settings.command:
        container["command"] = list(settings.command)
    return container


def _probe(path: str, failures: int) -> Body:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": PROBE_PERIOD_SECONDS,
        "timeoutSeconds": PROBE_TIMEOUT_SECONDS,
        "failureThreshold": failures,
    }


def _labels(args: WorkloadArgs) -> dict[str, str]:
    return pods.labels(args.service, args.color, args.version)


def _selector(args: WorkloadArgs) -> Body:
    return {"matchLabels": names.selector(args.service, args.color)}


def _metadata(args: WorkloadArgs, name: str, notes: Mapping[str, str] | None = None) -> Body:
    metadata: Body = {"name": name, "namespace": args.namespace, "labels": _labels(args)}
    # An empty map would be a difference at every preview.
    return metadata | ({"annotations": dict(notes)} if notes else {})
