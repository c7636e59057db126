"""An abort undoes all that a release ever began, however often it failed and what was left out."""

from __future__ import annotations

import pytest

from ops.errors import CouldNotFindOut, OpsError, Refused
from ops.hold import Hold
from ops.release import procedure
from ops.release.beginning import Wish
from ops.release.entry import MOST_RUNS, Release
from ops.release.step import Step
from ops.shift import beginning as shift
from ops.shift import procedure as shifting
from ops.state import LiveTraffic
from ops.watching.judging import Kind, Verdict
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld

SILENT = Verdict(Kind.SILENT, "Prometheus does not answer")
CANARY = shift.Wish(GREEN, SHORT.steps, SHORT.step_seconds, 0.0)


@pytest.fixture
def world() -> ReleaseWorld:
    return ReleaseWorld()


def stands(world: ReleaseWorld, first: Step = Step.PREFLIGHT) -> None:
    with pytest.raises(OpsError):
        procedure.run(world.release_tools(), Wish("v2", SHORT, first))


def abort(world: ReleaseWorld) -> None:
    procedure.abort(world.release_tools())


def as_before(world: ReleaseWorld) -> None:
    assert world.live_traffic
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}
    assert world.running == {BLUE: 2, GREEN: 0}
    assert world.deployed == {BLUE: "v1", GREEN: "v0"}
    assert world.silence_of == set()
    assert world.ended.outcome == "aborted"


def test_a_shift_that_a_person_finished_and_that_was_left_out_then_is_gone_back_from(
    world: ReleaseWorld,
) -> None:
    world.verdicts = [SILENT]
    stands(world)
    shifting.run(world.tools(), CANARY)
    world.verdicts = [SILENT]
    stands(world, Step.WATCH)
    abort(world)
    as_before(world)


def test_a_deployment_that_failed_and_was_left_out_then_is_undone(world: ReleaseWorld) -> None:
    world.fails["up"] = Refused("worker-green did not start")
    stands(world)
    world.fails = {"warm-up": CouldNotFindOut("no answer")}
    world.deployed[GREEN], world.running[GREEN] = "v2", 2
    stands(world, Step.WARM_UP)
    world.fails = {}
    abort(world)
    as_before(world)


def test_what_was_begun_is_known_after_any_number_of_attempts(world: ReleaseWorld) -> None:
    world.verdicts = [SILENT]
    stands(world)
    for _ in range(MOST_RUNS + 1):
        world.verdicts = [SILENT]
        with pytest.raises(CouldNotFindOut):
            procedure.resume(world.release_tools(), {})
    assert world.release
    assert all(run.step is Step.SHIFT for run in world.release.runs)
    abort(world)
    as_before(world)


def test_a_release_whose_journal_has_no_steps_that_were_begun_goes_by_its_runs(
    world: ReleaseWorld,
) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    stands(world)
    tools = world.release_tools()
    found = tools.journal.read()
    assert found
    old = found.model_dump(mode="json", exclude={"touched"})
    tools.journal.write(Release.model_validate(old))
    abort(world)
    as_before(world)


def test_a_color_that_somebody_else_gave_traffic_to_is_not_deployed_anew(
    world: ReleaseWorld,
) -> None:
    world.fails["browser"] = CouldNotFindOut("no browser here")
    stands(world)
    shifting.run(world.tools(), CANARY)
    config = world.config()
    with pytest.raises(Refused, match=r"green has traffic.*switch_deployment_color.py blue"):
        abort(world)
    assert world.config() == config
    assert world.release
    assert not world.release.aborting
    shifting.run(world.tools(), shift.Wish(BLUE, switch_seconds=0.0))
    abort(world)
    as_before(world)


def test_an_abort_leads_nobody_back_to_a_color_that_is_held_as_failing(world: ReleaseWorld) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    stands(world)
    world.held = Hold(BLUE, GREEN, "blue fails", "2025-10-14T02:00:00Z", "bob")
    world.live_traffic = LiveTraffic({BLUE: 0, GREEN: 100}, GREEN, 9)
    with pytest.raises(
        Refused, match=r"blue is held.*--acknowledge.*--resume.*once blue is mended"
    ):
        abort(world)
    world.set({"activeColor": "green", "canaryWeight": "0", "serial": "10"})
    world.held, world.fails = None, {}
    procedure.resume(world.release_tools(), {})
    assert world.ended.outcome == "done"
    assert world.live_traffic.weights == {BLUE: 0, GREEN: 100}


def test_an_abort_after_a_rollback_from_the_new_color_asks_for_its_acknowledgement(
    world: ReleaseWorld,
) -> None:
    world.fails["browser"] = CouldNotFindOut("no browser here")
    stands(world)
    shifting.run(world.tools(), CANARY)
    world.roll_back()
    with pytest.raises(Refused, match=r"Let blue have all of it first, by .*--acknowledge`; then"):
        abort(world)
