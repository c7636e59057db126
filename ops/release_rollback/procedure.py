"""A complete rollback from beginning to end: each act between two writes of the journal.

Killed anywhere, the same command goes on, on any machine. See docs/rollback.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ops import failpoint
from ops.errors import OpsError, Refused
from ops.journal import TakenOver
from ops.notify import Event
from ops.release.beginning import require_current
from ops.release_rollback.beginning import prepare
from ops.release_rollback.entry import DONE, NAME, Undoing
from ops.release_rollback.meant import was_done
from ops.release_rollback.steps import ACTS
from ops.release_rollback.wish import Wish
from ops.times import stamp

if TYPE_CHECKING:
    from ops.release_rollback.tools import Tools

GO_ON: Final = "scripts/rollback_release.py"


def run(tools: Tools, wish: Wish) -> Undoing:
    """Roll back, or go on with the rollback that is open. Returns it, closed.

    Raises Refused where something stands against it, CouldNotFindOut where it can't be told; once
    begun it stays open then, before that step.
    """
    with tools.release.exclusive() as alive:
        tools = replace(tools, alive=alive)
        found = tools.journal.read()
        if found is None:
            return _begin(tools, wish)
        _require_same(found, wish)
        require_current(tools.release)
        tools.release.say(f"going on: {found}")
        return _go(tools, found)


def plan(tools: Tools, wish: Wish) -> list[str]:
    """What `run` would do. Raises as it does, before anything is changed."""
    found = tools.journal.read()
    if found is not None:
        _require_same(found, wish)
        return [f"would go on: {found}", *found.lines()]
    if done := was_done(tools, wish):
        return [f"nothing: {done}"]
    entry = prepare(tools, wish)
    return [*entry.lines(), *_lost(tools, entry)]


def _begin(tools: Tools, wish: Wish) -> Undoing:
    if done := was_done(tools, wish):
        tools.release.say(f"nothing to do: {done}")
        return done
    entry = prepare(tools, wish)
    lost = _lost(tools, entry)
    if entry.is_final and not tools.confirm("\n".join([*entry.lines(), *lost])):
        raise Refused("nothing was changed")
    tools.journal.write(entry)
    failpoint.reach(f"{NAME}.begun")
    return _go(tools, entry)


def _go(tools: Tools, entry: Undoing) -> Undoing:
    for step in entry.steps[entry.steps.index(entry.step) :]:
        tools.alive()
        entry = entry.updated(step=step, problem="")
        tools.journal.write(entry)
        failpoint.reach(f"{NAME}.{step}.begun")
        tools.release.say(f"{step}: begun")
        try:
            said = ACTS[step](tools, entry)
        except TakenOver:
            raise
        except OpsError as error:
            raise _stopped(tools, entry, error) from error
        failpoint.reach(f"{NAME}.{step}.done")
        for line in said:
            tools.release.say(f"{step}: {line}")
        entry = entry.updated(notes=(*entry.notes, *(f"{step}: {line}" for line in said)))
    finished = stamp(tools.release.now())
    closed = entry.updated(outcome=DONE, finished=finished)
    tools.journal.close(closed)
    failpoint.reach(f"{NAME}.closed")
    return closed


def _stopped(tools: Tools, entry: Undoing, error: OpsError) -> OpsError:
    """The error to raise, once people know of it."""
    told = f"{error}\nThe rollback stopped at {entry.step}. `{GO_ON}` goes on with it"
    try:
        tools.journal.write(entry.updated(problem=str(error)[:2000]))
    except OpsError as lost:
        tools.release.say(f"the journal could not be written: {lost}")
    event = Event(
        kind="release",
        title=f"The rollback of {entry.color} {entry.version} stands at {entry.step}",
        text=told,
        severity="error",
        fields={"color": str(entry.color), "version": entry.version, "by": entry.by},
        dedup=entry.label,
    )
    tools.release.tell(event)
    return type(error)(told)


def _lost(tools: Tools, entry: Undoing) -> list[str]:
    """What the database would lose. Raises where it would be wrong."""
    return tools.data.look(entry) if entry.is_final else []


def _require_same(found: Undoing, wish: Wish) -> None:
    """What is not said is as it was begun."""
    pairs = (
        (wish.color, found.color),
        (wish.to_version, found.to_version),
        (wish.revision, found.revision),
        (wish.data, found.data),
        (wish.is_version_only, found.is_version_only),
        (wish.force, found.force),
    )
    if any(asked and asked != begun for asked, begun in pairs):
        raise Refused(
            f"another one is open: {found}. Go on with it by `{GO_ON}` without options, then run "
            "this again"
        )
