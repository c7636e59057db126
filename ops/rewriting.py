"""Changing an object that others write too: the write names the version that was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ops.errors import CouldNotFindOut

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

TRIES: Final = 20
"""How often somebody else may be faster; each time costs two requests."""


def rewrite(
    cluster: Cluster,
    kind: str,
    name: str,
    make: Callable[[Body | None], Body | None],
    again: str = "run this again",
) -> bool:
    """Whether there was something to write; made anew where somebody else wrote meanwhile.

    `make` gets the object (None: there is none) and gives the merge patch, or all of a new one;
    None changes nothing. Raises what `make` raises, and CouldNotFindOut.
    """
    from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

    for _ in range(TRIES):
        found = cluster.get(kind, name)
        wanted = make(found)
        if wanted is None:
            return False
        try:
            if found is None:
                cluster.create(wanted)
            else:
                version = {"resourceVersion": found["metadata"]["resourceVersion"]}
                metadata = {**wanted.get("metadata", {}), **version}
                cluster.patch(kind, name, {**wanted, "metadata": metadata})
        except Conflict:
            continue
        return True
    raise CouldNotFindOut(
        f"the {kind} {name} was written by others {TRIES} times in a row: {again}"
    )
