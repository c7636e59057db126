"""Whether the very images of a version passed staging: its release there, and digests.

A tag says nothing of what it points to; digests do, whichever registry they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import history, live, operations, routing_moves
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut, Refused
from ops.history import digests_of
from ops.journal import ClusterJournal
from ops.release.entry import DONE, KEPT
from ops.release.step import Step
from ops.rollback import facts as rollback
from ops.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from ops.color import Color
    from ops.release.entry import Release


@dataclass(frozen=True)
class Passed:
    """A version that staging released; the digests it served all traffic with there, by service."""

    stack: str
    at: str
    by: str
    digests: Mapping[str, frozenset[str]]

    def __str__(self) -> str:
        return f"released to {self.stack} {self.at} by {self.by}"


def passed(name: str, folder: Path, version: str) -> Passed:
    """What staging knows of the version. Raises Refused where it did not pass there."""
    facts = operations.read(Stack(name, folder))
    cluster = Cluster.connect(facts.namespace, context=facts.kube_context)
    return judge(name, cluster, version)


def judge(name: str, cluster: Cluster, version: str) -> Passed:
    """The same of a cluster."""
    release = _released(name, ClusterJournal(cluster, KEPT).history(), version)
    whole = history.read(cluster).whole.get(release.color)
    if whole is None or rollback.version(whole.images.values()) != version:
        raise CouldNotFindOut(
            f"{name} released {version} {release.finished}, and no longer knows with which "
            "digests: release it there again"
        )
    digests = {service: _bare(found) for service, found in whole.digests.items()}
    unknown = sorted(service for service, found in digests.items() if not found)
    if unknown:
        raise CouldNotFindOut(
            f"{name} has no digest of {', '.join(unknown)}, so they can not be compared"
        )
    return Passed(name, release.finished, release.by, digests)


def running(
    cluster: Cluster, router: str, color: Color, version: str
) -> dict[str, frozenset[str]] | None:
    """The digests that the color's pods run, by service; None where it has another version."""
    route = live.route(cluster, router)
    if route is None:
        raise CouldNotFindOut("there is no public route, so it is not known what a color runs")
    found = rollback.deployed(cluster, routing_moves.services(route))[color]
    there = {service: state for service, state in found.items() if state is not None}
    images = [state.image for state in there.values()]
    if not images or rollback.version(images) != version:
        return None
    return {service: _bare(digests_of(state)) for service, state in there.items()}


def compare(staged: Passed, here: Mapping[str, frozenset[str]], version: str) -> str:
    """Say that they are the same. Raises Refused where one differs, CouldNotFindOut for none."""
    strange = sorted(
        service
        for service, found in here.items()
        if found and found != staged.digests.get(service, frozenset())
    )
    if strange:
        raise Refused(
            f"{', '.join(strange)} {version} is another image here than the one that passed "
            f"{staged.stack}: somebody moved the tag. Build it anew under another version, and "
            "take it through staging"
        )
    unknown = sorted(service for service, found in here.items() if not found)
    if unknown:
        raise CouldNotFindOut(
            f"{', '.join(unknown)} {version} has no pod that says its digest: let the color have "
            "replicas, then look again"
        )
    return f"{staged}, with the digests that run here"


def _released(name: str, entries: list[Release], version: str) -> Release:
    found = [entry for entry in entries if entry.version == version]
    if not found:
        known = ", ".join(dict.fromkeys(entry.version for entry in entries)) or "none"
        raise Refused(
            f"{name} never released {version} (it released: {known}). There: `scripts/release.py "
            f"{version} --stack {name}`"
        )
    last = found[-1]
    smoke = last.run_of(Step.SMOKE)
    if last.outcome != DONE or smoke is None or smoke.outcome != DONE:
        raise Refused(
            f"the last release of {version} on {name} did not pass its smoke tests and end well: "
            f"{last}. Release it there again"
        )
    return last


def _bare(digests: str) -> frozenset[str]:
    """Without the registry and the name in front: staging may pull from another one."""
    return frozenset(each.rpartition("@")[2] for each in digests.split(",") if each)
