"""A release to close in memory: green v2 serves, what is measured of it, and a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ops.checklist import Line
from ops.closing.entry import KEPT, Closing
from ops.closing.tools import Tools
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.journal import ClusterJournal
from ops.notify import Event, Failure
from ops.vitals.row import Row, judge
from ops.watching.judging import Limits
from ops.watching.reading import Look, Reading
from ops.watching.watch import Rhythm
from tests.unit.monitored import monitoring
from tests.unit.versioned import Versioned

GREEN = Color.GREEN
WELL = Reading(counted=2, requests=1000, rate=3.3, error_ratio=0.0, p95_seconds=0.1)
EVERY, SILENCE = 15.0, 60.0
LIMITS = monitoring().thresholds


class ClosingWorld:
    """`reading` and `table` are what Prometheus has now. `at` happens at these seconds."""

    def __init__(self) -> None:
        self.cluster = Versioned()
        self.since = "2026-01-01T12:00:00Z"
        self.reading: Reading | None = WELL
        self.errors_percent = 0.01
        self.more_rows: list[Row] = [Row("Alerts", "both", "none fires", "none", "any", "good")]
        self.smoked = [Line("health", "good", "ok")]
        self.reported: Callable[[], str] = lambda: "nothing new"
        self.astray = ""
        self.seconds = 0.0
        self.at: dict[float, Callable[[], None]] = {}
        self.events: list[Event] = []
        self.said: list[str] = []

    def tools(self) -> Tools:
        return Tools(
            journal=self.journal,
            color=GREEN,
            since=self.since,
            astray=lambda: self.astray,
            look=self._look,
            rows=self.rows,
            smoke=lambda: self.smoked,
            reported=self.reported,
            limits=Limits(),
            rhythm=Rhythm(EVERY, SILENCE),
            tell=self._tell,
            now=lambda: datetime(2026, 1, 1, 13, tzinfo=UTC),
            by="somebody",
            say=self.said.append,
            clock=lambda: self.seconds,
            pause=self._pause,
        )

    @property
    def journal(self) -> ClusterJournal[Closing]:
        return ClusterJournal(self.cluster, KEPT)

    @property
    def open(self) -> Closing | None:
        return self.journal.read()

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def rows(self) -> Sequence[Row]:
        if self.reading is None:
            raise CouldNotFindOut("Prometheus does not answer")
        return [
            judge("Error rate", "green", self.errors_percent, LIMITS.error_rate_percent, "%"),
            judge("P95 latency", "green", 100, LIMITS.p95_milliseconds, "ms"),
            *self.more_rows,
        ]

    def few(self) -> None:
        """Almost nobody comes."""
        self.reading = replace(WELL, requests=1)

    def _look(self) -> Look:
        if self.reading is None:
            raise CouldNotFindOut("Prometheus does not answer")
        return {GREEN: self.reading}

    def _tell(self, event: Event) -> Sequence[Failure]:
        self.events.append(event)
        return []

    def _pause(self, seconds: float) -> None:
        self.seconds += seconds
        for due in sorted(at for at in self.at if at <= self.seconds):
            self.at.pop(due)()
