"""Whether a `pulumi up` would bring a new secret and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ops import names, pending
from ops.config import serial
from ops.hold import Hold
from ops.journal import ClusterJournal
from ops.live import route
from ops.release.entry import KEPT as RELEASE
from ops.restore import journal as restore
from ops.shift.entry import KEPT as SHIFT
from ops.verdict import judge_serial

if TYPE_CHECKING:
    from ops.cluster import Cluster
    from ops.operations import Operations


def against(
    cluster: Cluster, config: Mapping[str, Any], facts: Callable[[], Operations]
) -> list[str]:
    """Why not, as sentences; empty: it would. Raises CouldNotFindOut."""
    deployed = facts()
    more = pending.changes(config, deployed)
    found = [f"the configuration has more to deploy ({each})" for each in more]
    found += _older(cluster, config, deployed.router)
    if (hold := Hold.read(cluster)) is not None:
        found.append(f"{hold}. Acknowledge it first: {names.ACKNOWLEDGE}")
    if (release := ClusterJournal(cluster, RELEASE).read()) is not None:
        found.append(f"a release is open ({release}): scripts/release.py --resume or --abort first")
    if (shift := ClusterJournal(cluster, SHIFT).read()) is not None:
        found.append(f"traffic is being moved ({shift}): see {SHIFT.see}")
    if (open_restore := restore.in_cluster(cluster).read()) is not None:
        found.append(f"a restore is open ({open_restore}): see {restore.KEPT_AS.see}")
    return found


def _older(cluster: Cluster, config: Mapping[str, Any], router: str) -> list[str]:
    """A stale checkout: it has older secrets too."""
    live = route(cluster, router)
    if live is None:
        return []
    return [str(finding) for finding in judge_serial(serial(config), live.traffic)]
