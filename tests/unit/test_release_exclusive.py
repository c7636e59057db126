"""Two at once: one releases, the other is told who does, since when, and at which step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ops.errors import Refused
from ops.journal import ClusterJournal, TakenOver
from ops.lease import Lease, held
from ops.release import procedure
from ops.release.connecting import alone
from ops.release.entry import KEPT, NAME
from ops.release.step import Step
from tests.unit.release_world import ReleaseWorld
from tests.unit.test_release_procedure import V2
from tests.unit.versioned import Versioned
from tests.waiting import until

SECONDS = 2.0


@pytest.fixture
def cluster() -> Versioned:
    return Versioned()


@pytest.fixture
def world() -> ReleaseWorld:
    """A release that stands at its smoke tests."""
    made = ReleaseWorld()
    made.fails["smoke"] = Refused("login gives no token")
    with pytest.raises(Refused):
        procedure.run(made.release_tools(), V2)
    return made


@dataclass
class Clock:
    """A monotonic clock that goes on while somebody sleeps."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def lease(cluster: Versioned, who: str, clock: Callable[[], float] = time.monotonic) -> Lease:
    return Lease(cluster, NAME, who, SECONDS, clock)


def test_the_second_one_is_told_who_releases_since_when_and_at_which_step(
    cluster: Versioned, world: ReleaseWorld
) -> None:
    journal = ClusterJournal(world.cluster, KEPT)
    bob = alone(lease(cluster, "bob@here"), journal, world.say_it)
    alice = held(lease(cluster, "alice@there"), world.say_it)
    with alice, pytest.raises(Refused) as told, bob:
        pytest.fail("two are at it")
    for word in ("alice@there since 20", f"at step {Step.SMOKE}", "emergency_rollback.py"):
        assert word in str(told.value)


def test_a_holder_that_died_is_taken_over_after_its_time_and_not_before(
    cluster: Versioned, world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("ops.lease.time", clock)
    lease(cluster, "dead@there").tick()
    journal, bob = ClusterJournal(world.cluster, KEPT), lease(cluster, "bob@here", clock)
    with alone(bob, journal, world.say_it):
        assert SECONDS <= clock.now <= SECONDS + 2 * bob.pause_seconds


def test_who_lost_the_lease_is_stopped_before_the_next_step(
    cluster: Versioned, world: ReleaseWorld
) -> None:
    mine = lease(cluster, "bob@here")
    journal = ClusterJournal(world.cluster, KEPT)
    with alone(mine, journal, world.say_it) as alive:
        alive()
        taken = {"spec": {"holderIdentity": "alice@there", "renewTime": "2025-10-14T02:00:00Z"}}
        cluster.patch("Lease", NAME, taken)
        until(lambda: not mine.is_held, "the lease was lost")
        with pytest.raises(TakenOver, match="lease release was lost"):
            alive()
