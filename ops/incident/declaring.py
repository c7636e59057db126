"""Declaring an incident, telling how it goes on, ending it. Each done again tells who was not told.

Telling people comes before order: where the cluster does not answer they are told all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ops.errors import CouldNotFindOut, Refused
from ops.incident import telling
from ops.incident.entry import Incident, Nature, Note
from ops.times import stamp

if TYPE_CHECKING:
    from ops.journal import ClusterJournal
    from ops.notify import Event, Failure


@dataclass(frozen=True)
class Desk:
    """What is needed to tell people: where it is written down, who tells, whose channels there are.

    `journal` may raise CouldNotFindOut.
    """

    journal: Callable[[], ClusterJournal[Incident]]
    tell: Callable[[Event], Sequence[Failure]]
    channels: tuple[str, ...]
    now: Callable[[], datetime]
    by: str
    say: Callable[[str], None]


def declare(desk: Desk, nature: Nature, title: str, public: str) -> Incident:
    """It has begun. Raises Refused while another one is open; CouldNotFindOut, see `_tell`."""
    incident = Incident(nature=nature, notes=(_note(desk, title),))
    try:
        journal = desk.journal()
        stands = journal.read()
        if stands is not None and stands.title != title:
            raise Refused(
                f"another incident is open: {stands}. `scripts/incident.py update` tells news of "
                "it, `resolve` ends it"
            )
        if stands is not None and stands.notes[0].told:
            desk.say(f"it was declared already: {stands}")
            return stands
        journal.write(stands or incident)
    except CouldNotFindOut as error:
        whom = _untold(desk, telling.declared(incident, public)) or "people were told."
        raise type(error)(
            f"{whom} It is written down nowhere: {error}. Declare it again once the cluster "
            "answers; people are told again then"
        ) from error
    incident = stands or incident
    _tell(desk, telling.declared(incident, public))
    told = incident.all_told()
    journal.write(told)
    return told


def update(desk: Desk, text: str, status: str, public: str) -> Incident:
    """How it goes on. Raises Refused where none is open; CouldNotFindOut, see `_tell`."""
    journal = desk.journal()
    incident = _open(journal)
    if incident.last.text != text:
        incident = incident.noting(_note(desk, text))
        journal.write(incident)
    elif incident.last.told:
        desk.say("that was told already")
        return incident
    _tell(desk, telling.news(incident, status, public))
    told = incident.all_told()
    journal.write(told)
    return told


def resolve(desk: Desk, text: str, public: str) -> Incident:
    """It is over. Raises Refused where none is open; CouldNotFindOut, see `_tell`."""
    journal = desk.journal()
    ended = journal.history()[-1:]
    if journal.read() is None and ended and ended[0].last.text == text:
        desk.say(f"it is over already: {ended[0]}")
        return ended[0]
    incident = _open(journal)
    if incident.last.text != text:
        incident = incident.noting(_note(desk, text))
        journal.write(incident)
    _tell(desk, telling.over(incident, public))
    closed = incident.all_told().updated(ended=stamp(desk.now()))
    journal.close(closed)
    return closed


def _open(journal: ClusterJournal[Incident]) -> Incident:
    incident = journal.read()
    if incident is None:
        raise Refused("no incident is open: `scripts/incident.py declare TITLE` first")
    return incident


def _tell(desk: Desk, event: Event) -> None:
    """Tell everybody. Raises CouldNotFindOut unless all were reached: then somebody must call."""
    if untold := _untold(desk, event):
        raise CouldNotFindOut(untold)


def _untold(desk: Desk, event: Event) -> str:
    """Tell everybody; who was not reached, and what to do about it."""
    if not desk.channels:
        return (
            "nobody was told: this stack has no notifications configured. Call people, and set "
            "notifications.* (docs/notifications.md)."
        )
    if failures := desk.tell(event):
        return (
            f"not everybody was told: {'; '.join(map(str, failures))}. Call them, or run the same "
            "command again: all are told again."
        )
    return ""


def _note(desk: Desk, text: str) -> Note:
    return Note(at=stamp(desk.now()), by=desk.by, text=text)
