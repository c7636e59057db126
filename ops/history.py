"""What has served the public, ConfigMap `traffic-history`: the ground that a way back stands on.

The gate writes it after each move that it saw work, rollbacks after theirs, and the agent while it
watches. `History.seen` is pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ops import config_map, names
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.state import LiveTraffic, WorkloadState

if TYPE_CHECKING:
    from ops.cluster import Cluster

LENGTH: Final = 50
"""How many served versions are remembered."""

Workloads = Mapping[str, WorkloadState | None]


@dataclass(frozen=True)
class Whole:
    """How a color was when it served all traffic: by service image, digests, replicas.

    A digest is the container runtime's imageID; several (an image by architecture) are separated by
    commas; empty where the runtime gave none. `at` is when it was first seen so, RFC 3339.
    """

    images: Mapping[str, str]
    digests: Mapping[str, str]
    replicas: Mapping[str, int]
    at: str


@dataclass(frozen=True)
class History:
    """What is known by color. Times are RFC 3339, weights percent.

    `whole`: as which it served all traffic. `gained`: when its weight last rose, `began`: when it
    last rose from nothing. `weights` were seen last. `served` has the versions that served the
    public at all, newest last.
    """

    served: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    whole: Mapping[Color, Whole] = field(default_factory=dict)
    gained: Mapping[Color, str] = field(default_factory=dict)
    began: Mapping[Color, str] = field(default_factory=dict)
    weights: Mapping[Color, int] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, str] | None) -> History:
        """Read the ConfigMap's data. One that can't be understood is not an empty one."""
        given = data or {}
        try:
            read = {key: json.loads(given.get(key, "{}")) for key in _KEYS}
            return cls(
                served=dict(read["served"]),
                whole={Color(color): Whole(**was) for color, was in read["whole"].items()},
                gained={Color(color): str(at) for color, at in read["gained"].items()},
                began={Color(color): str(at) for color, at in read["began"].items()},
                weights={Color(color): int(percent) for color, percent in read["weights"].items()},
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise CouldNotFindOut(
                f"the ConfigMap {names.HISTORY} can't be understood ({type(error).__name__}: "
                f"{error}). Mend it, or delete it and run `pulumi up`: no rollback has proven "
                "ground until it was written anew"
            ) from error

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data."""
        return {key: json.dumps(value) for key, value in asdict(self).items()}

    def seen(
        self, live: LiveTraffic, colors: Mapping[Color, Workloads], at: str, held: Color | None
    ) -> History:
        """The history once the route was seen as it is in `live`, at the time `at`.

        A color that has everything is remembered as it is, if all of it is well and nobody held it.
        """
        gained, began, whole = dict(self.gained), dict(self.began), dict(self.whole)
        for color in Color:
            before, now = self.weights.get(color, 0), live.weights.get(color, 0)
            if now > before:
                gained[color] = at
            if now > before == 0:
                began[color] = at
            alone = now == 100 and not live.has_traffic(color.other)
            if alone and color is not held:
                was = _whole(colors.get(color, {}), at)
                if was is not None and not _is_same(was, whole.get(color)):
                    whole[color] = was
        weights = {color: weight for color, weight in live.weights.items() if weight}
        return replace(self, gained=gained, began=began, whole=whole, weights=weights)

    def with_served(self, versions: Mapping[Color, str], at: str) -> History:
        """The history with versions that serve the public now; the oldest are forgotten."""
        served = dict(self.served)
        for color, version in versions.items():
            served.pop(version, None)
            served[version] = {"color": str(color), "at": at}
        return replace(self, served=dict(list(served.items())[-LENGTH:]))

    def without_proof(self, color: Color) -> History:
        """The history once the color was rolled back: as it is, nothing may go back to it."""
        return replace(self, whole={c: was for c, was in self.whole.items() if c is not color})


_KEYS: Final = ("served", "whole", "gained", "began", "weights")


def read(cluster: Cluster) -> History:
    """The history; an empty one where nothing has served yet. Raises CouldNotFindOut."""
    found = cluster.get("ConfigMap", names.HISTORY)
    return History() if found is None else History.from_data(found.get("data"))


def change(cluster: Cluster, act: Callable[[History], History]) -> None:
    """Write what `act` makes of it, whoever else writes at the same time; nothing if it's the same.

    Raises CouldNotFindOut.
    """

    def changed(data: Mapping[str, str] | None) -> Mapping[str, str] | None:
        before = History.from_data(data)
        after = act(before)
        return None if after == before else after.to_data()

    config_map.change(cluster, names.HISTORY, changed)


def digests_of(workload: WorkloadState) -> str:
    """The digests of what its pods run, as `Whole` has them."""
    return ",".join(sorted({replica.digest for replica in workload.replicas if replica.digest}))


def _whole(workloads: Workloads, at: str) -> Whole | None:
    """How the color is, None unless all of it is there and well."""
    there = {service: state for service, state in workloads.items() if state is not None}
    if not there or len(there) < len(workloads) or not all(map(_is_well, there.values())):
        return None
    return Whole(
        images={service: state.image for service, state in there.items()},
        digests={service: digests_of(state) for service, state in there.items()},
        replicas={service: state.desired for service, state in there.items()},
        at=at,
    )


def _is_well(state: WorkloadState) -> bool:
    ready = [replica for replica in state.replicas if replica.ready]
    return (
        state.is_observed
        and 0 < state.desired <= min(state.updated, state.available, len(ready))
        and all(replica.image == state.image for replica in state.replicas)
    )


def _is_same(one: Whole, other: Whole | None) -> bool:
    return other is not None and replace(one, at=other.at) == other
