"""Kubernetes objects in memory, with the API server's rules for resource versions.

A write that names an old version is refused, one that changes nothing leaves the version as it was,
and nobody gets hold of the objects themselves.
"""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ops.cluster import Cluster, Conflict
from ops.errors import CouldNotFindOut

Body = dict[str, Any]


class Versioned(Cluster):
    """`before_write` is called first at each write, once: somebody else may be faster in it.

    `lose_answer`: the next patch is done, and its answer lost; the client asks once more.
    `no_answer`: the next patch is done, and nobody hears of it.
    """

    def __init__(self) -> None:
        self.namespace = "legal-ai"
        self.objects: dict[tuple[str, str], Body] = {}
        self.writes: builtins.list[str] = []
        self.is_down = False
        self.lose_answer = self.no_answer = False
        self.before_write: Callable[[], object] | None = None
        self._applied: dict[str, set[str]] = {}

    def get(self, kind: str, name: str) -> Body | None:
        self._answer()
        return copy.deepcopy(self.objects.get((kind, name)))

    def list(self, kind: str, labels: Mapping[str, str]) -> builtins.list[Body]:
        self._answer()
        found = [body for (each, _), body in self.objects.items() if each == kind]
        return [
            copy.deepcopy(body)
            for body in found
            if labels.items() <= body["metadata"].get("labels", {}).items()
        ]

    def list_if_known(self, kind: str) -> builtins.list[Body]:
        return self.list(kind, {})

    def create(self, body: Body) -> Body:
        self._answer()
        self._be_slow()
        key = (body["kind"], body["metadata"]["name"])
        if key in self.objects:
            raise Conflict(f"{key} exists")
        self.objects[key] = copy.deepcopy(body)
        self.objects[key]["metadata"]["resourceVersion"] = "1"
        self.writes.append(f"create {key[1]}")
        return copy.deepcopy(self.objects[key])

    def patch(self, kind: str, name: str, patch: Body) -> Body:
        self._answer()
        self._be_slow()
        version = patch.get("metadata", {}).get("resourceVersion")
        found = self.objects.get((kind, name))
        if found is None and version is None:
            raise CouldNotFindOut(f"there is no {kind} {name}")
        if found is None or version not in (None, found["metadata"]["resourceVersion"]):
            raise Conflict("the object has been modified")
        _write(found, patch)
        self.writes.append(f"patch {name}")
        if self.lose_answer:
            self.lose_answer = False
            return self.patch(kind, name, patch)
        if self.no_answer:
            self.no_answer = False
            raise CouldNotFindOut("the API server gave no answer")
        return copy.deepcopy(found)

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """As server-side apply: what it wrote before and does not now goes, the rest stays."""
        self._answer()
        self._be_slow()
        found = self.objects.setdefault(
            ("ConfigMap", name), {"metadata": {"name": name, "resourceVersion": "0"}, "data": {}}
        )
        gone = dict.fromkeys(self._applied.get(name, set()) - set(data))
        self._applied[name] = set(data)
        _write(found, {"data": {**gone, **data}})
        self.writes.append(f"put {name}")

    def delete(self, kind: str, name: str) -> None:
        self._answer()
        self.objects.pop((kind, name), None)

    def server_now(self) -> datetime:
        return datetime.now(UTC)

    def put(self, kind: str, name: str, body: Body) -> None:
        """Put an object there whole, as somebody else would."""
        before = self.objects.get((kind, name), {"metadata": {"resourceVersion": "0"}})
        version = int(before["metadata"]["resourceVersion"]) + 1
        self.objects[(kind, name)] = made = copy.deepcopy(body)
        made["metadata"] = {**made.get("metadata", {}), "name": name}
        made["metadata"]["resourceVersion"] = str(version)

    def config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Put a ConfigMap there."""
        self.put("ConfigMap", name, {"data": dict(data)})

    def others_write(self, name: str, written: Iterable[Mapping[str, str]]) -> None:
        """Before each of our writes somebody else puts it there with the next of these."""
        left = iter(written)

        def write() -> None:
            data = next(left, None)
            if data is not None:
                self.config_map(name, data)
                self.before_write = write

        self.before_write = write

    def data(self, name: str) -> dict[str, str] | None:
        """A ConfigMap's."""
        found = self.objects.get(("ConfigMap", name))
        return None if found is None else found["data"]

    def _answer(self) -> None:
        if self.is_down:
            raise CouldNotFindOut("the API server is down")

    def _be_slow(self) -> None:
        act, self.before_write = self.before_write, None
        if act is not None:
            act()


def merge(into: Body, patch: Mapping[str, Any]) -> bool:
    """Patch an object (RFC 7396), its version apart; whether that changed it."""
    version, before = into["metadata"]["resourceVersion"], copy.deepcopy(into)
    _merge(into, patch)
    into["metadata"]["resourceVersion"] = version
    return into != before


def _write(into: Body, patch: Mapping[str, Any]) -> None:
    if merge(into, patch):
        metadata = into["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)


def _merge(into: Body, patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, Mapping):
            if not isinstance(into.get(key), dict):
                into[key] = {}
            _merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)
