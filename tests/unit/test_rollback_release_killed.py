"""A complete rollback killed at every step, enumerated: the same command ends it right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ops.errors import OpsError, Refused
from ops.release import procedure as releasing
from ops.release.step import Step as ReleaseStep
from ops.release_rollback.entry import NAME, Step
from ops.release_rollback.wish import Wish
from tests.killed import Killed, Places
from tests.unit.release_world import BLUE
from tests.unit.rollback_release_world import V2, UndoWorld, released, undone_well, with_schema

DONE = [f"{NAME}.{step}{at}" for step in Step for at in (".begun", ".done")]


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


def refused() -> UndoWorld:
    """As released, with an `up` that the gate refuses once."""
    world = released()
    world.config_data["legal-ai:blue"]["replicas"] = 2
    world.running[BLUE] = 2
    world.refusal = Refused("blue is not ready")
    return world


def held() -> UndoWorld:
    """As released, and rolled back by the agent."""
    world = released()
    world.running[BLUE] = 2
    world.roll_back()
    return world


def every_place(places: Places, make: Callable[[], UndoWorld], wish: Wish) -> list[str]:
    world = make()
    places.reached = []
    world.undo(wish)
    return list(dict.fromkeys(places.reached))


def killed_and_run_again(places: Places, world: UndoWorld, wish: Wish, place: str) -> None:
    places.armed = place
    with pytest.raises(Killed):
        world.undo(wish)
    world.undo(wish)
    undone_well(world, place)


def test_every_step_has_its_places(places: Places) -> None:
    found = every_place(places, released, with_schema(UndoWorld()))
    found += every_place(places, released, Wish(data="latest"))
    assert set(DONE) <= set(found)


@pytest.mark.parametrize("make", [released, refused, held])
def test_killed_anywhere_the_same_command_ends_as_if_it_never_was(
    places: Places, make: Callable[[], UndoWorld]
) -> None:
    for place in every_place(places, make, Wish()):
        killed_and_run_again(places, make(), Wish(), place)


def test_killed_around_the_schema_it_is_taken_back_behind_one_backup(places: Places) -> None:
    wish = with_schema(UndoWorld())
    for place in every_place(places, released, wish):
        world = released()
        backups = len(world.backups)
        killed_and_run_again(places, world, wish, place)
        assert set(world.database) == {"v2 to 0001"}, place
        assert len(world.backups) == backups + 1, place


def test_a_release_killed_at_any_step_is_rolled_back_whole(places: Places) -> None:
    for step in ReleaseStep:
        for at in (".begun", ".done", ""):
            world = UndoWorld()
            places.armed = place = f"release.{step}{at}"
            with pytest.raises(Killed):
                releasing.run(world.release_tools(), V2)
            world.undo()
            undone_well(world, place)


def test_killed_while_it_aborts_a_release_it_still_ends_right(places: Places) -> None:
    for place in every_place(places, interrupted, Wish()):
        killed_and_run_again(places, interrupted(), Wish(), place)


def interrupted() -> UndoWorld:
    """A release that stands at its canary."""
    world = UndoWorld()
    world.fails["smoke"] = Refused("the login fails")
    with pytest.raises(OpsError):
        releasing.run(world.release_tools(), V2)
    return world
