"""The tools of a release for a stack as it is deployed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops import operations
from ops.journal import ClusterJournal
from ops.lease import Lease, exclusive
from ops.notify import Notifier
from ops.release import report
from ops.release.checking import StackChecks
from ops.release.data import StackData
from ops.release.entry import KEPT, NAME, Release
from ops.release.silence import StackSilences
from ops.release.tools import Tools
from ops.shift import connecting as shifting
from ops.shift.connecting import ClusterTraffic, Wishes
from ops.who import RUN, me

if TYPE_CHECKING:
    from ops.release.tools import Say
    from ops.shift.tools import Alive
    from ops.stack import Stack

LEASE_SECONDS: Final = 60.0
"""How long a run that fell silent is waited for before another one may go on."""
REPORTS: Final = Path("reports")
SEE: Final = "`scripts/release.py --status`"


@dataclass(frozen=True)
class Chosen:
    """What an operator may choose over what was deployed. `wishes` are those of the watching.

    `reports` is the folder of the reports, `browser` the path of a Chromium.
    """

    wishes: Wishes = field(default_factory=Wishes)
    lease_seconds: float = LEASE_SECONDS
    reports: Path = REPORTS
    browser: str | None = None


def connect(stack: Stack, chosen: Chosen, say: Say) -> Tools:
    """Read what is deployed, and reach what it names. Raises UsageError and CouldNotFindOut."""
    wishes = chosen.wishes
    facts = operations.read(stack).reached_by(wishes.prometheus, wishes.alertmanager)
    cluster = facts.cluster()
    journal = ClusterJournal(cluster, KEPT)
    return Tools(
        stack=stack,
        traffic=ClusterTraffic(cluster, facts.router),
        journal=journal,
        checks=StackChecks(stack, cluster, say, chosen.browser, wishes.prometheus),
        data=StackData(stack, cluster, say),
        silences=StackSilences(facts, stack.short_name),
        shifting=lambda: shifting.connect(stack, wishes, say),
        exclusive=lambda: alone(Lease(cluster, NAME, RUN, chosen.lease_seconds), journal, say),
        tell=Notifier(facts.notifications, say).tell,
        report=lambda release: report.write(
            release, facts, chosen.reports, say, wishes.prometheus, cluster.server_now
        ),
        now=cluster.server_now,
        by=me(),
        say=say,
    )


def looking(stack: Stack) -> tuple[ClusterJournal[Release], Lease]:
    """The journal alone, and the lease to look at. Raises UsageError and CouldNotFindOut."""
    facts = operations.read(stack)
    cluster = facts.cluster()
    return ClusterJournal(cluster, KEPT), Lease(cluster, NAME, RUN, LEASE_SECONDS)


def alone(
    lease: Lease, journal: ClusterJournal[Release], say: Say
) -> AbstractContextManager[Alive]:
    """Hold the lease. Raises Refused with who has it, since when, and at which step that one is."""

    def doing() -> str:
        found = journal.read()
        return f"It is at this: {found}." if found else ""

    return exclusive(lease, say, SEE, doing)
