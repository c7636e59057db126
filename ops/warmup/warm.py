"""The warm-up itself: sends, listens, and ends when every pod answers steadily."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ops import names
from ops.application.identity import Identity
from ops.application.user import User, log_in
from ops.application.visit import Visitor
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.warmup import pods
from ops.warmup.pace import Pace, Shot
from ops.warmup.pods import POD_HEADER, Pods
from ops.warmup.rules import Rules
from ops.warmup.windows import Windows, judge

if TYPE_CHECKING:
    from ops.cluster import Cluster

LOGIN_SECONDS: Final = 20.0
"""The first login at a color that is cold."""


@dataclass(frozen=True)
class Target:
    """Whom to warm up: a color by its preview host, who has to answer there, and who asks."""

    color: Color
    url: str
    identity: Identity
    user: User


@dataclass(frozen=True)
class Warmed:
    """A color that is warm: how long it took, each window's p95 in seconds, and its pods."""

    seconds: float
    p95: Sequence[float]
    pods: Pods

    def as_data(self) -> dict[str, Any]:
        """As it is printed with --json."""
        return {
            "seconds": round(self.seconds, 1),
            "p95Milliseconds": [round(1000 * each) for each in self.p95],
            "pods": {service: list(names) for service, names in self.pods.by_service.items()},
        }

    def __str__(self) -> str:
        told = ", ".join(f"{1000 * each:.0f}" for each in self.p95)
        return f"warm after {self.seconds:.0f} s: p95 {told} ms; every pod answers ({self.pods})"


@dataclass
class WarmUp:
    """One warm-up of `target`, by `rules`."""

    target: Target
    rules: Rules
    cluster: Cluster
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def run(self) -> Warmed:
        """Send until the color is warm.

        Raises Refused for pods that are not ready, an answer of another color or version, and at
        the deadline; CouldNotFindOut where nothing answers or pods can't be told apart.
        """
        target, rules = self.target, self.rules
        found = pods.ready(self.cluster, target.color)
        self.say(f"warming {target.color} up at {target.url}, pods: {found}")
        token = self._log_in()
        windows, missing, failed = Windows(rules), "no window is full", ""
        began = self.clock()
        with Pace(target.url, rules.paths, rules.rate, token) as pace:
            while missing and (shot := pace.next(began + rules.seconds - self.clock())):
                problem = self._problem(shot)
                failed = problem or failed
                if windows.add(shot, problem):
                    self.say(f"{target.color}: {windows.last[-1]}")
                    found = pods.ready(self.cluster, target.color)
                    missing = self._missing(windows, found)
        seconds = self.clock() - began
        if missing:
            told = f" (the last request that failed: {failed})" if failed else ""
            raise Refused(
                f"{target.color} is not warm after {seconds:.0f} s: {missing}{told}. Look at "
                f"`scripts/logs.py {target.color} --since 10m`; the public route was not touched"
            )
        return Warmed(seconds, [each.p95 for each in windows.full], found)

    def _log_in(self) -> str:
        with closing(Visitor(self.target.url, self.target.identity)) as visitor:
            return log_in(visitor.visit(LOGIN_SECONDS), self.target.user)

    def _problem(self, shot: Shot) -> str:
        """What is wrong with an answer. Raises Refused if the wrong application gave it."""
        if not shot.status:
            return f"GET {shot.path}: {shot.problem}"
        problem = self.target.identity.problem(shot.headers)
        if problem and names.APP_COLOR_HEADER in shot.headers:
            raise Refused(
                f"GET {shot.path} at {self.target.url}: {problem}. Look at the preview route and "
                "the Services; the public route was not touched"
            )
        if shot.status >= 300 or problem:
            told = f", and {problem}" if problem else ""
            return f"GET {shot.path} was answered {shot.status}{told}"
        return ""

    def _missing(self, windows: Windows, found: Pods) -> str:
        """What there is left to wait for, in a sentence; empty when the color is warm."""
        newest = windows.last[-1]
        if newest.unanswered == self.rules.requests:
            raise CouldNotFindOut(f"{self.target.url} does not answer: {newest.problems[0]}")
        if reason := judge(windows.last, self.rules):
            return reason
        unreached = found.unreached(windows.pods)
        if unreached and not windows.pods:
            raise CouldNotFindOut(
                f"the pods of {', '.join(found.several)} can't be told apart: the application has "
                f"to answer with its pod's name in the header {POD_HEADER}"
            )
        return f"no answer yet of pod {', '.join(unreached)}" if unreached else ""
