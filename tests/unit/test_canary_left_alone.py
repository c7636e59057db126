"""A shift that can't go on while its target has traffic: people are called, whatever is gone."""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import CouldNotFindOut, NoAccess
from ops.lease import Lost
from ops.shift import procedure
from ops.shift.beginning import Wish
from ops.state import LiveTraffic
from ops.watching.judging import Kind, Verdict
from tests.unit.shift_world import BAD, BLUE, GOOD, GREEN, World

CANARY = Wish(steps=(10, 25, 50, 100))
SWITCH = Wish(target=GREEN)
SILENT = Verdict(Kind.SILENT, "the API server does not answer")
FEW = Verdict(Kind.FEW, "green had 3 requests")
SHARED = Verdict(Kind.SHARED, "green fails, and blue fails")


class Gone(World):
    """Its API server gives no answer from some moment on; configuration and Pulumi are there."""

    def go(self) -> None:
        """Now, and until `come_back`."""
        broken: Any = self.cluster
        broken.get = broken.patch = self.live = no_answer  # type: ignore[method-assign]

    def come_back(self) -> None:
        mended: Any = self.cluster
        del mended.get, mended.patch, self.live
        self.on_alive = self.meanwhile = lambda: None

    def lose_lease(self) -> None:
        """The server is gone for longer than the lease lasts."""
        self.go()
        self.on_alive = lost

    @property
    def pages(self) -> list[str]:
        return [event.text for event in self.events if event.kind == "page"]


def no_answer(*_: object) -> Any:
    raise CouldNotFindOut("no answer from the API server")


def lost() -> None:
    raise Lost("the lease was lost. Another run may be at it: see `scripts/canary.py --status`")


@pytest.fixture
def world() -> Gone:
    return Gone()


@pytest.mark.parametrize("verdict", [GOOD, BAD, SILENT, FEW, SHARED])
def test_an_api_server_that_is_gone_for_longer_than_the_lease_pages_whatever_was_seen(
    world: Gone, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*_: object) -> Verdict:
        world.lose_lease()
        return verdict

    monkeypatch.setattr(world, "step", step)
    with pytest.raises(Lost):
        procedure.run(world.tools(), CANARY)
    [told] = world.pages
    for words in (verdict.reason, "Another run may be at it", "emergency_rollback.py"):
        assert words in told
    assert world.events[0].title.endswith("stands at 10 %")
    monkeypatch.undo()
    world.come_back()
    procedure.run(world.tools(), CANARY)
    assert world.shares == [10, 25, 50, 100]


def test_the_lease_held_and_the_journal_out_of_reach_the_page_goes_out(world: Gone) -> None:
    world.verdicts = [SILENT]
    tools = world.tools()
    world.on_alive = lambda: setattr(
        world.cluster, "patch", no_answer if world.watched else world.cluster.patch
    )
    with pytest.raises(CouldNotFindOut, match="green keeps 10 %"):
        procedure.run(tools, CANARY)
    assert len(world.pages) == 1
    assert "could not be written" in world.said[-1]


@pytest.mark.parametrize(("verdict", "words"), [(GOOD, "no answer"), (BAD, BAD.reason)])
def test_what_can_not_be_journaled_is_no_reason_to_leave_a_canary_untold(
    world: Gone, verdict: Verdict, words: str
) -> None:
    world.verdicts = [verdict]
    world.on_alive = lambda: world.go() if world.watched else None
    with pytest.raises(CouldNotFindOut, match="may have traffic that nobody watches"):
        procedure.run(world.tools(), CANARY)
    [told] = world.pages
    assert words in told


def test_a_shift_that_stays_open_before_anything_moved_says_what_configuration_asks_for(
    world: Gone,
) -> None:
    world.refusal = CouldNotFindOut("no answer to the gate")
    with pytest.raises(CouldNotFindOut, match="no answer to the gate"):
        procedure.run(world.tools(), CANARY)
    assert (world.shares, world.events, world.weights[GREEN]) == ([], [], 10)
    assert world.open
    for words in ("is open at 10 %", "may ask for 10 %", "canary.py --abort", "No `pulumi up`"):
        assert words in world.said[-1]


def test_a_lease_lost_before_anything_moved_calls_nobody(world: Gone) -> None:
    world.on_alive = lost
    with pytest.raises(Lost):
        procedure.run(world.tools(), CANARY)
    assert (world.shares, world.events) == ([], [])


def test_a_lease_lost_to_a_run_that_has_ended_it_calls_nobody(world: Gone) -> None:
    """A laptop that slept while somebody else went on."""

    def slept() -> None:
        world.on_alive = world.meanwhile = lambda: None
        procedure.run(world.tools(), CANARY)
        world.events.clear()
        world.on_alive = lost

    world.meanwhile = slept
    with pytest.raises(Lost):
        procedure.run(world.tools(), CANARY)
    assert world.last.outcome == "done"
    assert world.events == []


def test_a_page_for_what_stands_is_ended_with_it(world: Gone) -> None:
    def locked() -> None:
        world.refusal = CouldNotFindOut("another Pulumi command holds stack production")

    world.meanwhile = locked
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), CANARY)
    world.meanwhile = lambda: None
    procedure.run(world.tools(), CANARY)
    assert world.kinds == ["page", "acknowledged", "release"]


def test_a_page_for_a_lost_lease_is_ended_with_what_stands(world: Gone) -> None:
    """The server is back when the loss is seen."""
    world.meanwhile = lambda: setattr(world, "on_alive", lost)
    with pytest.raises(Lost):
        procedure.run(world.tools(), CANARY)
    world.on_alive = world.meanwhile = lambda: None
    procedure.run(world.tools(), CANARY)
    assert world.kinds == ["page", "acknowledged", "release"]


def test_a_lease_lost_to_a_run_that_goes_on_leaves_the_journal_to_it(world: Gone) -> None:
    def slept() -> None:
        journal = world.tools().journal
        found = journal.read()
        assert found
        journal.write(found.updated(by="somebody@elsewhere"))
        world.on_alive = lost

    world.meanwhile = slept
    with pytest.raises(Lost):
        procedure.run(world.tools(), CANARY)
    assert len(world.pages) == 1
    assert world.open
    assert (world.open.by, world.open.paged) == ("somebody@elsewhere", False)


@pytest.mark.parametrize("error", [CouldNotFindOut("no end within 900 s"), NoAccess("no login")])
def test_an_up_that_moves_everything_and_then_has_no_end_pages(
    world: Gone, error: CouldNotFindOut
) -> None:
    def moved_and_hangs() -> None:
        world.live_traffic = LiveTraffic({BLUE: 0, GREEN: 100}, GREEN, 8)
        raise error

    world.in_up = moved_and_hangs
    with pytest.raises(CouldNotFindOut, match=f"{error}.*nobody watches") as raised:
        procedure.run(world.tools(), SWITCH)
    assert raised.value.exit_code == 3
    assert len(world.pages) == 1


def test_an_up_that_has_no_end_pages_where_the_route_can_not_be_looked_at(world: Gone) -> None:
    def hangs() -> None:
        world.go()
        raise CouldNotFindOut("no end within 900 s")

    world.in_up = hangs
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.tools(), SWITCH)
    assert len(world.pages) == 1


def test_a_route_that_is_gone_pages(world: Gone) -> None:
    world.in_up = lambda: setattr(world, "is_deaf", True)
    world.meanwhile = lambda: setattr(world, "live_traffic", None)
    with pytest.raises(CouldNotFindOut, match="is gone now"):
        procedure.run(world.tools(), SWITCH)
    assert len(world.pages) == 1
