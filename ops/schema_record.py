"""The record of schema levels in the cluster: read it, and add what a migration's pod said.

A pod says it in its termination message, which stays with the pod for as long as that exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.schema import Message, Record

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

TRIES: Final = 10
"""Two colors' migrations may end at the same moment, and each writes the whole record."""


def read(cluster: Cluster) -> Record:
    """The record; an empty one where nothing was recorded yet. Raises CouldNotFindOut."""
    found = cluster.get("ConfigMap", names.SCHEMA)
    return Record() if found is None else Record.from_data(found.get("data"))


def remember(cluster: Cluster, ref: str, message: Message) -> Record:
    """Add what the image `ref` said, whoever else writes at the same time."""
    from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

    for _ in range(TRIES):
        found = cluster.get("ConfigMap", names.SCHEMA)
        record = Record.from_data((found or {}).get("data")).with_message(ref, message)
        try:
            if found is None:
                cluster.create(_config_map(record))
            else:
                version = {"resourceVersion": found["metadata"]["resourceVersion"]}
                change = {"metadata": version, "data": record.to_data()}
                cluster.patch("ConfigMap", names.SCHEMA, change)
        except Conflict:
            continue
        return record
    raise CouldNotFindOut(
        f"the ConfigMap {names.SCHEMA} was written by others {TRIES} times in a row: run this again"
    )


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


def _config_map(record: Record) -> Body:
    metadata = {"name": names.SCHEMA}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": record.to_data(),
    }
