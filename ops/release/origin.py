"""How the old color did before traffic moved: going back to one that failed is no way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import CouldNotFindOut
from ops.watching.judging import Kind

if TYPE_CHECKING:
    from ops.release.entry import Release
    from ops.release.tools import Tools
    from ops.shift.entry import Shift


def remember(tools: Tools, release: Release) -> Release:
    """The release that knows it, journaled before traffic moves: nobody can look afterwards.

    Raises CouldNotFindOut where the old color can't be watched: then nothing is to be moved.
    """
    options = release.options
    if not (options.watch_seconds or options.keep_seconds):
        return release
    problem = _problem(tools, release)
    if problem != release.origin_problem:
        release = release.updated(origin_problem=problem)
        tools.journal.write(release)
    return release


def _problem(tools: Tools, release: Release) -> str:
    """Empty where nothing was wrong."""
    shifting, origin = tools.shifting(), release.color.other
    found, history = shifting.journal.both()
    if found is not None:
        return _seen_by(found, release)
    live = tools.traffic.live()
    if live is None or not live.has_traffic(origin):
        return _seen_by(history[-1], release) if history else release.origin_problem
    before = shifting.watcher.before(origin)
    if before.kind is Kind.SILENT:
        raise CouldNotFindOut(f"{before.reason}. Nothing is moved that can't be watched")
    return before.reason if before.kind is Kind.BAD else ""


def _seen_by(shift: Shift, release: Release) -> str:
    """What a shift to the color saw before it began; one that is not watched did not look."""
    looked = shift.steps or shift.switch_seconds
    is_its_own = (shift.target, shift.version) == (release.color, release.version)
    return shift.origin_problem if looked and is_its_own else release.origin_problem
