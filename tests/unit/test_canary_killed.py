"""Killed at every step, enumerated: the same command ends right, and so does the way back."""

from __future__ import annotations

import pytest

from ops.errors import Refused
from ops.shift import procedure
from ops.shift.beginning import Wish
from tests.killed import Killed, Places
from tests.unit.shift_world import BAD, BLUE, GOOD, GREEN, World

CANARY = Wish(steps=(10, 100))


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


def run(world: World) -> None:
    """A run; that it went back is one of its right endings."""
    try:
        procedure.run(world.tools(), CANARY)
    except Refused:
        assert world.last.outcome == "went back"


def killed_at(place: str, places: Places, world: World) -> None:
    places.armed = place
    with pytest.raises(Killed):
        run(world)


def every_place(places: Places, *verdicts: object) -> list[str]:
    world = World()
    world.verdicts = list(verdicts)  # type: ignore[arg-type]
    return places_of(places, world)


def places_of(places: Places, world: World) -> list[str]:
    run(world)
    found, places.reached = list(dict.fromkeys(places.reached)), []
    return found


def test_a_canary_killed_anywhere_goes_on_and_ends_with_the_switch(places: Places) -> None:
    found = every_place(places)
    assert {"shift.begun", "shift.0.journaled", "shift.2.configured", "shift.done"} <= set(found)
    for place in found:
        world = World()
        killed_at(place, places, world)
        run(world)
        assert world.shares == [10, 100], place
        assert world.weights == {BLUE: 0, GREEN: 100}, place
        assert world.config_data["legal-ai:activeColor"] == "green", place
        assert (world.open, world.last.outcome) == (None, "done"), place
        assert len(world.writes) == 3, place


def test_a_canary_killed_on_its_way_back_ends_with_nothing_for_it(places: Places) -> None:
    found = [name for name in every_place(places, GOOD, BAD) if ".back." in name]
    assert len(found) == 5
    for place in found:
        world = World()
        world.verdicts = [GOOD, BAD]
        killed_at(place, places, world)
        if place != "shift.back.closed":
            run(world)
        assert world.shares == [10, 100, 0], place
        assert world.weights == {BLUE: 100, GREEN: 0}, place
        assert (world.open, world.last.outcome) == (None, "went back"), place


def without_pulumi() -> World:
    """Its canary fails, and Pulumi's next `up`, which is the way back, is refused."""
    world = World()
    world.verdicts = [BAD]

    def refuse() -> None:
        world.refusal = Refused("the state's backend does not answer")

    world.meanwhile = refuse
    return world


def test_a_canary_killed_on_its_way_back_past_pulumi_ends_with_nothing_for_it(
    places: Places,
) -> None:
    found = [name for name in places_of(places, without_pulumi()) if ".back." in name]
    assert "shift.back.past-pulumi" in found
    for place in found:
        world = without_pulumi()
        killed_at(place, places, world)
        if place != "shift.back.closed":
            run(world)
        assert world.live_traffic, place
        assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}, place
        assert world.weights == {BLUE: 100, GREEN: 0}, place
        assert (world.open, world.last.outcome) == (None, "went back"), place
        assert len(world.emergencies) <= 1, place


def test_a_canary_killed_anywhere_can_be_aborted(places: Places) -> None:
    for place in every_place(places):
        if place == "shift.done":
            continue
        world = World()
        killed_at(place, places, world)
        procedure.abort(world.tools())
        assert world.weights == {BLUE: 100, GREEN: 0}, place
        assert world.live_traffic
        assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}, place
        assert (world.open, world.last.outcome) == (None, "went back"), place
