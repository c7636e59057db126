"""Kubernetes objects in memory: a write that names an old resource version is refused."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ops.cluster import Cluster, Conflict
from ops.errors import CouldNotFindOut

Body = dict[str, Any]


class Versioned(Cluster):
    """`before_write` is called first at each write, once: somebody else may be faster in it."""

    def __init__(self) -> None:
        self.namespace = "legal-ai"
        self.objects: dict[tuple[str, str], Body] = {}
        self.writes: builtins.list[str] = []
        self.is_down = False
        self.before_write: Callable[[], object] | None = None

    def get(self, kind: str, name: str) -> Body | None:
        self._answer()
        return _copy(self.objects.get((kind, name)))

    def create(self, body: Body) -> Body:
        self._answer()
        self._be_slow()
        key = (body["kind"], body["metadata"]["name"])
        if key in self.objects:
            raise Conflict(f"{key} exists")
        self.objects[key] = {**body, "metadata": {**body["metadata"], "resourceVersion": "1"}}
        self.writes.append(f"create {key[1]}")
        return self.objects[key]

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        self._answer()
        self._be_slow()
        found = self.objects[(kind, name)]
        version = patch.get("metadata", {}).get("resourceVersion")
        if version not in (None, found["metadata"]["resourceVersion"]):
            raise Conflict("the object has been modified")
        _merge(found, patch)
        found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
        self.writes.append(f"patch {name}")
        return found

    def delete(self, kind: str, name: str) -> None:
        self._answer()
        self.objects.pop((kind, name), None)

    def server_now(self) -> datetime:
        return datetime.now(UTC)

    def config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Put one there, as somebody else would."""
        metadata = {"name": name, "resourceVersion": "1"}
        self.objects[("ConfigMap", name)] = {"metadata": metadata, "data": dict(data)}

    def _answer(self) -> None:
        if self.is_down:
            raise CouldNotFindOut("the API server is down")

    def _be_slow(self) -> None:
        act, self.before_write = self.before_write, None
        if act is not None:
            act()


def _copy(body: Body | None) -> Body | None:
    found: Body | None = json.loads(json.dumps(body))
    return found


def _merge(into: Body, patch: Body) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
