"""The journal of rollbacks, ConfigMap `rollback`: the open one, and how the last ones ended.

Each write names the version that was read, so whoever lost the journal to another one (a leader
that slept, a script on a laptop) stops at its next step.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pydantic import Field

from ops.color import Color
from ops.journal import ClusterJournal, JournalEntry, Kept, TakenOver
from ops.rollback.request import Kind

if TYPE_CHECKING:
    from ops.cluster import Cluster

__all__ = ["Journal", "Operation", "Outcome", "Step", "TakenOver"]

NAME: Final = "rollback"
SEE: Final = "scripts/emergency_rollback.py --status"


class Step(StrEnum):
    """What is being done; what stands before it is done."""

    HOLD = "hold"
    SCALE = "scale"
    WAIT = "wait"
    MOVE = "move"
    SEE = "see"
    WORKERS = "workers"
    END = "end"


class Outcome(StrEnum):
    """How it ended. `STAYED`: traffic was left where it is."""

    OPEN = ""
    ROLLED_BACK = "rolled-back"
    STAYED = "stayed"


class Operation(JournalEntry):
    """One rollback. Times are RFC 3339, to the millisecond; `runner` is who works at it now.

    `weights` are those found. `replicas`, `images` and `digests` by service are what the target
    must run to get traffic (no digest: any). `found_hold` is the hold that stood before, if any.
    `times` says when each step was begun, `notes` what went otherwise than it should.
    """

    id: str
    kind: Kind
    color: Color
    target: Color
    reason: str
    by: str
    alert: str = ""
    fingerprint: str = ""
    starts_at: str = ""
    began: str
    runner: str
    weights: dict[Color, int]
    replicas: dict[str, int]
    images: dict[str, str]
    digests: dict[str, str] = Field(default_factory=dict)
    found_hold: dict[str, str] | None = None
    step: Step = Step.HOLD
    times: dict[Step, str] = Field(default_factory=dict)
    beat: int = 0
    notes: tuple[str, ...] = ()
    outcome: Outcome = Outcome.OPEN
    ended: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there is something left to do."""
        return self.outcome is Outcome.OPEN

    @property
    def incident(self) -> str:
        """What those who were told know it by: the alert, if one asked for it."""
        return self.fingerprint or self.id

    def __str__(self) -> str:
        if self.is_open:
            return (
                f"rollback {self.id} of {self.color} to {self.target}, begun {self.began} by "
                f"{self.by}, at step `{self.step}` ({self.runner})"
            )
        return f"rollback {self.id} of {self.color} to {self.target}: {self.outcome} {self.ended}"


KEPT: Final = Kept(NAME, Operation, see=f"`{SEE}`")


class Journal(ClusterJournal[Operation]):
    """The journal as one process knows it."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, KEPT)

    def begin(self, operation: Operation) -> None:
        """Open one. Raises TakenOver if one is open already."""
        found = self.read()
        if found is not None:
            raise TakenOver(f"another one was begun before: {found}")
        self.write(operation)

    def moment(self) -> str:
        """Now, as it is written: by the API server's clock, which all who write here share."""
        return self._cluster.server_now().isoformat(timespec="milliseconds")
