"""What people are told of a release. Whom it does not reach is journaled, and fails nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.notify import Event
from ops.noting import note, note_paged
from ops.release.step import Step
from ops.shift.paging import UNTOLD, Paged, is_over, may_serve

if TYPE_CHECKING:
    from ops.errors import OpsError
    from ops.release.entry import Release
    from ops.release.tools import Tools

OPTIONS = "Go on by `scripts/release.py --resume`, or back by `scripts/release.py --abort`"


def tell(tools: Tools, release: Release, event: Event) -> Release:
    """Tell it; the release, which knows whom it did not reach."""
    failures = tuple(str(failure) for failure in tools.tell(event))
    if not failures:
        return release
    release = release.updated(notes=(*release.notes, *failures))
    note(tools.journal, release, tools.say)
    return release


@contextmanager
def calling(tools: Tools, release: Release) -> Iterator[None]:
    """Tell people where what is done within has no answer once traffic was moved.

    A step tells of itself; this is for what is between two: the lease and the journal.
    """
    try:
        yield
    except UNTOLD as error:
        if has_moved(release) and not is_over(tools.journal):
            is_page = needs_person(tools, release, error)
            tools.tell(stands(release.updated(reason=str(error)), is_page=is_page))
            if is_page:
                note_paged(tools.journal, tools.say)
        raise


def needs_person(tools: Tools, release: Release, error: OpsError) -> bool:
    """Whether the new color may have traffic that nobody watches, and nobody was paged for it."""
    if isinstance(error, Paged) or not isinstance(error, UNTOLD):
        return False
    is_watched = release.step in {Step.SHIFT, Step.WATCH, Step.KEEP}
    return is_watched and has_moved(release) and may_serve(tools.traffic, release.color)


def has_moved(release: Release) -> bool:
    """Whether traffic may be on the new color."""
    return release.step.number > Step.SHIFT.number or release.has_begun(Step.SHIFT)


def begins(release: Release) -> Event:
    """A release was begun."""
    title = f"The release of {release.version} to {release.color} begins"
    text = f"{release.color.other} {release.from_version} serves"
    return Event("release", title, text, "info", _fields(release), release.incident)


def arrived(release: Release) -> Event:
    """Traffic was moved."""
    title = f"{release.color} {release.version} has all traffic"
    text = f"It is watched; {release.color.other} stays for a way back"
    return Event("release", title, text, "info", _fields(release), release.incident)


def stands(release: Release, *, is_page: bool) -> Event:
    """A step was bad, or could not be told; `is_page`: a person must decide now."""
    title = f"The release of {release.version} stands at {release.step}"
    text = f"{release.reason}. {untouched(release)}{OPTIONS}"
    fields = _fields(release)
    if is_page:
        return Event("page", title, text, "critical", fields, release.incident)
    return Event("release", title, text, "error", fields, release.incident)


def untouched(release: Release) -> str:
    """A sentence where no request of the public went another way yet."""
    return "" if release.has_begun(Step.SHIFT) else "Public traffic was not touched. "


def _fields(release: Release) -> dict[str, str]:
    return {
        "color": str(release.color),
        "version": release.version,
        "step": str(release.step),
        "by": release.by,
    }
