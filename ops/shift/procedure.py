"""A shift of traffic from beginning to end, journaled: killed anywhere, the same command goes on.

See docs/releasing.md for its steps and its endings.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ops import failpoint
from ops.errors import Refused, UsageError
from ops.notify import Event
from ops.shift import back, moving
from ops.shift.applying import moved
from ops.shift.beginning import Wish, prepare
from ops.shift.ending import close, overruled, stays, unsure
from ops.shift.entry import DONE, Phase, Shift
from ops.shift.paging import paging
from ops.verdict import enforce
from ops.watching.judging import Kind, Verdict

if TYPE_CHECKING:
    from ops.shift.tools import Alive, Tools


def run(tools: Tools, wish: Wish) -> Shift | None:
    """Shift traffic, or go on with the shift that was begun; None where there is nothing to do.

    Raises Refused where the target fails, traffic being back then; CouldNotFindOut where it can't
    be told whether it does: then traffic stays, and the shift stays open.
    """
    with tools.exclusive() as alive:
        found = tools.journal.read()
        if found is None:
            return _begin(tools, wish, alive)
        if wish.target == found.origin:
            tools.say(f"the way back from what is open: {found}")
            return back.go_back(tools, found, f"{tools.by} asked for {wish.target}")
        _require_same(found, wish)
        tools.say(f"going on: {found}")
        moving.require_current(tools, found)
        return _go(tools, found, alive)


def abort(tools: Tools) -> Shift:
    """Give the color that traffic came from all of it again. Raises UsageError: nothing is open."""
    with tools.exclusive():
        found = tools.journal.read()
        if found is None:
            raise UsageError(
                "there is nothing to abort: no shift of traffic is open. To go back from a switch "
                "that is done: scripts/switch_deployment_color.py with the other color"
            )
        return back.go_back(tools, found, f"{tools.by} aborted it")


def _begin(tools: Tools, wish: Wish, alive: Alive) -> Shift | None:
    start = prepare(tools, wish)
    shift = start.shift
    if start.done:
        tools.say(f"nothing to do: {start.done}")
        return None
    enforce(start.findings, f"traffic stays as it is: {shift.target} gets none by this command")
    tools.journal.write(shift)
    failpoint.reach("shift.begun")
    return _go(tools, shift, alive)


def _go(tools: Tools, shift: Shift, alive: Alive) -> Shift:
    while not shift.outcome:
        with paging(tools, shift):
            alive()
            if shift.phase is Phase.BACK:
                raise Refused(_is_back(back.go_back(tools, shift, shift.reason)))
            if shift.phase is Phase.MOVING:
                shift = moving.move(tools, shift)
            verdict = _watched(tools, shift)
        failpoint.reach(f"shift.{shift.step}.watched")
        with paging(tools, shift, verdict.reason):
            alive()
            shift = _judged(tools, shift, verdict)
    return shift


def _watched(tools: Tools, shift: Shift) -> Verdict:
    if not shift.seconds:
        return Verdict(Kind.GOOD, f"{shift.where} is not watched, as asked for")
    return tools.watcher.step(shift, partial(moved, tools, shift))


def _judged(tools: Tools, shift: Shift, verdict: Verdict) -> Shift:
    """The shift at its next step, or closed."""
    if verdict.kind is Kind.GOOD:
        return _done(tools, shift) if shift.is_switch else shift.next()
    if verdict.kind is Kind.BAD:
        if shift.is_switch and shift.origin_problem:
            raise stays(tools, shift, verdict.reason)
        raise Refused(_is_back(back.go_back(tools, shift, verdict.reason, failing=True)))
    if verdict.kind is Kind.MOVED:
        raise overruled(tools, shift, verdict.reason)
    raise unsure(tools, shift, verdict)


def _done(tools: Tools, shift: Shift) -> Shift:
    closed = close(tools, shift, DONE)
    failpoint.reach("shift.done")
    tools.tell(
        Event(
            kind="release",
            title=f"{shift.target} {shift.version} serves everybody",
            text=f"Traffic was moved from {shift.origin}, which stays as it is for a way back: "
            f"scripts/switch_deployment_color.py {shift.origin}",
            severity="info",
            fields={"color": str(shift.target), "version": shift.version, "by": shift.by},
            dedup=f"shift-{shift.id}",
        )
    )
    return closed


def _is_back(shift: Shift) -> str:
    return (
        f"{shift.reason}.\n{shift.origin} has all traffic again: commit the stack's file if it was "
        f"changed. {shift.target} runs on without traffic, to be looked at"
    )


def _require_same(found: Shift, wish: Wish) -> None:
    is_same = wish.target in {None, found.target} and wish.steps == found.steps
    if is_same and (wish.step_seconds, wish.switch_seconds) == (
        found.step_seconds,
        found.switch_seconds,
    ):
        return
    watched = f"--minutes {found.switch_seconds / 60:g}" if found.switch_seconds else "--no-watch"
    command = (
        f"scripts/canary.py --steps {','.join(map(str, found.steps))} "
        f"--minutes {found.step_seconds / 60:g} --watch-minutes {found.switch_seconds / 60:g}"
        if found.steps
        else f"scripts/switch_deployment_color.py {found.target} {watched}"
    )
    raise Refused(
        f"another one is open: {found}. Go on with it by `{command}`, or end it by "
        f"`scripts/canary.py --abort`, which gives {found.origin} all traffic"
    )
