"""Who needs the schema: every color that runs, or that traffic can still be brought back to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import history, live, names, schema, schema_record
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.image import version_of
from ops.state import workload_state

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.operations import Operations


@dataclass(frozen=True)
class Tenant:
    """One image that a color is deployed with, by its reference.

    `image` is its range, None where that was not recorded. `weight` is the color's percentage of
    the public traffic, `served_at` when the version last got some, empty if it never did.
    """

    color: Color
    ref: str
    image: schema.Image | None
    replicas: int
    weight: int
    served_at: str = ""

    @property
    def version(self) -> str:
        """Tag or digest of the image."""
        return version_of(self.ref)

    @property
    def why(self) -> str:
        """Why it counts."""
        if self.weight:
            return f"{self.color} serves {self.weight} % of the public with {self.version}"
        if self.replicas:
            return f"{self.color} runs {self.version} ({self.replicas} replicas)"
        served = f", which served at {self.served_at}" if self.served_at else ""
        return f"{self.color} can be scaled up and gone back to with {self.version}{served}"

    def problem(self, database: schema.Database) -> str | None:
        """Why the image can't run on such a database. Raises CouldNotFindOut: range unknown."""
        if self.image is None:
            raise CouldNotFindOut(
                f"the schema range of {self.ref}, which {self.color} is deployed with, is not "
                f"recorded. Record it with `scripts/migrate.py verify --color {self.color} "
                f"--version {self.version}`"
            )
        return schema.problem(self.image, database)


def read(cluster: Cluster, operations: Operations) -> list[Tenant]:
    """Every color's image, by what is deployed. Raises CouldNotFindOut.

    A color with a version counts at zero replicas too: nothing but scaling up is between it and the
    public.
    """
    record = schema_record.read(cluster)
    route = live.whichever(cluster)
    weights = route.traffic.weights if route else operations.weights
    served = history.read(cluster).served
    return [
        Tenant(
            color=color,
            ref=ref,
            image=record.images.get(ref),
            replicas=replicas,
            weight=weights.get(color, 0),
            served_at=served.get(version_of(ref), {}).get("at", ""),
        )
        for color in Color
        for ref, replicas in _deployed(cluster, operations, color).items()
    ]


def contract_problems(tenants: Iterable[Tenant], after: schema.Database) -> list[str]:
    """Who would not fit once a contract has made the database `after`."""
    return [f"{tenant.why}: {problem}" for tenant in tenants if (problem := tenant.problem(after))]


def downgrade_problems(
    tenants: Iterable[Tenant], after: schema.Database
) -> tuple[Sequence[str], Sequence[str]]:
    """Who would not fit a schema taken back to `after`: those with traffic, and the others."""
    with_traffic: list[str] = []
    others: list[str] = []
    for tenant in tenants:
        if problem := tenant.problem(after):
            told = f"{tenant.why}: {problem}"
            (with_traffic if tenant.weight else others).append(told)
    return with_traffic, others


def _deployed(cluster: Cluster, operations: Operations, color: Color) -> dict[str, int]:
    """Images of the color's Deployment and of its pods that still run, with the replicas wanted."""
    service = operations.migrations.service
    deployment = cluster.get("Deployment", names.workload(service, color))
    if deployment is None:
        return {}
    pods = cluster.list("Pod", names.selector(service, color))
    state = workload_state(deployment, pods, service)
    old = {replica.image: 1 for replica in state.replicas if replica.image != state.image}
    return {**old, state.image: state.desired}
