"""One complete rollback as its journal has it: what is undone, how far it is, what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ops.color import Color
from ops.config import Replicas
from ops.journal import JournalEntry, Kept

NAME: Final = "release-rollback"
"""ConfigMap with the journal. The Lease of who is at it is the releases'."""
DONE: Final = "done"


class Step(StrEnum):
    """What is done, in this order: what people suffer from first, what can't be undone last."""

    TRAFFIC = "traffic"
    ACKNOWLEDGE = "acknowledge"
    RELEASE = "release"
    VERSION = "version"
    BACKUP = "backup"
    SCHEMA = "schema"
    DATA = "data"
    NOTIFY = "notify"


class Undoing(JournalEntry):
    """`version` on `color` is undone, and the other color serves.

    `to_version` is what `color` ran before (empty: not known, the version stays configured).
    `origin_replicas` are for the other color, where it is configured with none. `revision` is what
    the schema goes back to, `data` what the database is restored to; empty: not asked for.
    `outcome` is empty while it is open. Times are RFC 3339.
    """

    id: str
    color: Color
    version: str
    to_version: str = ""
    origin_replicas: Replicas = None
    is_version_only: bool = False
    force: bool = False
    revision: str = ""
    data: str = ""
    reason: str
    by: str
    started: str
    step: Step
    notes: tuple[str, ...] = ()
    problem: str = ""
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        where = f"{self.outcome} {self.finished}" if self.outcome else f"at step {self.step}"
        return (
            f"rollback of {self.color} {self.version}, begun {self.started} by {self.by}: {where}"
        )

    @property
    def target(self) -> Color:
        """The color that serves afterwards."""
        return self.color.other

    @property
    def label(self) -> str:
        """What its backup is found by, and those who are told of it know it by."""
        return f"rollback-{self.id}"

    @property
    def is_final(self) -> bool:
        """Whether something is taken back that can't be had again, so that a person must agree."""
        return bool(self.revision or self.data)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Those of this rollback."""
        if self.is_version_only:
            return (Step.VERSION, Step.NOTIFY)
        left_out = set() if self.revision else {Step.BACKUP, Step.SCHEMA}
        left_out |= set() if self.data else {Step.DATA}
        return tuple(step for step in Step if step not in left_out)

    def lines(self) -> list[str]:
        """What is done, for people."""
        replicas = "replicas as they are" if self.is_version_only else "0 replicas"
        version = self.to_version or f"{self.version} stays, what it ran before is not known"
        told = {
            Step.TRAFFIC: f"{self.target} gets all of it",
            Step.ACKNOWLEDGE: "configuration says what is live, and a hold is lifted",
            Step.RELEASE: "one that is open is aborted",
            Step.VERSION: f"{self.color}: {version}, {replicas}",
            Step.BACKUP: self.label,
            Step.SCHEMA: f"back to {self.revision}",
            Step.DATA: f"restored from {self.data}",
            Step.NOTIFY: "people are told",
        }
        return [f"{step}: {told[step]}" for step in self.steps]


KEPT: Final = Kept(NAME, Undoing, "scripts/rollback_release.py --status")
