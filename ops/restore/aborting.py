"""The way back to the old database, from wherever a restore stopped before its move was proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import failpoint
from ops.logins.sessions import open_session
from ops.restore import fence
from ops.restore.steps import reopen_writes, source_of
from ops.times import stamp

if TYPE_CHECKING:
    from ops.restore.journal import Entry
    from ops.restore.tools import Tools


def abort(tools: Tools, entry: Entry, why: str) -> Entry:
    """Undo what was done, close the journal, and return the entry. Safe to run again."""
    entry = entry.updated(aborting=entry.aborting or why)
    tools.journal.write(entry)
    if entry.is_moving:
        became = _go_back(tools, entry)
    else:
        _reopen(tools, entry)
        became = tools.place.discard(source_of(tools, entry), entry.target, tools.say)
    tools.say(became)
    # All that may have taken minutes: another run may have ended it, and a new restore be open.
    tools.journal.write(entry)
    reopen_writes(tools, entry)
    closed = entry.updated(outcome="aborted", finished=stamp(tools.now()))
    tools.journal.close(closed)
    return closed


def _go_back(tools: Tools, entry: Entry) -> str:
    """From halfway through a move: what the new one took in is kept in it, and nothing more."""
    with open_session(tools.place.admin(entry.target)) as new:
        fence.close(new, tools.place.app(entry.target), f"aborted restore {entry.id}")
    _reopen(tools, entry)
    tools.journal.write(entry)
    tools.place.send_to(entry.old, tools.say)
    tools.wait_until_left(entry.target)
    tools.journal.write(entry)
    tools.say(f"{tools.redis.clear_cache()} cached answers were deleted")
    return (
        f"{entry.target} stays, closed for writing: pods may have been on it, and what was written "
        "to it is in it alone"
    )


def _reopen(tools: Tools, entry: Entry) -> None:
    if entry.found_fence:
        tools.say(f"{entry.old} was closed for writing before, and stays so")
    elif not entry.old_is_lost:
        with open_session(tools.place.admin(entry.old)) as old:
            fence.reopen(old)
        tools.say(f"{entry.old} takes writes again")
    failpoint.reach("restore.reopened")
