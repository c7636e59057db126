"""What every pod of ours has in common: the restricted security context and its writable /tmp."""

from collections.abc import Sequence
from typing import Final

from components.settings import ResourcesSettings
from ops import names
from ops.body import Body
from ops.color import Color

USER_ID: Final = 10001
"""Neither root nor a user of the node; the images' files are readable by all."""
SPREAD_OVER: Final = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def pod(container: Body, volumes: Sequence[Body] = (), **more: object) -> Body:
    """A pod's spec around its one container, as Pod Security "restricted" wants it.

    Its root file system is read-only; /tmp is a small folder that goes with the pod. `volumes` are
    those that the container's own `volumeMounts` name.
    """
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [*volumes, {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        "containers": [
            {
                # A container that crashes leaves its last lines where every tool shows them.
                "terminationMessagePolicy": "FallbackToLogsOnError",
                **container,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    *container.get("volumeMounts", []),
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 a pod's own
                ],
            }
        ],
        **more,
    }


def resources(settings: ResourcesSettings) -> Body:
    """What the pod is promised and may use; an empty map would be a difference for ever."""
    given = {"requests": dict(settings.requests), "limits": dict(settings.limits)}
    return {key: amounts for key, amounts in given.items() if amounts}


def labels(service: str, color: Color, version: str) -> dict[str, str]:
    """What the objects and pods of one service in one color are found by."""
    return {
        **names.selector(service, color),
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/part-of": "legal-ai",
        "app.kubernetes.io/version": version.replace(":", "-")[:63],
    }


def spread(selector: Body) -> list[Body]:
    """Constraints that keep the pods of one version apart, over zones and over nodes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector,
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in SPREAD_OVER
    ]
