"""The record of schema levels in the cluster: read it, and add what a migration's pod said.

A pod says it in its termination message, which stays with the pod for as long as that exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ops import config_map, names
from ops.color import Color
from ops.schema import Message, Record

if TYPE_CHECKING:
    from ops.cluster import Cluster


def read(cluster: Cluster) -> Record:
    """The record; an empty one where nothing was recorded yet. Raises CouldNotFindOut."""
    found = cluster.get("ConfigMap", names.SCHEMA)
    return Record() if found is None else Record.from_data(found.get("data"))


def remember(cluster: Cluster, ref: str, message: Message) -> None:
    """Add what the image `ref` said, whoever else writes at the same time."""

    def remembered(data: Mapping[str, str] | None) -> Mapping[str, str]:
        return Record.from_data(data).with_message(ref, message).to_data()

    config_map.change(cluster, names.SCHEMA, remembered)


def said_by_color(cluster: Cluster, color: Color) -> list[tuple[str, Message]]:
    """What the pods that migrated for a color have said, by image."""
    return said(cluster.list("Pod", {"app": names.MIGRATE, "color": str(color)}))


def said_by_job(cluster: Cluster, job: str) -> list[tuple[str, Message]]:
    """What the pods of a Job have said, by image."""
    return said(cluster.list("Pod", {"job-name": job}))


def said(pods: Iterable[Mapping[str, Any]]) -> list[tuple[str, Message]]:
    """Image and message of each pod that has left one."""
    found = []
    for pod in pods:
        message = Message.parse(ended(pod).get("message") or "")
        if message is not None:
            found.append((image_of(pod), message))
    return found


def ended(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the migrating container ended (`exitCode`, `message` …); empty while it has not."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        if status["name"] == names.MIGRATE:
            found: Mapping[str, Any] = status.get("state", {}).get("terminated") or {}
            return found
    return {}


def image_of(pod: Mapping[str, Any]) -> str:
    """The image that the migrating container was made from, as it was asked for."""
    images = {c["name"]: c["image"] for c in pod["spec"]["containers"]}
    return str(images.get(names.MIGRATE, ""))
