"""Killed at every step, before, between and behind: resumed and aborted, it ends right."""

from __future__ import annotations

import pytest

from ops.errors import Refused, UsageError
from ops.release import procedure
from ops.release.beginning import Wish
from ops.release.step import Step
from ops.release.watching import Away
from tests.killed import Killed, Places
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld
from tests.unit.shift_world import BAD, GOOD

V2 = Wish("v2", SHORT)
PLACES = [f"release.{step}{at}" for step in Step for at in (".begun", ".done", "")]


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


def killed_at(place: str, places: Places, world: ReleaseWorld) -> None:
    places.armed = place
    with pytest.raises(Killed):
        procedure.run(world.release_tools(), V2)


def every_place(places: Places) -> list[str]:
    """Those of the release, and those of the shift within it."""
    procedure.run(ReleaseWorld().release_tools(), V2)
    found, places.reached = list(dict.fromkeys(places.reached)), []
    return found


def test_every_step_has_its_three_places(places: Places) -> None:
    assert set(PLACES) <= set(every_place(places))


def test_a_release_killed_anywhere_goes_on_and_ends_as_if_it_never_was(places: Places) -> None:
    for place in every_place(places):
        world = ReleaseWorld()
        killed_at(place, places, world)
        if world.release is not None:
            procedure.resume(world.release_tools(), {})
        assert (world.release, world.ended.outcome) == (None, "done"), place
        assert world.shares == [50, 100], place
        assert world.running == {BLUE: 0, GREEN: 2}, place
        assert world.deployed == {BLUE: "v1", GREEN: "v2"}, place
        assert world.silence_of == set(), place
        assert len(world.backups) == 1, place


def test_a_release_killed_anywhere_can_be_aborted(places: Places) -> None:
    for place in every_place(places):
        world = ReleaseWorld()
        killed_at(place, places, world)
        if world.release is None:
            assert place == "release.closed"
            continue
        procedure.abort(world.release_tools())
        as_before(world, place)


@pytest.mark.parametrize("go_on", ["abort", "resume"])
def test_a_release_killed_as_it_tells_of_a_step_that_failed_is_gone_on_with_by_either_command(
    places: Places, go_on: str
) -> None:
    for step in ("preflight", "backup", "smoke", "browser"):
        world = ReleaseWorld()
        world.fails[step] = Refused("it is bad")
        killed_at(f"release.{step}.failed", places, world)
        found = world.release
        assert found, step
        assert found.reason == "it is bad", step
        world.fails.clear()
        again(world, go_on)
        if go_on == "abort":
            as_before(world, step)
        else:
            assert (world.release, world.ended.outcome) == (None, "done"), step


def test_an_abort_killed_anywhere_is_gone_on_with_by_either_command(places: Places) -> None:
    for until in Step:
        for place in abort_places(places, until):
            for go_on in ("abort", "resume"):
                world = stopped_at(until, places)
                places.armed = place
                with pytest.raises(Killed):
                    procedure.abort(world.release_tools())
                if world.release is not None:
                    again(world, go_on)
                as_before(world, f"{until}, {place}, {go_on}")


def test_a_way_back_of_the_watching_that_was_killed_is_finished(places: Places) -> None:
    for place in (f"shift.back.{at}" for at in ("begun", "journaled", "applied", "closed")):
        world = ReleaseWorld()
        world.verdicts = [GOOD, BAD]
        killed_at(place, places, world)
        with pytest.raises(Away):
            procedure.resume(world.release_tools(), {})
        assert world.weights == {BLUE: 100, GREEN: 0}, place
        procedure.abort(world.release_tools())
        as_before(world, place)


def again(world: ReleaseWorld, command: str) -> None:
    if command == "abort":
        procedure.abort(world.release_tools())
    else:
        procedure.resume(world.release_tools(), {})


def stopped_at(step: Step, places: Places) -> ReleaseWorld:
    world = ReleaseWorld()
    killed_at(f"release.{step}.done", places, world)
    return world


def abort_places(places: Places, until: Step) -> list[str]:
    world = stopped_at(until, places)
    places.reached = []
    procedure.abort(world.release_tools())
    found, places.reached = list(dict.fromkeys(places.reached)), []
    return found


def as_before(world: ReleaseWorld, place: str) -> None:
    """All that the release changed is undone; the schema alone stays expanded."""
    assert (world.release, world.ended.outcome) == (None, "aborted"), place
    assert world.weights == {BLUE: 100, GREEN: 0}, place
    assert world.live_traffic, place
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}, place
    assert world.running == {BLUE: 2, GREEN: 0}, place
    assert world.deployed == {BLUE: "v1", GREEN: "v0"}, place
    assert world.silence_of == set(), place
    assert world.open is None, place
    with pytest.raises(UsageError):
        procedure.abort(world.release_tools())
