"""Watches a shift of traffic by Prometheus: which judge for which step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ops.watching.judging import Kind, Limits, Verdict, judge_alone, judge_canary
from ops.watching.reading import Look, look
from ops.watching.watch import Rhythm, Watch

if TYPE_CHECKING:
    from ops.color import Color
    from ops.metrics import Prometheus
    from ops.shift.entry import Shift

ROUNDS: Final = 6
"""Rounds of scraping and judging that may pass without data; new series need about two."""
FIRST_LOOKS: Final = 3


def rhythm(scrape_seconds: float, evaluation_seconds: float) -> Rhythm:
    """The rhythm that fits how often Prometheus itself looks."""
    return Rhythm(
        every=min(15.0, max(1.0, evaluation_seconds)),
        silence=max(10.0, ROUNDS * (scrape_seconds + evaluation_seconds)),
    )


@dataclass(frozen=True)
class PrometheusWatcher:
    """`ops.shift.tools.Watcher`. `connect` is called when Prometheus is first needed."""

    connect: Callable[[], Prometheus]
    namespace: str
    limits: Limits
    rhythm: Rhythm
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep

    def before(self, origin: Color) -> Verdict:
        """A look at the color that serves; another one or two where a number is just missing.

        Raises CouldNotFindOut at once where Prometheus can't be asked.
        """
        verdict = judge_alone(self._look(), origin, self.limits)
        for _ in range(FIRST_LOOKS - 1):
            if verdict.kind is not Kind.SILENT:
                break
            self.pause(self.rhythm.every)
            verdict = judge_alone(self._look(), origin, self.limits)
        return verdict

    def step(self, shift: Shift, moved: Callable[[], str]) -> Verdict:
        """Watch until the step's time is over.

        A canary is compared with the other color as long as that has traffic.
        """

        def judge(found: Look) -> Verdict:
            is_alone = not shift.weights[shift.origin]
            judged = judge_alone if is_alone else judge_canary
            return judged(found, shift.target, self.limits)

        watch = Watch(self._look, judge, moved, self.say, self.rhythm)
        return watch.run(shift.seconds)

    def _look(self) -> Look:
        return look(self._prometheus, self.namespace)

    @cached_property
    def _prometheus(self) -> Prometheus:
        return self.connect()
