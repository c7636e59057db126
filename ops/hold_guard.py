"""The hold, noted on the route that it guards: by these notes the API server judges each write.

The ConfigMap `traffic-hold` says what holds. The notes follow it, whoever wrote or lifted it: the
admission policy (`components/held_color.py`) sees nothing but the object that is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ops import live, names
from ops.errors import CouldNotFindOut
from ops.hold import Hold

if TYPE_CHECKING:
    from ops.cluster import Body, Cluster

HELD: Final = f"{names.DOMAIN}/held"
"""Annotation: the color that gets no more of this route's traffic."""
BECAUSE: Final = f"{names.DOMAIN}/held-because"
"""Annotation: the hold in a sentence, on one line."""
TRIES: Final = 20


def follow(cluster: Cluster, router: str) -> None:
    """Make the route's notes say what the hold says now; writes only where they don't.

    Raises CouldNotFindOut.
    """
    from ops.cluster import Conflict  # noqa: PLC0415 that import takes a while

    for _ in range(TRIES):
        # In this order: who holds writes the hold first. Notes that were there before no hold was
        # seen belong to one that was lifted, and the write is bound to the route that had them.
        route = live.route(cluster, router)
        if route is None:
            return
        wanted = notes(Hold.read(cluster))
        try:
            for body in (route.canary, route.main):
                if body is not None:
                    _note(cluster, body, wanted)
        except Conflict:
            continue
        return
    raise CouldNotFindOut(
        f"the public route was written by others {TRIES} times in a row, so it could not be noted "
        "there who is held: run this again"
    )


def notes(hold: Hold | None) -> dict[str, str | None]:
    """The annotations that a hold asks for; None where there is to be none."""
    if hold is None:
        return {HELD: None, BECAUSE: None}
    return {HELD: str(hold.color), BECAUSE: " ".join(str(hold).split())}


def _note(cluster: Cluster, body: Body, wanted: Mapping[str, str | None]) -> None:
    metadata = body["metadata"]
    found = metadata.get("annotations") or {}
    if all(found.get(name) == value for name, value in wanted.items()):
        return
    patch = {"resourceVersion": metadata["resourceVersion"], "annotations": dict(wanted)}
    cluster.patch(body["kind"], metadata["name"], {"metadata": patch})
