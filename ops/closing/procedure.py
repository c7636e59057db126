"""Closing a release: watched if asked for, looked through, then written down as closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import checklist, failpoint
from ops.closing import lines
from ops.closing.entry import CLOSED, OVERTAKEN, Closing
from ops.closing.watching import watch
from ops.errors import Refused
from ops.notify import Event
from ops.times import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.checklist import Line
    from ops.closing.tools import Tools


def closed_before(tools: Tools, version: str) -> Closing | None:
    """The closing of the version as it serves now, if it was closed."""
    ended = reversed(tools.journal.history())
    return next((each for each in ended if _is_of(tools, version, each, CLOSED)), None)


def begin(tools: Tools, version: str) -> Closing:
    """Open the closing, or go on with it. Raises Refused if the version does not serve.

    One of another release that was left open is over: what it watched does not serve any more.
    """
    if astray := tools.astray():
        raise Refused(f"{astray}: there is nothing to close")
    found = tools.journal.read()
    if found is not None and _is_of(tools, version, found):
        tools.say(f"going on: {found}")
        return found
    if found is not None:
        tools.journal.close(found.updated(outcome=OVERTAKEN, finished=stamp(tools.now())))
    entry = Closing(
        version=version,
        color=tools.color,
        since=tools.since,
        by=tools.by,
        started=stamp(tools.now()),
    )
    tools.journal.write(entry)
    failpoint.reach("closing.begun")
    return entry


def watched(tools: Tools, version: str, seconds: float) -> Closing:
    """Watch until it was well for so long in all. Raises as `begin` and `watching.watch`."""
    return watch(tools, begin(tools, version), seconds)


def look(tools: Tools, version: str) -> list[Line]:
    """The machine's lines, without changing anything."""
    found = tools.journal.read()
    is_it = found is not None and _is_of(tools, version, found)
    return lines.look(tools, version, found if is_it else None)


def close(tools: Tools, version: str, found: Sequence[Line]) -> Closing:
    """Write down that it is closed, and tell people. Raises as `checklist.enforce` and `begin`."""
    checklist.enforce(found, f"{version} can't be closed; --accept NAME=REASON for what is unknown")
    entry = begin(tools, version).updated(outcome=CLOSED, by=tools.by, finished=stamp(tools.now()))
    tools.journal.close(entry)
    failpoint.reach("closing.closed")
    tools.tell(
        Event(
            kind="resolved" if entry.paged else "release",
            title=f"The release of {version} is closed",
            text=f"{entry.color} serves with it: {entry.told()}",
            severity="info",
            fields={"color": str(entry.color), "version": version, "by": tools.by},
            dedup=entry.incident,
        )
    )
    return entry


def _is_of(tools: Tools, version: str, entry: Closing, outcome: str = "") -> bool:
    """Whether it is of this version, in this color, since it got its traffic."""
    wanted = (version, tools.color, tools.since, outcome)
    return wanted == (entry.version, entry.color, entry.since, entry.outcome)
