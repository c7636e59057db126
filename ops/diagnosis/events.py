"""What Kubernetes warns of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.cluster import Cluster


def warnings(cluster: Cluster, kind: str, name: re.Pattern[str]) -> list[str]:
    """Warnings about the objects of a kind whose whole name is so, newest last, each once."""
    found = [
        event
        for event in cluster.list("Event", {})
        if event.get("type") == "Warning"
        and event.get("involvedObject", {}).get("kind") == kind
        and name.fullmatch(str(event["involvedObject"].get("name", "")))
    ]
    found.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return list(dict.fromkeys(f"{e.get('reason')}: {e.get('message')}" for e in found))
