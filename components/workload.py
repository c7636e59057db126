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

from components import pods
from components.kube import Body, KubeObject, name_of
from components.settings import ServiceSettings
from ops import names
from ops.color import Color

PROBE_PERIOD_SECONDS: Final = 2
PROBE_TIMEOUT_SECONDS: Final = 3
SPREAD_OVER: Final = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


@dataclass(frozen=True)
class ColorSecret:
    """The color's Secret: its name, and a checksum that changes when its content does."""

    name: pulumi.Input[str]
    checksum: str


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
        env = _environment(args)
        config = KubeObject(
            f"{name}-config",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": _metadata(args, f"{name}-config"),
                "data": env,
            },
            child,
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
        sources: list[Body] = [{"configMapRef": {"name": name_of(config, f"{name}-config")}}]
        if args.secret:
            sources.append({"secretRef": {"name": args.secret.name}})
        self.deployment = KubeObject(
            f"{name}-deployment",
            _deployment(args, name, sources, checksum(env)),
            pulumi.ResourceOptions(parent=self, hooks=args.hooks, depends_on=list(args.needs)),
        )
        self.register_outputs({"name": name})


def checksum(content: Mapping[str, str]) -> str:
    """A short digest that changes when any key or value does."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _environment(args: WorkloadArgs) -> dict[str, str]:
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


def _deployment(args: WorkloadArgs, name: str, sources: list[Body], config: str) -> Body:
    timeout = args.settings.rollout_timeout_seconds
    # The agent and the emergency scripts scale it; `up` must be able to as well.
    notes = {"pulumi.com/patchForce": "true", "pulumi.com/timeoutSeconds": str(timeout)}
    checksums = {f"{names.DOMAIN}/config-checksum": config}
    if args.secret:
        checksums[f"{names.DOMAIN}/secret-checksum"] = args.secret.checksum
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
                "metadata": {"labels": _labels(args), "annotations": checksums | scrape},
                "spec": pods.pod(
                    _container(args, sources),
                    terminationGracePeriodSeconds=args.settings.termination_grace_seconds,
                    topologySpreadConstraints=[
                        {
                            "maxSkew": 1,
                            "topologyKey": key,
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": _selector(args),
                            "matchLabelKeys": ["pod-template-hash"],
                        }
                        for key in SPREAD_OVER
                    ],
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
        # A slow start is not a crash: liveness counts only once the start-up probe passed.
        "startupProbe": _probe(settings.health_path, failures=30),
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
    return {
        **names.selector(args.service, args.color),
        "app.kubernetes.io/name": args.service,
        "app.kubernetes.io/part-of": "legal-ai",
        "app.kubernetes.io/version": args.version.replace(":", "-")[:63],
    }


def _selector(args: WorkloadArgs) -> Body:
    return {"matchLabels": names.selector(args.service, args.color)}


def _metadata(args: WorkloadArgs, name: str, notes: Mapping[str, str] | None = None) -> Body:
    metadata: Body = {"name": name, "namespace": args.namespace, "labels": _labels(args)}
    # An empty map would be a difference at every preview.
    return metadata | ({"annotations": dict(notes)} if notes else {})
