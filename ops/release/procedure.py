"""A release from beginning to end: each act between two writes of the journal.

Killed anywhere, the same command, or `--resume` on any machine, goes on. See docs/releasing.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ops import failpoint
from ops.errors import OpsError, Refused, UsageError
from ops.journal import TakenOver
from ops.noting import note
from ops.release import aborting, origin, telling
from ops.release.beginning import Wish, lines, prepare, require_current, was_done
from ops.release.entry import DONE, FAILED, SKIPPED, Release
from ops.release.step import Step
from ops.release.steps import ACTS
from ops.release.watching import Away
from ops.shift.paging import is_over
from ops.times import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.release.tools import Tools
    from ops.shift.tools import Alive

GO_ON: Final = "scripts/release.py --resume"
GO_BACK: Final = "scripts/release.py --abort"
MOST_REASON: Final = 2000
"""Characters of an error that the journal keeps."""


def run(tools: Tools, wish: Wish) -> Release:
    """Begin a release, or go on with the one that is open if it is of the same version.

    Raises Refused where a step is bad, CouldNotFindOut where it can't be told; the release stays
    open then, before that step.
    """
    with tools.exclusive() as alive:
        found = tools.journal.read()
        if found is None:
            return _begin(tools, wish, alive)
        is_same = (found.version, found.options.last) == (wish.version, wish.options.last)
        if not is_same or found.aborting:
            raise Refused(
                f"another one is open: {found}. Go on with it by `{GO_ON}`, or back by `{GO_BACK}`"
            )
        if wish.first.number > found.step.number:
            found = found.skipped_to(wish.first, stamp(tools.now()), f"left out by {tools.by}")
        return _go_on(tools, found, wish.options.accept, alive)


def resume(tools: Tools, accept: Mapping[str, str]) -> Release:
    """Go on with what is open: forward, or back if it is being aborted. Raises UsageError."""
    with tools.exclusive() as alive:
        return _go_on(tools, _open(tools), accept, alive)


def abort(tools: Tools) -> Release:
    """Go back safely from what is open. Raises UsageError where nothing is."""
    with tools.exclusive() as alive:
        found = _open(tools)
        require_current(tools)
        return aborting.abort(tools, found, f"{tools.by} aborted it", alive)


def plan(tools: Tools, wish: Wish) -> list[str]:
    """What `run` would do. Raises as it does, before anything is changed."""
    found = tools.journal.read()
    if found is not None:
        return [f"would go on: {found}", *lines(found)]
    done = was_done(tools, wish)
    return [f"nothing: {done}"] if done else lines(prepare(tools, wish))


def _begin(tools: Tools, wish: Wish, alive: Alive) -> Release:
    if done := was_done(tools, wish):
        tools.say(f"nothing to do: {done}")
        return done
    release = prepare(tools, wish)
    tools.journal.write(release)
    failpoint.reach("release.begun")
    release = telling.tell(tools, release, telling.begins(release))
    return _go(tools, release, alive)


def _go_on(tools: Tools, release: Release, accept: Mapping[str, str], alive: Alive) -> Release:
    tools.say(f"going on, with the options that it was begun with: {release}")
    require_current(tools)
    if release.aborting:
        return aborting.abort(tools, release, release.reason, alive)
    accepted = {**release.options.accept, **accept}
    options = release.options.model_copy(update={"accept": accepted})
    return _go(tools, release.updated(options=options), alive)


def _go(tools: Tools, release: Release, alive: Alive) -> Release:
    while True:
        step = release.step
        with telling.calling(tools, release):
            alive()
        release = _step(tools, release)
        if step is release.options.last or step.next is None:
            break
        if step is Step.SHIFT:
            release = telling.tell(tools, release, telling.arrived(release))
    closed = release.updated(outcome=DONE, finished=stamp(tools.now()))
    tools.journal.close(closed.brief())
    failpoint.reach("release.closed")
    tools.report(closed)
    return closed


def _step(tools: Tools, release: Release) -> Release:
    """The release behind its step, which is journaled before and after."""
    step = release.step
    last = release.run_of(step)
    if last is not None and last.outcome in {DONE, SKIPPED} and step is release.options.last:
        return release
    with telling.calling(tools, release):
        release = release.begun(stamp(tools.now()))
        tools.journal.write(release)
    failpoint.reach(f"release.{step}.begun")
    tools.say(f"{step}: begun")
    try:
        if step is Step.SHIFT:
            release = origin.remember(tools, release)
        said = ACTS[step](tools, release)
    except TakenOver:
        raise
    except OpsError as error:
        _failed(tools, release, error)
        raise
    failpoint.reach(f"release.{step}.done")
    outcome = SKIPPED if said.is_skipped else DONE
    release = release.updated(**said.changes).ended(stamp(tools.now()), outcome, said.lines)
    if step is not release.options.last:
        release = release.updated(step=step.next or step)
    with telling.calling(tools, release):
        tools.journal.write(release)
    failpoint.reach(f"release.{step}")
    for line in said.lines:
        tools.say(f"{step}: {line}")
    return release


def _failed(tools: Tools, release: Release, error: OpsError) -> None:
    """Journal it, tell people, draw the report."""
    step = release.step
    release = release.ended(stamp(tools.now()), FAILED, [str(error)]).updated(reason=_brief(error))
    if isinstance(error, Away) and release.has_begun(Step.SHIFT):
        release = release.updated(step=Step.SHIFT)
    is_page = telling.needs_person(tools, release, error)
    release = release.updated(paged=release.paged or is_page)
    try:
        note(tools.journal, release, tools.say)
    except TakenOver:
        # Whoever has it now may be gone as well, and the new color has traffic.
        if is_page and not is_over(tools.journal):
            tools.tell(telling.stands(release, is_page=True))
        raise
    failpoint.reach(f"release.{step}.failed")
    release = telling.tell(tools, release, telling.stands(release, is_page=is_page))
    tools.say(f"{telling.untouched(release)}{telling.OPTIONS}")
    tools.report(release)


def _brief(error: OpsError) -> str:
    return str(error)[:MOST_REASON]


def _open(tools: Tools) -> Release:
    found = tools.journal.read()
    if found is None:
        raise UsageError("no release is open: `scripts/release.py VERSION` begins one")
    return found
