"""Whether the very images of a version passed staging: its release there, and digests.

What counts are the digests that the release noted as it tested them, whatever runs there by now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops import operations
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut, Refused
from ops.journal import ClusterJournal
from ops.preflight.images import bare
from ops.release.entry import DONE, KEPT
from ops.release.step import Step
from ops.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from ops.preflight.images import Digests, Images
    from ops.release.entry import Release


@dataclass(frozen=True)
class Passed:
    """A version that staging released; the digests that were tested there, by service."""

    stack: str
    at: str
    by: str
    digests: Digests

    def __str__(self) -> str:
        return f"released to {self.stack} {self.at} by {self.by}"


def passed(name: str, folder: Path, version: str) -> Passed:
    """What staging knows of the version. Raises Refused where it did not pass there."""
    facts = operations.read(Stack(name, folder))
    cluster = facts.cluster()
    return judge(name, cluster, version)


def judge(name: str, cluster: Cluster, version: str) -> Passed:
    """The same of a cluster."""
    release = _released(name, ClusterJournal(cluster, KEPT).history(), version)
    unknown = sorted(service for service, found in release.digests.items() if not found)
    if unknown or not release.digests:
        raise CouldNotFindOut(
            f"{name} released {version} {release.finished}, and did not note with which digest of "
            f"{', '.join(unknown) or 'any image'}, so they can not be compared: release it there "
            f"again; where it serves there, after `scripts/rollback_release.py --stack {name}`. Or "
            "compare them yourself, then --accept staging=REASON"
        )
    return Passed(name, release.finished, release.by, release.digests)


def compare(staged: Passed, here: Images, version: str) -> str:
    """Say that they are the same. Raises Refused where one differs, CouldNotFindOut for none.

    A background service has pods in the active color alone, so it is compared once it has some here
    and had some there; which ones were not is said.
    """
    skipped = sorted(
        service
        for service in here.background
        if not here.digests[service] or service not in staged.digests
    )
    compared = {service: found for service, found in here.digests.items() if service not in skipped}
    strange = sorted(
        service
        for service, found in compared.items()
        if found and found != staged.digests.get(service, ())
    )
    if strange:
        raise Refused(_another(staged, ", ".join(strange), version))
    unknown = sorted(service for service, found in compared.items() if not found)
    if unknown:
        raise CouldNotFindOut(
            f"{', '.join(unknown)} {version} has no pod that says its digest: let the color have "
            "replicas, then look again"
        )
    left = f"; not compared: {', '.join(skipped)}, without a pod here or there yet"
    return f"{staged}, with the digests that run here{left if skipped else ''}"


def compare_one(staged: Passed, service: str, digest: str, version: str) -> str:
    """The same of one pod's image, such as a Job's: what there is to add to a sentence."""
    passed = staged.digests.get(service, ())
    if not digest or not passed:
        return f"; not compared with {staged.stack}: the digest of {service} is not known"
    if bare(digest) not in passed:
        raise Refused(_another(staged, service, version))
    return f"; the image that passed {staged.stack}"


def _another(staged: Passed, what: str, version: str) -> str:
    """A sentence on images that are not those that were tested."""
    return (
        f"{what} {version} is another image here than the one that passed {staged.stack}: somebody "
        "moved the tag. Build it anew under another version, and take it through staging"
    )


def _released(name: str, entries: list[Release], version: str) -> Release:
    found = [entry for entry in entries if entry.version == version]
    if not found:
        known = ", ".join(dict.fromkeys(entry.version for entry in entries)) or "none"
        raise Refused(
            f"{name} never released {version} (it released: {known}). There: `scripts/release.py "
            f"{version} --stack {name} --no-canary --watch-minutes 0 --keep-minutes 0`, or "
            "watched, where enough requests are sent to judge by"
        )
    last = found[-1]
    smoke = last.run_of(Step.SMOKE)
    if last.outcome != DONE or smoke is None or smoke.outcome != DONE:
        raise Refused(
            f"the last release of {version} on {name} did not pass its smoke tests and end well: "
            f"{last}. Release it there again"
        )
    return last
