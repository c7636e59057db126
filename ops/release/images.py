"""Which images a release is of: noted as they are tested, so that another stack can compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.errors import CouldNotFindOut, Refused

if TYPE_CHECKING:
    from ops.preflight.images import Digests
    from ops.release.entry import Release
    from ops.release.tools import Tools


@contextmanager
def noted(tools: Tools, release: Release) -> Iterator[Digests]:
    """What is tested within. Raises CouldNotFindOut where it is something else afterwards."""
    tested = tools.checks.digests(release)
    yield tested
    if tools.checks.digests(release) != tested:
        raise CouldNotFindOut(
            f"pods of {release.color} with other images came or went while they were tested: was "
            "the tag moved? Test them once more by `scripts/release.py --resume`"
        )


def later(tools: Tools, release: Release) -> tuple[list[str], Digests]:
    """Workers and cron jobs have pods once traffic has moved: compared, and noted with the rest.

    What it says, and the digests. Raises Refused where one is bad; what can't be told stops nothing
    here, since what serves the public was compared before traffic moved.
    """
    found = tools.checks.images(release)
    if bad := [line.detail for line in found if line.verdict == "bad"]:
        raise Refused("; ".join(bad))
    told = [f"{line.name}: {line.detail}" for line in found]
    if not release.digests:
        return told, {}
    try:
        return told, {**tools.checks.digests(release), **release.digests}
    except CouldNotFindOut as error:
        left = f"what workers and cron jobs run is not noted: {error}"
        return [*told, left], release.digests
