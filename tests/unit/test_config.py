"""A stack's configuration as scripts read it, and a color as they write it, killed or not."""

from __future__ import annotations

import pytest

from ops import config
from ops.color import Color
from ops.config import ColorConfig, Replicas, Undeployed
from tests.unit.release_world import GREEN, ReleaseWorld

EACH = {"backend": 3, "frontend": 2}
SHAPES: list[Replicas] = [0, 2, EACH, {"backend": 1}]


@pytest.fixture
def world() -> ReleaseWorld:
    return ReleaseWorld()


def green(world: ReleaseWorld) -> ColorConfig:
    return config.of_color(world.config_data, GREEN)


@pytest.mark.parametrize("before", SHAPES)
@pytest.mark.parametrize("after", SHAPES)
def test_any_form_of_replicas_follows_any_other(
    world: ReleaseWorld, before: Replicas, after: Replicas
) -> None:
    world.config_data["legal-ai:green"] = {"version": "v0", "replicas": before}
    wanted = ColorConfig(version="v2", replicas=after)
    assert config.write(world, GREEN, wanted)
    assert green(world) == wanted


def test_what_is_so_already_is_not_written_and_raises_no_serial(world: ReleaseWorld) -> None:
    assert not config.write(world, GREEN, ColorConfig(version="v0", replicas=0))
    assert (world.writes, world.config_data["legal-ai:serial"]) == ([], "7")


def test_each_write_raises_the_serial_once(world: ReleaseWorld) -> None:
    config.write(world, GREEN, ColorConfig(version="v2", replicas=EACH))
    assert world.config_data["legal-ai:serial"] == "8"


def test_a_color_that_had_no_version_has_none_again(world: ReleaseWorld) -> None:
    config.write(world, GREEN, ColorConfig())
    assert green(world) == ColorConfig()


def test_a_write_that_was_killed_between_its_two_halves_is_finished(world: ReleaseWorld) -> None:
    world.remove("green.replicas")
    wanted = ColorConfig(version="v2", replicas=EACH)
    config.write(world, GREEN, wanted)
    assert green(world) == wanted


def test_what_is_not_configured_is_blue_alone_with_serial_zero() -> None:
    assert config.configured({}) == config.all_to(Color.BLUE)
    assert config.weights({}) == {Color.BLUE: 100, Color.GREEN: 0}
    assert (config.serial({}), config.raised({})) == (0, {"serial": "1"})
    assert config.of_color({}, GREEN) == ColorConfig()


def test_a_version_that_was_set_changed_or_taken_away_waits_for_an_up() -> None:
    given = {"legal-ai:blue": {"version": "v1"}, "legal-ai:green": {"replicas": 1}}
    assert config.undeployed(given, {Color.BLUE: "v1"}) == []
    assert config.undeployed(given, {Color.GREEN: "v0"}) == [
        Undeployed(Color.BLUE, "v1", ""),
        Undeployed(Color.GREEN, "", "v0"),
    ]
