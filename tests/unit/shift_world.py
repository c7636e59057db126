"""A stack, its route and Prometheus in memory, for shifts of traffic; `ops.shift.tools.Tools`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ops.color import Color
from ops.errors import Refused
from ops.hold import Hold
from ops.journal import ClusterJournal
from ops.notify import Event
from ops.shift.entry import KEPT, Shift
from ops.shift.tools import Tools
from ops.state import LiveTraffic
from ops.watching.judging import Kind, Verdict
from tests.unit.versioned import Versioned

BLUE, GREEN = Color.BLUE, Color.GREEN
GOOD = Verdict(Kind.GOOD, "all is well")
BAD = Verdict(Kind.BAD, "green answers 5.00 % of 900 requests with errors")


class World:
    """Blue v1 serves, green v2 stands by. `verdicts` are given to the watched steps in turn.

    `shares` is green's percentage after each write of the route, `limits` the seconds of each `up`.
    `refusal`: the next `up` fails with it, having moved nothing; a deaf one ends well, having moved
    nothing. `in_up` happens before the route is written, `on_config` before the configuration is
    read, `meanwhile` while a step is watched, `on_alive` where the lease is asked for.
    """

    def __init__(self) -> None:
        self.config_data: dict[str, Any] = {
            "legal-ai:activeColor": "blue",
            "legal-ai:canaryWeight": "0",
            "legal-ai:serial": "7",
            "legal-ai:blue": {"version": "v1", "replicas": 1},
            "legal-ai:green": {"version": "v2", "replicas": 1},
        }
        self.deployed = {BLUE: "v1", GREEN: "v2"}
        self.live_traffic: LiveTraffic | None = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 7)
        self.held: Hold | None = None
        self.cluster = Versioned()
        self.verdicts: list[Verdict] = []
        self.first = GOOD
        self.shares: list[int] = []
        self.writes: list[Mapping[str, str]] = []
        self.watched: list[str] = []
        self.events: list[Event] = []
        self.emergencies: list[str] = []
        self.refusal: Exception | None = None
        self.is_deaf = False
        self.in_up: Callable[[], None] = lambda: None
        self.on_config: Callable[[], None] = lambda: None
        self.meanwhile: Callable[[], None] = lambda: None
        self.on_alive: Callable[[], None] = lambda: None
        self.said: list[str] = []
        self.limits: list[float] = []
        self.by = "somebody@here"

    def tools(self) -> Tools:
        return Tools(
            stack=self,
            deployed=self.deployed,
            traffic=self,
            journal=ClusterJournal(self.cluster, KEPT),
            watcher=self,
            emergency=self.emergency,
            exclusive=self._exclusive,
            tell=self.events.append,
            now=lambda: datetime(2025, 10, 14, 2, tzinfo=UTC),
            by=self.by,
            say=self.said.append,
        )

    # The stack.

    def config(self) -> dict[str, Any]:
        self.on_config()
        found: dict[str, Any] = json.loads(json.dumps(self.config_data))
        return found

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        assert not secrets
        self.writes.append(values)
        self.config_data |= {f"legal-ai:{key}": value for key, value in values.items()}

    def remove(self, key: str) -> None:
        del self.config_data[f"legal-ai:{key}"]

    def up(self, show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        self.limits.append(seconds)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        if self.is_deaf:
            return
        self.in_up()
        if self.held and self.weights[self.held.color]:
            raise Refused(str(self.held))
        before = self.live_traffic.weights if self.live_traffic else {}
        active = Color(self.config_data["legal-ai:activeColor"])
        serial = int(self.config_data["legal-ai:serial"])
        self.live_traffic = LiveTraffic(self.weights, active, serial)
        if before != self.weights:
            self.shares.append(self.weights[GREEN])

    @property
    def weights(self) -> dict[Color, int]:
        """By the configuration."""
        active = Color(self.config_data["legal-ai:activeColor"])
        weight = int(self.config_data["legal-ai:canaryWeight"])
        return {active: 100 - weight, active.other: weight}

    # Traffic.

    def live(self) -> LiveTraffic | None:
        return self.live_traffic

    def hold(self) -> Hold | None:
        return self.held

    def roll_back(self) -> None:
        """As the agent does, past Pulumi: hold, then route."""
        self.held = Hold(GREEN, BLUE, "error rate 5 %", "2025-10-14T02:00:00Z", "rollback-agent")
        self.live_traffic = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 8)

    def emergency(self, shift: Shift, reason: str) -> None:
        self.emergencies.append(reason)
        self.roll_back()

    # Prometheus.

    def before(self, origin: Color) -> Verdict:
        return self.first

    def step(self, shift: Shift, moved: Callable[[], str]) -> Verdict:
        self.watched.append(shift.where)
        self.meanwhile()
        if reason := moved():
            return Verdict(Kind.MOVED, reason)
        return self.verdicts.pop(0) if self.verdicts else GOOD

    # What came of it.

    @property
    def open(self) -> Shift | None:
        return self.tools().journal.read()

    @property
    def last(self) -> Shift:
        return self.tools().journal.history()[-1]

    @property
    def kinds(self) -> Sequence[str]:
        return [event.kind for event in self.events]

    @contextmanager
    def _exclusive(self) -> Iterator[Callable[[], None]]:
        def alive() -> None:
            self.on_alive()

        yield alive
