"""Workers and cron jobs: declared in both colors, running in the active one only.

They move after the public route has moved and was verified, and the color that loses them stops
before the other one starts. So they are changed last, standby first, with a hook that waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from components import environment, pods
from components.color_stack import ColorStack
from components.environment import Environment
from components.kube import KubeObject
from components.settings import ServiceSettings, Settings
from ops import names
from ops.body import Body
from ops.color import Color

STEADY_SECONDS: Final = 5
"""A worker has no probe: it counts as there when it has run this long."""
CATCH_UP_SECONDS: Final = 300
"""A run that nobody could start in time is made up for this long; later its next turn will do."""
RETRIES: Final = 2
KEPT_RUNS: Final = 3


@dataclass
class BackgroundArgs:
    """The stack's settings and colors, and the route once traffic was seen where it leads."""

    settings: Settings
    colors: Mapping[Color, ColorStack]
    namespace: pulumi.Input[str]
    verified: pulumi.Input[pulumi.Resource]
    hooks: pulumi.ResourceHookBinding | None = None


@dataclass(frozen=True)
class _One:
    """One service in one color; `replicas` are those it has while its color is the active one."""

    service: str
    color: Color
    settings: ServiceSettings
    metadata: Body
    image: str
    replicas: int
    is_active: bool


class Background(pulumi.ComponentResource):
    """The workers and cron jobs of all colors.

    They have no Service and no PodDisruptionBudget: nobody waits for their answer, and what is
    evicted finishes what it has in hand and is made anew.
    """

    def __init__(
        self, name: str, args: BackgroundArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("legal-ai:background:Background", name, None, opts)
        self._args = args
        active = args.settings.active_color
        # What is to run nothing waits for nothing else: a broken color must not keep its workers.
        stopped = self._color(active.other, [args.verified])
        self._color(active, [args.verified, *stopped, *args.colors[active].migrated])
        self.register_outputs({"activeColor": str(active)})

    def _color(
        self, color: Color, needs: list[pulumi.Input[pulumi.Resource]]
    ) -> list[pulumi.Resource]:
        if color not in self._args.colors:
            return []
        opts = pulumi.ResourceOptions(parent=self, hooks=self._args.hooks, depends_on=needs)
        services = self._args.settings.background_services()
        return [self._declare(color, service, services[service], opts) for service in services]

    def _declare(
        self, color: Color, service: str, settings: ServiceSettings, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        args, name = self._args, names.workload(service, color)
        labels = pods.labels(service, color, args.settings.version(color))
        metadata: Body = {
            "namespace": args.namespace,
            "labels": labels | {names.KIND: settings.kind},
        }
        env = environment.declare(
            metadata | {"name": f"{name}-config"},
            {**settings.env, "DEPLOYMENT_COLOR": str(color)},
            args.colors[color].secret if settings.secrets else None,
            pulumi.ResourceOptions(parent=self),
        )
        one = _One(
            service=service,
            color=color,
            settings=settings,
            metadata=metadata | {"name": name},
            image=args.settings.image(color, service),
            replicas=args.settings.replicas(color, service),
            is_active=color is args.settings.active_color,
        )
        body = _cron_job(one, env) if settings.kind == "cron" else _deployment(one, env)
        return KubeObject(f"{name}-{str(body['kind']).lower()}", body, opts)


def _deployment(one: _One, env: Environment) -> Body:
    timeout = one.settings.rollout_timeout_seconds
    selector = {"matchLabels": names.selector(one.service, one.color)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _noted(one, {"pulumi.com/timeoutSeconds": str(timeout)}),
        "spec": {
            "replicas": one.replicas if one.is_active else 0,
            "minReadySeconds": STEADY_SECONDS,
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": timeout,
            "selector": selector,
            "template": {
                "metadata": {"labels": one.metadata["labels"], "annotations": env.checksums},
                "spec": pods.pod(
                    _container(one, env),
                    terminationGracePeriodSeconds=one.settings.termination_grace_seconds,
                    topologySpreadConstraints=pods.spread(selector),
                ),
            },
        },
    }


def _cron_job(one: _One, env: Environment) -> Body:
    labels = {"labels": one.metadata["labels"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _noted(one),
        "spec": {
            "schedule": one.settings.schedule,
            "timeZone": "Etc/UTC",
            "suspend": not (one.is_active and one.replicas),
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": CATCH_UP_SECONDS,
            "successfulJobsHistoryLimit": KEPT_RUNS,
            "failedJobsHistoryLimit": KEPT_RUNS,
            "jobTemplate": {
                "metadata": labels,
                "spec": {
                    "backoffLimit": RETRIES,
                    "activeDeadlineSeconds": one.settings.run_timeout_seconds,
                    "template": {
                        "metadata": labels,
                        "spec": pods.pod(
                            _container(one, env),
                            restartPolicy="Never",
                            terminationGracePeriodSeconds=one.settings.termination_grace_seconds,
                        ),
                    },
                },
            },
        },
    }


def _noted(one: _One, notes: Mapping[str, str] | None = None) -> Body:
    annotations = {
        # The agent and the emergency scripts scale it; `up` must be able to as well.
        "pulumi.com/patchForce": "true",
        names.REPLICAS: str(one.replicas),
        **(notes or {}),
    }
    return one.metadata | {"annotations": annotations}


def _container(one: _One, env: Environment) -> Body:
    settings = one.settings
    container: Body = {
        "name": one.service,
        "image": one.image,
        "imagePullPolicy": settings.pull_policy,
        "envFrom": env.sources,
        "resources": pods.resources(settings.resources),
    }
    if settings.command:
        container["command"] = list(settings.command)
    return container
