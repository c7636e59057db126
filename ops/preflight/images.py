"""What the images of a color turned out to be, by what its pods say: workers and cron jobs too.

A tag says nothing of what it points to; digests do, whichever registry they came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.errors import CouldNotFindOut
from ops.rollback import facts as rollback

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster
    from ops.color import Color

_PART: Final = "app.kubernetes.io/part-of"

Digests = Mapping[str, tuple[str, ...]]
"""By service; several where an image differs by architecture. Empty: no pod says it."""


@dataclass(frozen=True)
class Images:
    """What runs in a color. `background` are services that have pods in the active color alone."""

    digests: Digests
    background: frozenset[str] = frozenset()

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """What a journal keeps: a background service that has no pods yet is left out."""
        return {
            service: found
            for service, found in self.digests.items()
            if found or service not in self.background
        }


def running(cluster: Cluster, color: Color, version: str) -> Images | None:
    """What the color's pods run; None where it has another version. Raises CouldNotFindOut."""
    labels = {"color": str(color), _PART: "legal-ai"}
    bodies = [*cluster.list("Deployment", labels), *cluster.list("CronJob", labels)]
    images = {str(body["metadata"]["labels"]["app"]): _image(body) for body in bodies}
    if not images or rollback.version(images.values()) != version:
        return None
    pods = cluster.list("Pod", {"color": str(color)})
    return Images(
        {service: _digests(pods, service, image) for service, image in images.items()},
        frozenset(
            str(body["metadata"]["labels"]["app"])
            for body in bodies
            if names.KIND in body["metadata"]["labels"]
        ),
    )


def require_running(cluster: Cluster, color: Color, version: str) -> Images:
    """The same. Raises CouldNotFindOut where the color has another version, too."""
    found = running(cluster, color, version)
    if found is None:
        raise CouldNotFindOut(f"{color} does not run {version}")
    return found


def bare(digest: str) -> str:
    """Without the registry and the name in front: staging may pull from another one."""
    return digest.rpartition("@")[2]


def _image(body: Body) -> str:
    spec = body["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    service = body["metadata"]["labels"]["app"]
    return next(
        (str(each["image"]) for each in template["spec"]["containers"] if each["name"] == service),
        "",
    )


def _digests(pods: Iterable[Body], service: str, image: str) -> tuple[str, ...]:
    """Of its pods with that image: those of a deployment before may be there still."""
    found = {
        bare(str(status.get("imageID") or ""))
        for pod in pods
        if pod["metadata"].get("labels", {}).get("app") == service
        and _has(pod["spec"], service, image)
        for status in pod.get("status", {}).get("containerStatuses") or []
        if status.get("name") == service
    }
    return tuple(sorted(found - {""}))


def _has(spec: Mapping[str, Any], service: str, image: str) -> bool:
    return any(
        each["name"] == service and each["image"] == image for each in spec.get("containers") or []
    )
