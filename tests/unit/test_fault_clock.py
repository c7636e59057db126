"""An operator's clock that is an hour off: what others go by is written by a server's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from ops import clock
from ops.alertmanager import Alertmanager
from ops.clock import SharedClock
from ops.errors import CouldNotFindOut
from ops.gate import Gate
from ops.metrics import Prometheus
from ops.release.silence import StackSilences
from ops.rollback import by_hand
from ops.rollback.by_hand import Wish
from ops.rollback.decide import decide
from ops.rollback.request import Kind, Limits, Request
from tests.unit import test_gate
from tests.unit.json_server import json_server
from tests.unit.monitored import monitoring
from tests.unit.rollback_cluster import BLUE, RollbackCluster, rollback
from tests.unit.test_gate import TO_GREEN, Memory

# The gate that its own tests have.
cluster, gate = test_gate.cluster, test_gate.gate
smoked, answering = test_gate.smoked, test_gate.answering

NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
OFF: Final = [HOUR, -HOUR]


@dataclass
class Machine:
    """Whose wall clock is `off` from the server's; `time` passes for both."""

    off: timedelta
    time: float = 0.0
    asked: int = 0
    fails: bool = False
    clock: SharedClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SharedClock(self.ask, self.wall, lambda: self.time)

    @property
    def real(self) -> datetime:
        return NOW + timedelta(seconds=self.time)

    def wall(self) -> datetime:
        return self.real + self.off

    def ask(self) -> datetime | None:
        self.asked += 1
        if self.fails:
            raise CouldNotFindOut("no answer")
        return self.real.replace(microsecond=0)


@pytest.mark.parametrize("off", [*OFF, timedelta(seconds=1), timedelta()])
def test_the_time_is_the_servers_and_goes_on_without_it(off: timedelta) -> None:
    machine = Machine(off)
    for _ in range(20):
        assert abs(machine.clock.now() - machine.real) <= clock.SLACK
        machine.time += 0.7
    assert machine.asked == 1


def test_a_clock_that_is_set_right_meanwhile_is_noticed() -> None:
    machine = Machine(HOUR)
    machine.clock.now()
    machine.off = timedelta()
    machine.time += clock.ASKED_AGAIN_SECONDS + 1
    assert machine.clock.now() == machine.real


def test_a_server_that_stops_telling_was_heard_before_and_one_that_never_told_is_no_answer() -> (
    None
):
    machine = Machine(HOUR)
    machine.clock.now()
    machine.fails = True
    machine.time += clock.ASKED_AGAIN_SECONDS + 1
    assert machine.clock.now() == machine.real
    unheard = Machine(HOUR, fails=True)
    with pytest.raises(CouldNotFindOut):
        unheard.clock.now()


def test_times_of_one_process_never_run_backwards_for_parts_of_a_second() -> None:
    machine = Machine(timedelta(seconds=0.3))
    seen = []
    for _ in range(500):
        seen.append(machine.clock.now())
        machine.time += 0.41
    assert seen == sorted(seen)


def test_the_gate_writes_down_the_gain_of_a_switch_by_the_api_servers_clock(
    gate: Gate, cluster: Memory
) -> None:
    gate.before_route(TO_GREEN)
    marker = cluster.objects["ConfigMap", "traffic-unverified"]["data"]
    assert datetime.fromisoformat(marker["since"]) == cluster.time
    assert cluster.time < datetime.now(UTC) - HOUR


def test_an_alert_right_after_a_rollback_is_not_taken_for_one_from_before_it() -> None:
    """By a clock that is ahead blue would have got its traffic only after the alert."""
    cluster = RollbackCluster()
    by_hand.roll_back(rollback(cluster), Wish(None, "it hurts", "alice@laptop"))
    found = cluster.history
    assert (
        found.began[BLUE] == found.gained[BLUE] == cluster.time.isoformat(timespec="milliseconds")
    )
    assert cluster.time < datetime.now(UTC) - HOUR
    fired = cluster.time + timedelta(minutes=5)
    request = Request(BLUE, "blue fails too", "agent", "HighErrorRate", "f", fired.isoformat())
    decision = decide(request, rollback(cluster).facts(), fired, Limits(window_minutes=120))
    assert decision.kind is Kind.PAGE
    assert "green is held" in decision.reason


@pytest.mark.parametrize("off", OFF)
def test_a_silence_begins_now_and_lasts_as_long_as_asked_by_alertmanagers_clock(
    off: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "own", lambda: datetime.now(UTC) + off)
    with json_server() as server:
        server.answers["GET /api/v2/silences"] = (200, [])
        server.answers["POST /api/v2/silences"] = (200, {"silenceID": "one"})
        facts = SimpleNamespace(
            namespace="legal-ai", monitoring=monitoring(alertmanagerUrl=server.url)
        )
        StackSilences(cast(Any, facts), "production", Alertmanager).put("release-1", 30)
        made = server.asked[-1].body
    begins, ends = (datetime.fromisoformat(made[name]) for name in ("startsAt", "endsAt"))
    assert abs(begins - datetime.now(UTC)) < timedelta(minutes=5)
    assert ends - begins == timedelta(minutes=30)


def test_a_plot_ends_when_it_is_told_to_and_not_by_the_clock_on_the_wall() -> None:
    with json_server() as server:
        answer = {"resultType": "matrix", "result": []}
        server.answers["POST /api/v1/query_range"] = (200, {"status": "success", "data": answer})
        Prometheus(server.url).range("up", 60, 1, end=1_000_000.0)
        times = server.asked[-1].body
    assert (times["start"], times["end"]) == (["999940.000"], ["1000000.000"])
