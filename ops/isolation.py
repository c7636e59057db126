"""The namespace shut off: no route of it is at a gateway any more, until somebody reopens it.

Weights, holds and rollbacks are another matter and stay as they are: a route says them while it is
detached, too. The ConfigMap `traffic-isolated` says who did it and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import config_map, names
from ops.rewriting import rewrite
from ops.verdict import Finding, Severity

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

ISOLATED: Final = f"{names.DOMAIN}/isolated"
"""Annotation: why the route is detached. With it the API server denies every write that attaches
it again (`components/held_color.py`)."""
ATTACHED: Final = f"{names.DOMAIN}/attached"
"""Annotation: what the route was attached by, JSON."""
NO_CLASS: Final = "isolated"
"""The class of an Ingress that no controller serves."""
REOPEN: Final = "scripts/incident.py reopen"
_ATTACHED_BY: Final[Mapping[str, tuple[str, Any]]] = {
    "HTTPRoute": ("parentRefs", []),
    "Ingress": ("ingressClassName", NO_CLASS),
}
"""By kind: the field that attaches it to a gateway, and its value where it is attached to none."""


@dataclass(frozen=True)
class Isolation:
    """Why nobody gets in, since when (RFC 3339), and who shut it off."""

    reason: str
    at: str
    by: str

    @classmethod
    def read(cls, cluster: Cluster) -> Isolation | None:
        """The one that stands. One that can't be understood stands, too. Raises CouldNotFindOut."""
        found = cluster.get("ConfigMap", names.ISOLATION)
        if found is None:
            return None
        data = found.get("data") or {}
        return cls(*(str(data.get(key, "")) for key in ("reason", "at", "by")))

    def __str__(self) -> str:
        since, who = self.at or "an unknown time", self.by or "somebody"
        return f"the namespace is isolated since {since} by {who}: {self.reason}"


def findings(stands: Isolation | None) -> list[Finding]:
    """What speaks against a write of the public route."""
    if stands is None:
        return []
    help_ = f"`{REOPEN}` lets the public in again, then this can be done"
    return [Finding(Severity.REFUSED, str(stands), help_)]


def routes(cluster: Cluster) -> Iterator[Body]:
    """Every object by which requests come in from outside. Raises CouldNotFindOut."""
    for kind in _ATTACHED_BY:
        for body in cluster.list_if_known(kind):
            yield {**body, "kind": kind}


def is_detached(route: Mapping[str, Any]) -> bool:
    """Whether no gateway serves the route."""
    field, none = _ATTACHED_BY[str(route["kind"])]
    return bool(route["spec"].get(field, []) == none)


def isolate(cluster: Cluster, isolation: Isolation) -> tuple[Isolation, list[str]]:
    """Detach every route; what stands now, and the routes that were attached until now.

    The record comes first: from then on no `pulumi up` writes the public route. Raises
    CouldNotFindOut; done again, it goes on.
    """
    config_map.change(
        cluster,
        names.ISOLATION,
        lambda data: asdict(isolation) if data is None else None,
    )
    stands = Isolation.read(cluster) or isolation
    return stands, detach(cluster, stands)


def detach(cluster: Cluster, isolation: Isolation) -> list[str]:
    """Take every route that is attached off its gateway; their names. Raises CouldNotFindOut."""
    found = [(str(body["kind"]), str(body["metadata"]["name"])) for body in routes(cluster)]
    sentence = " ".join(str(isolation).split())
    return [
        f"{kind} {name}"
        for kind, name in found
        if _written(cluster, kind, name, lambda route: _detaching(route, sentence))
    ]


def reopen(cluster: Cluster) -> list[str]:
    """Attach every route as it was; their names. The record goes last. Raises CouldNotFindOut.

    Two writes each: as long as a route says that it is isolated, the API server keeps it off.
    """
    opened = []
    for body in list(routes(cluster)):
        kind, name = str(body["kind"]), str(body["metadata"]["name"])
        _written(cluster, kind, name, _unmarking)
        if _written(cluster, kind, name, _attaching):
            opened.append(f"{kind} {name}")
    cluster.delete("ConfigMap", names.ISOLATION)
    return opened


def _detaching(route: Body, sentence: str) -> Body | None:
    field, none = _ATTACHED_BY[route["kind"]]
    notes = _notes(route)
    if is_detached(route):
        marked = {"annotations": {ISOLATED: sentence}}
        return None if notes.get(ISOLATED) else {"metadata": marked}
    was = json.dumps(route["spec"].get(field))
    return {
        "metadata": {"annotations": {ISOLATED: sentence, ATTACHED: was}},
        "spec": {field: none},
    }


def _unmarking(route: Body) -> Body | None:
    marked = ISOLATED in _notes(route)
    return {"metadata": {"annotations": {ISOLATED: None}}} if marked else None


def _attaching(route: Body) -> Body | None:
    was = _notes(route).get(ATTACHED)
    if was is None:
        return None
    field, _ = _ATTACHED_BY[route["kind"]]
    change: Body = {"metadata": {"annotations": {ATTACHED: None}}}
    if is_detached(route):
        change["spec"] = {field: json.loads(was)}
    return change


def _written(cluster: Cluster, kind: str, name: str, make: Callable[[Body], Body | None]) -> bool:
    """Whether there was something to write; a route that is gone needs nothing."""

    def made(found: Body | None) -> Body | None:
        return None if found is None else make({**found, "kind": kind})

    return rewrite(cluster, kind, name, made)


def _notes(route: Mapping[str, Any]) -> Mapping[str, str]:
    return route["metadata"].get("annotations") or {}
