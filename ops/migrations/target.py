"""Which image migrates, and in which environment: a color's, read from its live Deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.image import with_version

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

_OF_POD: Final = (
    "securityContext",
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "affinity",
    "volumes",
)
_OF_CONTAINER: Final = (
    "imagePullPolicy",
    "env",
    "envFrom",
    "resources",
    "securityContext",
    "volumeMounts",
)
"""What a migration has in common with the pods that serve; probes and ports it has not."""


@dataclass(frozen=True)
class Target:
    """A color's image, and what its pods have: `pod` and `container` are parts of their specs."""

    color: Color
    image: str
    pod: Mapping[str, Any]
    container: Mapping[str, Any]

    def with_version(self, version: str) -> Target:
        """The same with another tag or digest of the image."""
        return replace(self, image=with_version(self.image, version))


def find(cluster: Cluster, service: str, color: Color) -> Target:
    """The color's, or the other color's environment where this one is not deployed yet.

    Raises CouldNotFindOut where neither is.
    """
    for each in (color, color.other):
        deployment = cluster.get("Deployment", names.workload(service, each))
        if deployment is not None:
            return _of(deployment, service, color)
    raise CouldNotFindOut(
        f"neither {names.workload(service, color)} nor {names.workload(service, color.other)} is "
        f"deployed in namespace {cluster.namespace}, so there is no environment to migrate in. "
        "Run `pulumi up` first: it migrates an empty database by itself"
    )


def _of(deployment: Body, service: str, color: Color) -> Target:
    spec = deployment["spec"]["template"]["spec"]
    for container in spec["containers"]:
        if container["name"] == service:
            return Target(
                color=color,
                image=str(container["image"]),
                pod={key: spec[key] for key in _OF_POD if key in spec},
                container={key: container[key] for key in _OF_CONTAINER if key in container},
            )
    raise CouldNotFindOut(
        f"Deployment {deployment['metadata']['name']} has no container {service}, the service that "
        "migrates (legal-ai:migrations.service)"
    )
