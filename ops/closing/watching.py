"""The runbook's "First 2 Hours": the table watched, each look journaled, so that it can go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ops import failpoint
from ops.closing.entry import Closing, clock
from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.notify import Event
from ops.noting import note
from ops.watching.judging import Kind, Verdict, judge_alone
from ops.watching.watch import Watch

if TYPE_CHECKING:
    from ops.closing.tools import Tools
    from ops.watching.reading import Look

AGAIN: Final = "the same command goes on where this one ended"
LONGEST_ROUNDS: Final = 2
"""Rounds that may lie between two looks: a machine that slept has not watched meanwhile."""


def watch(tools: Tools, entry: Closing, seconds: float) -> Closing:
    """Watch until it was well for so long in all, those before included. Nothing is moved.

    Raises Refused where the version fails or lost its traffic, CouldNotFindOut where it can't be
    told; people are paged for what they must decide.
    """
    keeper = _Keeper(tools, entry)
    while keeper.entry.watched_seconds < seconds:
        round_ = Watch(
            tools.look,
            keeper.judge,
            tools.astray,
            tools.say,
            tools.rhythm,
            tools.clock,
            tools.pause,
        )
        verdict = round_.run(seconds - keeper.entry.watched_seconds)
        if verdict.kind is not Kind.GOOD:
            raise _stopped(tools, keeper.entry, verdict, seconds)
    return keeper.entry


@dataclass
class _Keeper:
    """Judges each look by the limits and by the runbook's table, and journals it if it is good."""

    tools: Tools
    entry: Closing
    before: float | None = field(default=None, init=False)

    def judge(self, look: Look) -> Verdict:
        """The verdict on one look."""
        now = self.tools.clock()
        since, self.before = self.before, now
        verdict = judge_alone(look, self.entry.color, self.tools.limits)
        if verdict.kind is not Kind.GOOD:
            self.before = None
            return verdict
        rows = self.tools.rows()
        for worst, kind in (("bad", Kind.BAD), ("unknown", Kind.SILENT)):
            told = [f"{r.name} of {r.of}: {r.why or r.now}" for r in rows if r.verdict == worst]
            if told:
                self.before = None
                return Verdict(kind, "; ".join(told))
        unusual = [f"{row.name} of {row.of}" for row in rows if row.verdict == "unusual"]
        most = LONGEST_ROUNDS * self.tools.rhythm.every
        seconds = 0.0 if since is None else min(now - since, most)
        self.entry = self.entry.watched(seconds, unusual, verdict.reason)
        self.tools.journal.write(self.entry)
        failpoint.reach("closing.looked")
        beyond = f"; beyond normal: {', '.join(unusual)}" if unusual else ""
        return Verdict(Kind.GOOD, f"{verdict.reason}{beyond}")


def _stopped(tools: Tools, entry: Closing, verdict: Verdict, seconds: float) -> OpsError:
    """Why watching ended before its time; people are paged for what they must decide."""
    reason, version = verdict.reason, entry.version
    if verdict.kind is Kind.MOVED:
        return Refused(f"{reason}: there is nothing to watch any more")
    if verdict.kind is Kind.FEW:
        return CouldNotFindOut(
            f"{reason}. It could be judged for {clock(entry.watched_seconds)} h of "
            f"{clock(seconds)} h; {AGAIN}"
        )
    is_silent = verdict.kind is Kind.SILENT
    title = f"{version} can't be watched" if is_silent else f"{version} is not well"
    _page(tools, entry, title, reason)
    if is_silent:
        return CouldNotFindOut(f"{reason}. Traffic was left where it is; {AGAIN}")
    return Refused(
        f"{reason}. Traffic was left where it is: `scripts/diagnose.py` looks for the cause, "
        f"`scripts/emergency_rollback.py` takes it back; {AGAIN}"
    )


def _page(tools: Tools, entry: Closing, title: str, text: str) -> None:
    """The page first: where the API server gives no answer, the journal can't be written."""
    tools.tell(
        Event(
            kind="page",
            title=title,
            text=f"{text}. {entry.color} keeps the traffic; a person must decide",
            severity="critical",
            fields={"color": str(entry.color), "version": entry.version, "by": tools.by},
            dedup=entry.incident,
        )
    )
    note(tools.journal, entry.updated(paged=True), tools.say)
