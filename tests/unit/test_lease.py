"""Who leads: never two by their own clocks, whatever the other machine's clock says."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.journal import TakenOver
from ops.lease import Lease, held, require_held
from tests.unit.versioned import Versioned
from tests.waiting import until

SECONDS = 9.0
TRUSTED = 6.0


@dataclass
class Clock:
    """A monotonic clock that a test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Twins:
    """Two replicas, each with its own clock, at one API server."""

    cluster: Versioned = field(default_factory=Versioned)
    clocks: tuple[Clock, Clock] = field(default_factory=lambda: (Clock(), Clock(5.0)))

    def __post_init__(self) -> None:
        self.one, self.other = (
            Lease(self.cluster, "agent", name, SECONDS, clock)
            for name, clock in zip(("one", "other"), self.clocks, strict=True)
        )

    def pass_time(self, seconds: float) -> None:
        for clock in self.clocks:
            clock.now += seconds

    @property
    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.objects[("Lease", "agent")]["spec"]
        return found


@pytest.fixture
def twins() -> Twins:
    return Twins()


def test_the_first_one_takes_it_and_the_other_waits(twins: Twins) -> None:
    assert twins.one.tick()
    assert not twins.other.tick()
    assert (twins.one.is_held, twins.other.is_held) == (True, False)
    assert str(twins.other.holder()).startswith("one since 20")


def test_a_holder_that_renews_keeps_it_however_long(twins: Twins) -> None:
    for _ in range(50):
        assert twins.one.tick()
        assert not twins.other.tick()
        twins.pass_time(SECONDS / 2)
    assert twins.spec["leaseTransitions"] == 0


def test_a_holder_that_falls_silent_lets_go_before_anybody_else_may_take_it(twins: Twins) -> None:
    twins.one.tick()
    twins.other.tick()
    twins.pass_time(TRUSTED + 0.1)
    assert not twins.one.is_held
    assert not twins.other.tick()
    twins.pass_time(SECONDS - TRUSTED)
    assert twins.other.tick()
    assert (twins.spec["holderIdentity"], twins.spec["leaseTransitions"]) == ("other", 1)


def test_a_machine_that_slept_does_not_count_what_it_did_not_see(twins: Twins) -> None:
    twins.one.tick()
    twins.clocks[1].now += 1000
    assert not twins.other.tick(), "it looked for the first time, and knows nothing of before"


def test_the_holders_wall_clock_decides_nothing(twins: Twins) -> None:
    twins.one.tick()
    twins.spec["renewTime"] = "1970-01-01T00:00:00.000000Z"
    assert not twins.other.tick()


def test_a_lease_for_longer_is_waited_for_that_long(twins: Twins) -> None:
    twins.one.tick()
    twins.spec["leaseDurationSeconds"] = 60
    twins.other.tick()
    twins.pass_time(SECONDS + 1)
    assert not twins.other.tick()
    twins.pass_time(60)
    assert twins.other.tick()


def test_a_slow_answer_counts_from_when_it_was_asked(twins: Twins) -> None:
    twins.cluster.before_write = lambda: twins.pass_time(TRUSTED)
    assert twins.one.tick()
    assert not twins.one.is_held


def test_of_two_that_take_it_at_once_one_gets_it(twins: Twins) -> None:
    twins.cluster.before_write = twins.other.tick
    assert not twins.one.tick()
    assert (twins.one.is_held, twins.other.is_held) == (False, True)


def test_who_lost_it_meanwhile_does_not_take_it_back(twins: Twins) -> None:
    twins.one.tick()
    twins.other.tick()
    twins.pass_time(SECONDS + 0.1)
    twins.other.tick()
    assert not twins.one.tick()
    assert not twins.one.is_held


def test_what_others_had_in_between_is_lost_for_good_though_it_be_free(twins: Twins) -> None:
    twins.one.tick()
    twins.other.tick()
    twins.pass_time(SECONDS + 0.1)
    twins.other.tick()
    twins.other.release()
    assert not twins.one.renew()
    assert (twins.one.is_held, twins.one.holder()) == (False, None)
    assert twins.one.tick(), "a leader takes what is free"


