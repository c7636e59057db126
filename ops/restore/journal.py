"""The journal of a restore: what was asked, by whom, how far it is. One restore at a time.

Each step is written before and after it is done; see `ops.journal` for how.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from ops.journal import ClusterJournal, JournalEntry, Kept

if TYPE_CHECKING:
    from ops.cluster import Cluster

NAME: Final = "restore"


class Step(StrEnum):
    """What is done, in this order."""

    JOURNALED = "journaled"
    MAINTENANCE = "maintenance"
    FENCED = "fenced"
    SAVED = "saved"
    RESTORED = "restored"
    CHECKED = "checked"
    LISTED = "listed"
    MOVED = "moved"
    PROVED = "proved"
    CLEARED = "cleared"

    def is_before(self, other: Step) -> bool:
        """Whether it comes earlier."""
        order = list(Step)
        return order.index(self) < order.index(other)


class Entry(JournalEntry):
    """One restore. `step` is done, `doing` is begun; times are RFC 3339.

    `requested` is what was typed, `source` what it means, `at` that source's moment. `found_*`: it
    was so before, and stays so. `outcome` is empty while it is open, then `done` or `aborted`.
    """

    id: str
    requested: str
    source: str
    is_moment: bool
    at: str
    target: str
    old: str
    started: str
    by: str
    step: Step = Step.JOURNALED
    doing: Step = Step.JOURNALED
    found_maintenance: bool = False
    found_fence: bool = False
    old_is_lost: bool = False
    aborting: str = ""
    saved: str = ""
    later: str = ""
    later_rows: int | None = None
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        doing = f", at work on `{self.doing}`" if self.doing != self.step else ""
        return (
            f"restore {self.id} of {self.source} into {self.target}, begun {self.started} by "
            f"{self.by}, done up to `{self.step}`{doing}"
        )

    @property
    def is_moving(self) -> bool:
        """Whether the colors may have been sent to the new database already."""
        return not self.doing.is_before(Step.MOVED)


class Journal(Protocol):
    """Keeps the open restore and those that are over."""

    def read(self) -> Entry | None:
        """The open one, None where none is."""
        ...

    def history(self) -> list[Entry]:
        """Those that are over, oldest first."""
        ...

    def write(self, entry: Entry) -> None:
        """Keep the open one. Raises TakenOver if another run wrote since it was read."""
        ...

    def close(self, entry: Entry) -> None:
        """It is over: into the history. Raises TakenOver as `write`."""
        ...


KEPT_AS: Final = Kept(NAME, Entry, "scripts/restore_production_db.py --status")


def in_cluster(cluster: Cluster) -> ClusterJournal[Entry]:
    """The journal as the ConfigMap `restore`."""
    return ClusterJournal(cluster, KEPT_AS)
