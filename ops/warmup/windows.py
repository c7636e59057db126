"""Pure: requests put into windows, and whether the last windows are steady."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ops.warmup.pace import Shot
from ops.warmup.pods import POD_HEADER
from ops.warmup.rules import Rules

PERCENT: Final = 95


@dataclass
class Window:
    """Consecutive requests. Latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    pods: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    unanswered: int = 0

    @property
    def p95(self) -> float:
        """The latency, in seconds, that 95 of 100 requests stay within."""
        ordered = sorted(self.latencies)
        return ordered[math.ceil(len(ordered) * PERCENT / 100) - 1]

    def __str__(self) -> str:
        failed = f", {len(self.problems)} failed" if self.problems else ""
        return f"p95 {1000 * self.p95:.0f} ms of {len(self.latencies)} requests{failed}"


@dataclass
class Windows:
    """Windows by the requests' numbers; a late answer counts where its request belongs."""

    rules: Rules
    _all: list[Window] = field(default_factory=list)
    _full: int = 0

    @property
    def full(self) -> Sequence[Window]:
        """Those of which every request has ended, up to the first of which not every one has."""
        return self._all[: self._full]

    @property
    def last(self) -> Sequence[Window]:
        """The windows that are judged."""
        return self.full[-self.rules.windows :]

    @property
    def pods(self) -> set[str]:
        """The pods that answered in the windows that are judged."""
        return set[str]().union(*(window.pods for window in self.last))

    def add(self, shot: Shot, problem: str) -> bool:
        """Count a request, with what is wrong with it; whether a window became full."""
        index = shot.number // self.rules.requests
        while len(self._all) <= index:
            self._all.append(Window())
        window = self._all[index]
        window.latencies.append(shot.latency)
        if problem:
            window.problems.append(problem)
        window.unanswered += not shot.status
        if pod := shot.headers.get(POD_HEADER):
            window.pods.add(pod)
        before = self._full
        while self._full < len(self._all) and self._is_full(self._all[self._full]):
            self._full += 1
        return self._full > before

    def _is_full(self, window: Window) -> bool:
        return len(window.latencies) == self.rules.requests


def judge(last: Sequence[Window], rules: Rules) -> str:
    """Why the windows are not those of a warm color, in a sentence; empty when they are."""
    if len(last) < rules.windows:
        return f"{len(last)} of {rules.windows} windows are full"
    for window in last:
        if window.problems:
            return f"{len(window.problems)} requests of a window failed: {window.problems[0]}"
    slowest, fastest = max(w.p95 for w in last), min(w.p95 for w in last)
    if slowest > rules.most_seconds:
        return (
            f"p95 is {1000 * slowest:.0f} ms, at most {1000 * rules.most_seconds:.0f} ms is allowed"
        )
    allowed = max(rules.tolerance_seconds, fastest * rules.tolerance_percent / 100)
    if slowest - fastest > allowed:
        return (
            f"p95 is not steady: {1000 * fastest:.0f} to {1000 * slowest:.0f} ms, "
            f"{1000 * allowed:.0f} ms apart is allowed"
        )
    return ""