def test_what_nobody_had_in_between_is_held_on_to_however_long_it_was_not_renewed(
    twins: Twins,
) -> None:
    twins.one.tick()
    twins.pass_time(10 * SECONDS)
    assert not twins.one.is_held
    assert twins.one.renew()
    assert twins.one.is_held


def test_a_lease_that_somebody_deleted_is_lost_too(twins: Twins) -> None:
    twins.one.tick()
    twins.cluster.delete("Lease", "agent")
    assert not twins.one.renew()
    assert not twins.one.is_held


def test_what_was_given_back_is_free_at_once(twins: Twins) -> None:
    twins.one.tick()
    twins.one.release()
    assert not twins.one.is_held
    assert twins.other.holder() is None
    assert twins.other.tick()


def test_nobody_gives_back_what_somebody_else_has(twins: Twins) -> None:
    twins.one.tick()
    twins.spec["holderIdentity"] = "other"
    twins.one.release()
    assert twins.spec["holderIdentity"] == "other"


def test_an_api_server_that_is_down_ends_it_by_the_clock(twins: Twins) -> None:
    twins.one.tick()
    twins.cluster.is_down = True
    with pytest.raises(CouldNotFindOut):
        twins.one.tick()
    assert twins.one.is_held
    twins.pass_time(TRUSTED)
    assert not twins.one.is_held


def test_keeping_it_goes_on_after_a_failure_and_gives_it_back_at_the_end() -> None:
    cluster, stop, told = Versioned(), threading.Event(), []
    lease = Lease(cluster, "agent", "one", 0.01)
    cluster.is_down = True

    def say(text: str) -> None:
        told.append(text)
        cluster.is_down = False

    thread = threading.Thread(target=lease.keep, args=(stop, say))
    thread.start()
    until(lambda: lease.is_held, "it is held", pause=0, alive=thread.is_alive)
    stop.set()
    thread.join()
    assert len(told) == 1
    assert lease.holder() is None


def test_a_command_refuses_while_another_one_is_alive_and_says_who() -> None:
    cluster, stop = Versioned(), threading.Event()
    alive = Lease(cluster, "release", "alice@laptop", 0.2)
    alive.tick()
    renewing = threading.Thread(target=alive.keep, args=(stop, print))
    renewing.start()
    try:
        with pytest.raises(Refused, match="alice@laptop since"):
            Lease(cluster, "release", "bob@desk", 0.2).take()
    finally:
        stop.set()
        renewing.join()


def test_a_command_takes_over_what_a_dead_one_left_and_gives_it_back() -> None:
    cluster = Versioned()
    Lease(cluster, "release", "killed", 0.02).tick()
    cluster.objects[("Lease", "release")]["spec"]["leaseDurationSeconds"] = 0
    with held(Lease(cluster, "release", "next", 0.02), print) as lease:
        holder = lease.holder()
        assert holder is not None
        assert holder.identity == "next"
    assert Lease(cluster, "release", "after", 0.02).holder() is None


class Watched(Lease):
    """Tells what its renewals came to; after the first of them another one had it and is done."""

    def __init__(self, cluster: Versioned) -> None:
        super().__init__(cluster, "release", "me", 0.02)
        self.renewals: queue.Queue[bool] = queue.Queue()
        self.others: Callable[[], object] | None = lambda: cluster.patch(
            "Lease", "release", {"spec": {"holderIdentity": ""}}
        )

    def renew(self) -> bool:
        found = super().renew()
        others, self.others = self.others, None
        if others is not None:
            others()
        self.renewals.put(found)
        return found


def test_a_command_does_not_take_again_what_another_one_had_and_gave_back() -> None:
    lease = Watched(Versioned())
    with held(lease, print):
        assert [lease.renewals.get(timeout=60) for _ in range(3)] == [True, False, False]
        assert lease.holder() is None
        with pytest.raises(TakenOver):
            require_held(lease, "`scripts/release.py --status`")


def test_a_run_that_lost_it_knows_no_more_how_things_stand(twins: Twins) -> None:
    twins.one.tick()
    require_held(twins.one, "`scripts/release.py --status`")
    twins.pass_time(TRUSTED + 0.1)
    with pytest.raises(TakenOver, match=r"release\.py --status") as lost:
        require_held(twins.one, "`scripts/release.py --status`")
    assert lost.value.exit_code == CouldNotFindOut.exit_code
