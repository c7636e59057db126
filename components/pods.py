"""What every pod of ours has in common: the restricted security context and its writable /tmp."""

from typing import Final

from components.kube import Body
from components.settings import ResourcesSettings

USER_ID: Final = 10001
"""Neither root nor a user of the node; the images' files are readable by all."""


def pod(container: Body, **more: object) -> Body:
    """A pod's spec around its one container, as Pod Security "restricted" wants it.

    Its root file system is read-only; /tmp is a small folder that goes with the pod.
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
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
        "containers": [
            {
                **container,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 a pod's own
            }
        ],
        **more,
    }


def resources(settings: ResourcesSettings) -> Body:
    """What the pod is promised and may use; an empty map would be a difference for ever."""
    given = {"requests": dict(settings.requests), "limits": dict(settings.limits)}
    return {key: amounts for key, amounts in given.items() if amounts}
