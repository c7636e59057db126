"""A replica's threads: woken at once, ended in order, and missed when they have died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from agent import process
from agent.leader import Leader
from agent.process import Process
from ops.errors import CouldNotFindOut
from ops.lease import Lease
from tests.unit.versioned import Versioned
from tests.waiting import until


class Silent(Versioned):
    """An API server that tells of a change when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Semaphore(0)
        self.watch_fails = False

    def changes(self, kind: str, name: str) -> Iterator[None]:
        while True:
            self.changed.acquire()
            if self.watch_fails:
                raise CouldNotFindOut("the connection was lost")
            yield


class Rounds:
    """A leader that counts, and does what a test says."""

    def __init__(self) -> None:
        self.count = 0
        self.act: Callable[[], None] = lambda: None

    def round(self) -> None:
        self.count += 1
        self.act()


class Replica:
    """A process with a leader that a test can watch."""

    def __init__(self) -> None:
        self.cluster, self.rounds = Silent(), Rounds()
        self.lease = Lease(self.cluster, "rollback-agent", "me", 1.0)
        self.process = Process(self.cluster, self.lease, cast(Leader, self.rounds))
        self.process.start()

    def next_round(self, why: Callable[[], object]) -> None:
        """Return once a round has begun after that."""
        before = self.rounds.count
        why()
        until(lambda: self.rounds.count > before, "a round began")


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No round of its own accord as long as a test lasts."""
    monkeypatch.setattr(process, "ROUND_SECONDS", 600.0)


@pytest.fixture
def replica() -> Iterator[Replica]:
    made = Replica()
    yield made
    made.rounds.act = lambda: None
    made.process.stop()


@pytest.mark.usefixtures("unhurried")
def test_a_round_begins_at_a_webhook_and_at_a_change_that_the_twin_made(replica: Replica) -> None:
    replica.next_round(replica.process.wake)
    replica.next_round(replica.cluster.changed.release)


def test_rounds_go_on_when_nobody_wakes_them_and_after_one_that_found_no_answer(
    replica: Replica,
) -> None:
    def fail() -> None:
        raise CouldNotFindOut("the API server is down")

    replica.rounds.act = fail
    replica.next_round(replica.process.wake)
    replica.next_round(lambda: None)
    assert replica.process.problem == ""


def test_a_watch_that_breaks_is_no_problem(replica: Replica) -> None:
    replica.cluster.watch_fails = True
    replica.cluster.changed.release()
    replica.next_round(lambda: None)
    assert replica.process.problem == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_leader_that_died_of_a_mistake_says_so_and_lets_its_twin_lead(replica: Replica) -> None:
    until(lambda: replica.lease.is_held, "it leads")

    def break_down() -> None:
        raise ZeroDivisionError

    replica.rounds.act = break_down
    replica.process.wake()
    until(lambda: "rounds" in replica.process.problem, "the leader is missed")
    until(lambda: replica.lease.holder() is None, "the lease is free")


def test_at_its_end_it_finishes_the_round_and_then_gives_the_lease_back(replica: Replica) -> None:
    until(lambda: replica.lease.is_held, "it leads")
    held_at_the_end: list[bool] = []
    goes_on = threading.Event()

    def slow() -> None:
        goes_on.wait(5)
        held_at_the_end.append(replica.lease.is_held)

    replica.rounds.act = slow
    replica.next_round(replica.process.wake)
    ending = threading.Thread(target=replica.process.stop)
    ending.start()
    goes_on.set()
    ending.join()
    assert held_at_the_end[0]
    assert replica.lease.holder() is None
