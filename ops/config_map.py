"""Changing a ConfigMap that others write too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ops.rewriting import rewrite

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

Act = Callable[[Mapping[str, str] | None], Mapping[str, str | None] | None]
"""Gets the data (None: there is no such ConfigMap), gives what is to be set; None changes nothing.

A key that is set to None goes; one that is not named stays."""


def change(cluster: Cluster, name: str, act: Act, again: str = "run this again") -> None:
    """Write what `act` makes of the data, made anew where somebody else wrote meanwhile.

    Raises what `act` raises, and CouldNotFindOut, which ends by what to do: `again`.
    """

    def made(found: Body | None) -> Body | None:
        data = act(None if found is None else found.get("data") or {})
        if data is None or found is not None:
            return None if data is None else {"data": data}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": data,
        }

    rewrite(cluster, "ConfigMap", name, made, again)
