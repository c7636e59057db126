"""Looking again and again, for a while: well all the time, or the first thing that speaks against.

Time is this machine's monotonic clock; the clock on the wall is never asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ops.errors import CouldNotFindOut
from ops.watching.judging import Kind, Verdict
from ops.watching.reading import Look

CONFIRMED: Final = 2
"""Looks with data in a row that must be bad: one may have caught two counters in between."""


@dataclass(frozen=True)
class Rhythm:
    """Seconds between two looks, and for how long there may be no data before it is given up.

    `silence` also covers the time until a color that just got traffic has numbers at all.
    """

    every: float
    silence: float


@dataclass
class Watch:
    """Watches. `look` asks Prometheus, `judge` is pure, `moved` says who moved traffic meanwhile.

    `say` gets a line for each look.
    """

    look: Callable[[], Look]
    judge: Callable[[Look], Verdict]
    moved: Callable[[], str]
    say: Callable[[str], None]
    rhythm: Rhythm
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def run(self, seconds: float) -> Verdict:
        """Watch for so long, and a little longer where the last look could not tell.

        Gives GOOD only if nothing was bad and the last look was good: no data, and too few
        requests in all that time, are verdicts of their own.
        """
        begun = known_at = self.clock()
        bad = 0
        while True:
            verdict = self._once()
            now = self.clock()
            self.say(f"{_clock(now - begun)} of {_clock(seconds)}: {verdict.reason}")
            if verdict.kind is Kind.MOVED:
                return verdict
            if verdict.kind is not Kind.SILENT:
                known_at = now
            elif now - known_at >= self.rhythm.silence:
                return verdict
            if verdict.kind is not Kind.SILENT:
                bad = bad + 1 if verdict.kind in {Kind.BAD, Kind.SHARED} else 0
            if bad >= CONFIRMED:
                return verdict
            if now - begun >= seconds and verdict.kind in {Kind.GOOD, Kind.FEW}:
                return verdict
            left = seconds - (now - begun)
            self.pause(min(self.rhythm.every, left) if left > 0 else self.rhythm.every)

    def _once(self) -> Verdict:
        try:
            if moved := self.moved():
                return Verdict(Kind.MOVED, moved)
            return self.judge(self.look())
        except CouldNotFindOut as error:
            return Verdict(Kind.SILENT, str(error))


def _clock(seconds: float) -> str:
    """Minutes and seconds: `3:20`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
