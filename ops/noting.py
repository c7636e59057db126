"""What a journal is told besides: where it can't be written, what happened is told all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ops.errors import CouldNotFindOut
from ops.journal import JournalEntry, TakenOver

if TYPE_CHECKING:
    from ops.journal import ClusterJournal

E = TypeVar("E", bound=JournalEntry)


def note(journal: ClusterJournal[E], entry: E, say: Callable[[str], None]) -> None:
    """Journal what is known now; where that can't be, it is said. Raises TakenOver."""
    try:
        journal.write(entry)
    except CouldNotFindOut as error:
        say(f"the journal could not be written: {error}")


def note_paged(journal: ClusterJournal[E], say: Callable[[str], None]) -> None:
    """Journal that people were paged for what is open, so that they hear of its end as well.

    It is read anew: whoever just failed may not know what its last write came to. What another run
    has open by now is left alone, so this is for one that lost its lease as well.
    """
    try:
        found = journal.read_own()
        if found is not None:
            journal.write(found.updated(paged=True))
    except TakenOver as error:
        say(f"that people were paged is not in the journal: {error}")
    except CouldNotFindOut as error:
        say(f"the journal could not be written: {error}")
