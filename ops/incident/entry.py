"""An incident as the cluster remembers it, in the ConfigMap `incident`."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from ops.journal import JournalEntry, Kept

NAME: Final = "incident"


class Nature(StrEnum):
    """What kind of incident it is: the runbook has a chapter for each."""

    OUTAGE = "outage"
    CORRUPTION = "corruption"
    BREACH = "breach"


class Note(BaseModel):
    """One thing that was told. `at` is RFC 3339; `told` once everybody was reached."""

    model_config = ConfigDict(frozen=True)

    at: str
    by: str
    text: str
    told: bool = False


class Incident(JournalEntry):
    """One incident. The first note is its title; `ended` is RFC 3339, empty while it goes on."""

    nature: Nature
    notes: tuple[Note, ...]
    ended: str = ""

    @property
    def title(self) -> str:
        """What it was declared as."""
        return self.notes[0].text

    @property
    def day(self) -> date:
        """The day on which it was declared."""
        return datetime.fromisoformat(self.notes[0].at).date()

    @property
    def last(self) -> Note:
        """What was told last, or is to be told now."""
        return self.notes[-1]

    def noting(self, note: Note) -> Incident:
        """With one thing more to tell."""
        return self.updated(notes=(*self.notes, note))

    def all_told(self) -> Incident:
        """With the last note told."""
        last = self.last.model_copy(update={"told": True})
        return self.updated(notes=(*self.notes[:-1], last))

    def __str__(self) -> str:
        first = self.notes[0]
        ended = f", over since {self.ended}" if self.ended else ""
        return f"{self.nature} {self.title!r}, declared {first.at} by {first.by}{ended}"


KEPT: Final = Kept(NAME, Incident, "scripts/incident.py status")
