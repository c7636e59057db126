"""A restore from beginning to end, journaled: killed anywhere, the same command finishes it.

See docs/restore.md for the order of its steps and why it is that one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ops import failpoint
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.journal import TakenOver
from ops.restore import aborting, mutex
from ops.restore.journal import Entry, Step
from ops.restore.lost import require_lost
from ops.restore.plan import Plan, plan
from ops.restore.steps import ACTS, Declined, reopen_writes
from ops.times import rfc3339, stamp

if TYPE_CHECKING:
    from ops.restore.tools import Tools

AGAIN_AFTER: Final = timedelta(hours=1)
"""Within this time a restore that is done is not done once more, unless that is asked for."""

Alive = Callable[[], None]
"""Raises CouldNotFindOut if another run could be at work by now."""


def run(tools: Tools, requested: str, *, old_is_lost: bool = False, again: bool = False) -> Entry:
    """Restore, or go on with the restore of the same that was begun. Returns it, closed.

    Raises Refused where another one is open, or where it had to be aborted; UsageError for what was
    asked; CouldNotFindOut where something gave no answer: then it stays open, and writes closed.
    """
    begun = tools.journal.read()
    if begun is None and not again and (done := _finished(tools, requested)):
        tools.say(
            f"nothing to do: that restore is done since {done.finished}; --again does it anew"
        )
        return done
    if begun is None and old_is_lost:
        require_lost(tools.place)
    if old_is_lost if begun is None else begun.old_is_lost:
        return _go(tools, requested, old_is_lost=True, alive=lambda: None)
    server = tools.place.admin(tools.place.current if begun is None else begun.old)
    with mutex.held(server, tools.stack) as alive:
        return _go(tools, requested, old_is_lost=False, alive=alive)


def abort(tools: Tools) -> Entry:
    """Go back to the old database, as long as the move to the new one is not proven.

    Raises UsageError where no restore is open, Refused where it is too late.
    """
    entry = tools.journal.read()
    if entry is None:
        raise UsageError("there is no restore to abort: none is open")
    if not entry.step.is_before(Step.PROVED):
        raise Refused(
            f"{entry}: the application has moved, and that is proven. Run `restore_production_db.py"
            f" {entry.requested}` to finish it; to go back then, restore {entry.saved}"
        )
    if entry.old_is_lost and entry.is_moving:
        raise Refused(f"{entry}: {entry.old} is lost, so there is nothing to go back to")
    if entry.old_is_lost:
        return aborting.abort(tools, entry, "it was asked for")
    with mutex.held(tools.place.admin(entry.old), tools.stack):
        found = tools.journal.read()
        if found is None:
            raise TakenOver(f"{entry}: another run has closed it meanwhile")
        return aborting.abort(tools, found, "it was asked for")


def _go(tools: Tools, requested: str, *, old_is_lost: bool, alive: Alive) -> Entry:
    entry = tools.journal.read()
    if entry is None:
        entry = _begin(tools, plan(tools, requested, old_is_lost=old_is_lost))
    else:
        _require_same(entry, requested)
        tools.say(f"going on: {entry}")
    if entry.aborting:
        aborting.abort(tools, entry, entry.aborting)
        raise Refused(f"{entry}: it was being aborted ({entry.aborting}), and now is")
    for step in Step:
        if entry.step.is_before(step):
            entry = _take(tools, entry, step, alive)
    reopen_writes(tools, entry)
    closed = entry.updated(outcome="done", finished=stamp(tools.now()))
    tools.journal.close(closed)
    return closed


def _begin(tools: Tools, planned: Plan) -> Entry:
    if not tools.confirm("\n".join(planned.lines())):
        raise Declined("nothing was changed")
    started = tools.now().astimezone(UTC).replace(microsecond=0)
    entry = Entry(
        id=f"{started:%Y%m%dT%H%M%SZ}-{planned.target.replace('_', '-')}",
        requested=planned.requested,
        source=planned.source.id,
        is_moment=planned.source.backup is None,
        at=rfc3339(planned.source.at),
        target=planned.target,
        old=planned.old,
        started=rfc3339(started),
        by=tools.by,
        old_is_lost=planned.old_is_lost,
        found_maintenance=planned.found_maintenance,
        found_fence=planned.found_fence,
    )
    tools.journal.write(entry)
    failpoint.reach(f"restore.{Step.JOURNALED}")
    return entry


def _take(tools: Tools, entry: Entry, step: Step, alive: Alive) -> Entry:
    """Take one step, written before and after; abort where it can't be done and may be undone."""
    try:
        alive()
        entry = entry.updated(doing=step)
        tools.journal.write(entry)
        done = ACTS[step](tools, entry).updated(step=step)
        tools.journal.write(done)
    except TakenOver:
        raise
    except CouldNotFindOut as error:
        raise CouldNotFindOut(_stopped(entry, step, error)) from error
    except (Refused, UsageError) as error:
        if entry.is_moving:
            raise Refused(_stopped(entry, step, error)) from error
        raise _given_up(tools, entry, error) from error
    failpoint.reach(f"restore.{step}")
    return done


def _stopped(entry: Entry, step: Step, error: OpsError) -> str:
    back = (
        f", or with --abort to go back to {entry.old}" if entry.step.is_before(Step.PROVED) else ""
    )
    return (
        f"{error}\nThe restore stopped at `{step}`, and writes stay closed. Run the same "
        f"command again to go on{back}"
    )


def _given_up(tools: Tools, entry: Entry, error: OpsError) -> OpsError:
    """The error to raise once the restore was aborted because of `error`."""
    tools.say(f"aborting, the application stays on {entry.old}: {error}")
    try:
        aborting.abort(tools, entry, str(error))
    except OpsError as worse:
        return CouldNotFindOut(
            f"{error}\nThe restore could not be aborted either: {worse}\nWrites stay closed. Run "
            "the same command with --abort"
        )
    return Refused(
        f"{error}\nThe restore was aborted: the application is on {entry.old} as before, and "
        "writes are as they were"
    )


def _require_same(entry: Entry, requested: str) -> None:
    if requested not in (entry.requested, entry.source):
        raise Refused(
            f"another restore is open: {entry}. Finish it with `restore_production_db.py "
            f"{entry.requested}`, or end it with `restore_production_db.py --abort`, first"
        )


def _finished(tools: Tools, requested: str) -> Entry | None:
    """The last restore, if it was of the same, went well, and ended a short while ago.

    So a rerun of a command that had just finished does not restore once more: `latest` would then
    be the backup that the first run took.
    """
    history = tools.journal.history()
    last = history[-1] if history else None
    if last is None or last.outcome != "done" or requested not in (last.requested, last.source):
        return None
    return last if tools.now() - datetime.fromisoformat(last.finished) < AGAIN_AFTER else None
