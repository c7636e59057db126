"""People are called where a color would be left with traffic that nobody watches any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ops.errors import CouldNotFindOut, UsageError
from ops.lease import Lost
from ops.notify import Event
from ops.noting import note_paged

if TYPE_CHECKING:
    from ops.color import Color
    from ops.journal import ClusterJournal
    from ops.shift.entry import Shift
    from ops.shift.tools import Tools, Traffic

OPTIONS: Final = (
    "Look at it. Then run the same command again to watch this step anew and go on, or go back by "
    "`scripts/canary.py --abort`; where Pulumi or Prometheus are gone, by "
    "`scripts/emergency_rollback.py`"
)
UNTOLD: Final = (Lost, CouldNotFindOut, UsageError)
"""Errors after which it isn't known how a color does that has traffic."""


class Paged(CouldNotFindOut):
    """It can't be told how the target does, or how to go back. People were paged for it."""


@contextmanager
def paging(tools: Tools, shift: Shift, seen: str = "") -> Iterator[None]:
    """Page where what is done within has no answer, unless the target has no traffic.

    A shift that stays open all the same is told of: the configuration may be ahead of the route.
    `seen` is what was last seen of the target. Raises Paged where people were paged; Lost stays
    Lost, since another run may be at it by now, and the page says so.
    """
    try:
        yield
    except Paged:
        raise
    except UNTOLD as error:
        if is_over(tools.journal):
            raise
        if not may_serve(tools.traffic, shift.target):
            tools.say(_left_open(shift))
            raise
        told = f"{seen}. {error}" if seen else str(error)
        what = f"{told}. {shift.target} may have traffic that nobody watches"
        page(tools, shift, what)
        note_paged(tools.journal, tools.say)
        if isinstance(error, Lost):
            raise
        raise Paged(f"{what}.\n{OPTIONS}") from error


def _left_open(shift: Shift) -> str:
    return (
        f"the shift to {shift.target} {shift.version} is open at {shift.where}. {shift.target} has "
        "no traffic, but configuration may ask for "
        f"{shift.weights[shift.target]} % already: run the same command again, or "
        "`scripts/canary.py --abort`. No `pulumi up` by itself until then: nobody would watch"
    )


def page(tools: Tools, shift: Shift, what: str) -> None:
    """Tell people that a shift stands, and what they can do."""
    tools.tell(
        Event(
            kind="page",
            title=f"A shift of traffic to {shift.target} {shift.version} stands at {shift.where}",
            text=f"{what}. {OPTIONS}",
            severity="critical",
            fields=facts(shift),
            dedup=f"shift-{shift.id}",
        )
    )


def may_serve(traffic: Traffic, color: Color) -> bool:
    """Whether a color has public traffic, for all one knows."""
    try:
        live = traffic.live()
    except CouldNotFindOut:
        return True
    return live is None or live.has_traffic(color)


def is_over(journal: ClusterJournal[Any]) -> bool:
    """Whether another run is known to have ended what was open."""
    try:
        return journal.both()[0] is None
    except CouldNotFindOut:
        return False


def facts(shift: Shift) -> dict[str, str]:
    """Short facts for a message."""
    return {
        "color": str(shift.target),
        "version": shift.version,
        "step": shift.where,
        "by": shift.by,
        "started": shift.started,
    }
