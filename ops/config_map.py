"""Changing a ConfigMap that others write too: the write names the version that was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.cluster import Cluster

Act = Callable[[Mapping[str, str] | None], Mapping[str, str | None] | None]
"""Gets the data (None: there is no such ConfigMap), gives what is to be set; None changes nothing.

A key that is set to None goes; one that is not named stays."""


def change(
    cluster: Cluster, name: str, act: Act, tries: int, again: str = "run this again"
) -> None:
    """Write what `act` makes of the data, made anew where somebody else wrote meanwhile.

    Raises what `act` raises, and CouldNotFindOut.
    """
    from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

    for _ in range(tries):
        found = cluster.get("ConfigMap", name)
        data = act(None if found is None else found.get("data") or {})
        if data is None:
            return
        try:
            if found is None:
                metadata = {"name": name}
                cluster.create(
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
                )
            else:
                version = {"resourceVersion": found["metadata"]["resourceVersion"]}
                cluster.patch("ConfigMap", name, {"metadata": version, "data": data})
        except Conflict:
            continue
        return
    raise CouldNotFindOut(
        f"the ConfigMap {name} was written by others {tries} times in a row: {again}"
    )
