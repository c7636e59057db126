"""What was wrong with the old color is known to the end, however the shift was interrupted."""

from __future__ import annotations

import pytest

from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.release import procedure
from ops.release.beginning import Wish
from ops.release.entry import Options
from ops.release.watching import Away
from ops.shift import beginning as shift
from ops.shift import procedure as shifting
from ops.state import LiveTraffic
from ops.watching.judging import Kind, Verdict
from tests.killed import Killed, Places
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld
from tests.unit.shift_world import BAD, GOOD

AT_ONCE = SHORT.model_copy(update={"steps": ()})
SILENT = Verdict(Kind.SILENT, "Prometheus does not answer")


@pytest.fixture
def world() -> ReleaseWorld:
    """Blue fails before anything moves."""
    world = ReleaseWorld()
    world.first = Verdict(Kind.BAD, "blue answers 3.00 % with errors")
    return world


def resume(world: ReleaseWorld, kind: type[OpsError], words: str) -> None:
    with pytest.raises(kind, match=words):
        procedure.resume(world.release_tools(), {})


def stays(world: ReleaseWorld, *verdicts: Verdict) -> None:
    """Gone on with, while nobody sees blue any more, and green fails once it has everything."""
    world.first, world.verdicts = GOOD, [*verdicts, BAD]
    resume(world, Refused, "blue was no better before .blue answers 3.00 % with errors")
    assert world.weights == {BLUE: 0, GREEN: 100}


def test_a_canary_that_stood_and_goes_on_does_not_go_back_to_what_failed(
    world: ReleaseWorld,
) -> None:
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.release_tools(), Wish("v2", SHORT))
    stays(world, GOOD)


@pytest.mark.parametrize("place", ["shift.0.moved", "shift.done", "release.shift.done"])
@pytest.mark.parametrize("options", [SHORT, AT_ONCE])
def test_a_shift_that_was_killed_and_goes_on_does_not_go_back_to_what_failed(
    world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch, options: Options, place: str
) -> None:
    Places(monkeypatch).armed = place
    with pytest.raises(Killed):
        procedure.run(world.release_tools(), Wish("v2", options))
    stays(world, *([GOOD] if world.open and options.steps else []))


def test_a_move_at_once_that_got_no_answer_leaves_what_was_seen_before_it(
    world: ReleaseWorld,
) -> None:
    def unanswered() -> None:
        if world.config_data["legal-ai:activeColor"] == "green":
            world.live_traffic = LiveTraffic({BLUE: 0, GREEN: 100}, GREEN, 8)
            raise CouldNotFindOut("the API server gives no answer")

    world.in_up = unanswered
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.release_tools(), Wish("v2", AT_ONCE))
    world.in_up = lambda: None
    stays(world)


def test_a_color_that_serves_again_is_looked_at_anew(world: ReleaseWorld) -> None:
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.release_tools(), Wish("v2", SHORT))
    shifting.abort(world.tools())
    world.first, world.verdicts = GOOD, [GOOD, BAD]
    resume(world, Away, "blue has all traffic again")


def test_a_shift_of_somebody_else_is_believed_on_what_it_saw(world: ReleaseWorld) -> None:
    world.verdicts = [SILENT]
    with pytest.raises(CouldNotFindOut):
        procedure.run(world.release_tools(), Wish("v2", SHORT))
    shifting.abort(world.tools())
    world.first = GOOD
    canary = shift.Wish(GREEN, SHORT.steps, SHORT.step_seconds, 0.0)
    shifting.run(world.tools(), canary)
    world.verdicts = [BAD]
    resume(world, Away, "blue has all traffic again")
