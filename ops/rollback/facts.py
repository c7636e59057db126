"""What a rollback is decided by: the live route, both colors, the hold, and what has served."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import history, live, names, schema_record
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.history import History, Workloads
from ops.hold import Hold
from ops.image import version_of
from ops.rollback.journal import Operation
from ops.schema import Fit, Record
from ops.state import LiveTraffic, WorkloadState, workload_state

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

_OURS: Final = {"app.kubernetes.io/part-of": "legal-ai"}


@dataclass(frozen=True)
class ColorFacts:
    """A color as it lives: each web service's Deployment (None: not there), and its version.

    `fit` is what is known of its image and the database's schema; None where nobody migrates.
    """

    version: str
    workloads: Workloads
    fit: Fit | None = None


@dataclass(frozen=True)
class Facts:
    """Everything, at one moment.

    `history` counts what is live now, written down or not; what is new in it began at `since`
    (RFC 3339).
    `failing` are the colors that an alert wants rolled back now, `shared` what fails that both
    stand on; whoever watches says so. `ended` are the rollbacks that are over, newest last.
    """

    live: LiveTraffic
    hold: Hold | None
    history: History
    since: str
    colors: Mapping[Color, ColorFacts]
    failing: frozenset[Color] = frozenset()
    shared: tuple[str, ...] = ()
    ended: tuple[Operation, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Evidence:
    """What fails besides what is asked about, as alerts tell it."""

    failing: Collection[Color] = ()
    shared: Collection[str] = ()


def read(
    cluster: Cluster,
    router: str,
    services: Collection[str],
    now: str,
    evidence: Evidence | None = None,
    ended: tuple[Operation, ...] = (),
) -> Facts:
    """Read them. `now` is RFC 3339. Raises CouldNotFindOut."""
    found = live.route(cluster, router)
    if found is None:
        raise CouldNotFindOut(
            f"there is no public route in namespace {cluster.namespace} (router {router}), so "
            "nothing can be rolled back. `pulumi up` makes it; is it the right namespace?"
        )
    stands, record = Hold.read(cluster), schema_record.read(cluster)
    deployments = cluster.list("Deployment", _OURS)
    workloads = _by_color(cluster, deployments, services)
    told = evidence or Evidence()
    since = _since(cluster) or now
    held = stands.color if stands else None
    return Facts(
        live=found.traffic,
        hold=stands,
        history=history.read(cluster).seen(found.traffic, workloads, since, held),
        since=since,
        colors={
            color: ColorFacts(
                version=version(state.image for state in states.values() if state),
                workloads=states,
                fit=_fit(record, _images(deployments, color)),
            )
            for color, states in workloads.items()
        },
        failing=frozenset(told.failing),
        shared=tuple(told.shared),
        ended=ended,
    )


def deployed(cluster: Cluster, services: Collection[str]) -> dict[Color, Workloads]:
    """Both colors' web services as they live. Raises CouldNotFindOut."""
    return _by_color(cluster, cluster.list("Deployment", _OURS), services)


def version(images: Iterable[str]) -> str:
    """Tag or digest of a color's images, which is the same for all; empty where there are none."""
    return version_of(next(iter(images), ""))


def _since(cluster: Cluster) -> str:
    """When an `up` that is on its way began to move the route; empty where none is."""
    marker = cluster.get("ConfigMap", names.UNVERIFIED) or {}
    return str((marker.get("data") or {}).get("since") or "")


def _by_color(
    cluster: Cluster, deployments: Iterable[Body], services: Collection[str]
) -> dict[Color, Workloads]:
    by_name = {str(body["metadata"]["name"]): body for body in deployments}
    # Without labels: a pod that a Service selects by mistake counts too.
    pods = cluster.list("Pod", {})
    return {
        color: {service: _state(service, color, by_name, pods) for service in services}
        for color in Color
    }


def _state(
    service: str, color: Color, deployments: Mapping[str, Body], pods: Iterable[Body]
) -> WorkloadState | None:
    deployment = deployments.get(names.workload(service, color))
    if deployment is None:
        return None
    wanted = names.selector(service, color).items()
    mine = [pod for pod in pods if wanted <= (pod["metadata"].get("labels") or {}).items()]
    return workload_state(deployment, mine, service)


def _images(deployments: Iterable[Body], color: Color) -> list[str]:
    """Every image of the color, workers' too: one of them migrates."""
    return [
        str(container["image"])
        for body in deployments
        if (body["metadata"].get("labels") or {}).get("color") == color
        for container in body["spec"]["template"]["spec"]["containers"]
    ]


def _fit(record: Record, images: Iterable[str]) -> Fit | None:
    if record.database is None and not record.images:
        return None
    refs = list(images)
    ref = next((each for each in refs if each in record.images), refs[0] if refs else "")
    return Fit(ref, record.images.get(ref), record.database)
