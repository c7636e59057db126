"""A complete rollback: what it undoes, in which order, and what it does not begin at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.history import History
from ops.release import procedure as releasing
from ops.release.step import Step as Releasing
from ops.release_rollback import procedure
from ops.release_rollback.entry import Step
from ops.release_rollback.wish import Wish
from ops.shift import procedure as shifting
from ops.shift.beginning import Wish as Shifting
from ops.watching.judging import Kind, Verdict
from tests.unit.release_world import BLUE, GREEN, unsure_of_workers
from tests.unit.rollback_release_world import V2, UndoWorld, released, undone_well, with_schema

LOCKED = CouldNotFindOut("the stack is locked")


def test_traffic_goes_back_and_the_failed_color_to_its_version_of_before_at_none() -> None:
    world = released()
    world.undo(Wish(reason="wrong totals"))
    undone_well(world)
    assert "past-pulumi" not in world.acts
    assert "wrong totals" in world.events[-1].text
    assert GREEN in world.unproven


def test_what_was_undone_can_be_released_again_and_notes_its_images_then() -> None:
    world = released()
    with pytest.raises(Refused, match="serves v2 already"):
        releasing.run(world.release_tools(), replace(V2, first=Releasing.DEPLOY))
    world.undo()
    world.digests_now = {"backend": ("sha256:again",)}
    releasing.run(world.release_tools(), V2)
    assert world.ended.digests == {"backend": ("sha256:again",)}
    assert world.weights[GREEN] == 100


def test_an_up_that_hangs_does_not_keep_people_on_the_bad_color() -> None:
    world = released()
    before = len(world.limits)
    world.undo()
    assert world.limits[before : before + 2] == [900, 900]


def test_run_once_more_it_does_nothing_whatever_reason_is_given() -> None:
    world = released()
    world.undo()
    world.acts.clear()
    assert world.undo(Wish(reason="again")).outcome == "done"
    assert world.undo(Wish(color=GREEN)).outcome == "done"
    assert world.acts == []
    undone_well(world)


def test_what_was_left_out_the_first_time_is_done_for_the_same_color() -> None:
    world = released()
    world.undo()
    world.undo(with_schema(world))
    assert world.database == ["v2 to 0001"]
    undone_well(world)


def test_a_release_that_is_open_is_aborted_and_closed() -> None:
    world = UndoWorld()
    world.verdicts = [Verdict(Kind.SILENT, "Prometheus is gone")]
    with pytest.raises(CouldNotFindOut):
        releasing.run(world.release_tools(), V2)
    assert world.weights[GREEN] == 50
    world.undo()
    assert world.ended.outcome == "aborted"
    undone_well(world)


def test_where_pulumi_can_not_traffic_goes_back_first_and_the_rest_waits_for_it() -> None:
    world = released()
    world.fails["up"] = LOCKED
    with pytest.raises(CouldNotFindOut, match=r"locked(?s:.*)rollback_release.py` goes on"):
        world.undo()
    assert world.live_traffic is not None
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}
    assert world.undoing is not None
    assert world.undoing.step is Step.ACKNOWLEDGE
    assert "locked" in world.events[-1].text
    del world.fails["up"]
    world.undo()
    undone_well(world)


def test_what_the_gate_refuses_goes_back_past_pulumi() -> None:
    world = released()
    world.config_data["legal-ai:blue"]["replicas"] = 2
    world.running[BLUE] = 2
    world.refusal = Refused("blue is not ready")
    world.undo()
    assert "past-pulumi" in world.acts
    undone_well(world)


def test_neither_way_back_says_both_and_leaves_it_open() -> None:
    world = released()
    world.fails = {"up": LOCKED, "past-pulumi": Refused("blue never got ready")}
    with pytest.raises(Refused, match=r"locked(?s:.*)blue never got ready"):
        world.undo()
    assert world.undoing is not None
    assert world.undoing.step is Step.TRAFFIC


def test_what_the_agent_took_back_is_acknowledged_and_undone_to_its_end() -> None:
    world = released()
    world.running[BLUE] = 2
    world.roll_back()
    world.undo()
    assert world.undone.color is GREEN
    undone_well(world)


def test_to_a_color_that_is_not_proven_nothing_goes_and_force_goes_past_pulumi() -> None:
    world = released()
    world.unproven = {BLUE}
    with pytest.raises(Refused, match="not proven"):
        world.undo()
    assert (world.acts, world.undoing) == ([], None)
    world.undo(Wish(force=True))
    assert world.acts[0] == "past-pulumi"
    undone_well(world)


def test_which_color_failed_is_asked_where_neither_hold_nor_release_says_so() -> None:
    world = UndoWorld()
    with pytest.raises(UsageError, match="--from blue or --from green"):
        world.undo()


def test_a_release_that_serves_no_more_is_not_taken_for_the_one_that_failed() -> None:
    world = _with_blue(released())
    shifting.run(world.shifting(), Shifting(BLUE, switch_seconds=0.0))
    with pytest.raises(UsageError, match="--from"):
        world.undo()
    assert world.deployed == {BLUE: "v1", GREEN: "v2"}
    world.undo(Wish(color=GREEN))
    undone_well(world)


def test_without_a_release_what_served_before_is_what_it_goes_back_to() -> None:
    world = UndoWorld()
    world.config_data["legal-ai:green"] = {"version": "v2", "replicas": 1}
    world.up(print)
    shifting.run(world.shifting(), Shifting(GREEN, switch_seconds=0.0))
    world.served = History(
        served={version: {"color": "green", "at": ""} for version in ("v0", "v2")}
    )
    world.undo(Wish(color=GREEN))
    undone_well(world)


def test_a_version_of_before_that_nobody_knows_stays_and_that_is_said() -> None:
    world = UndoWorld()
    world.config_data["legal-ai:green"] = {"version": "v2", "replicas": 1}
    world.up(print)
    shifting.run(world.shifting(), Shifting(GREEN, switch_seconds=0.0))
    done = world.undo(Wish(color=GREEN))
    assert world.deployed[GREEN] == "v2"
    assert world.running == {BLUE: 2, GREEN: 0}
    assert any("--to-version" in note for note in done.notes)


def test_a_checkout_of_before_the_release_begins_nothing() -> None:
    world = released()
    world.config_data["legal-ai:serial"] = "2"
    with pytest.raises(Refused, match="serial"):
        world.undo()
    assert world.acts == []


def test_what_is_configured_and_not_deployed_is_not_deployed_along() -> None:
    world = released()
    world.config_data["legal-ai:blue"]["version"] = "v3"
    with pytest.raises(Refused, match="deploy it along"):
        world.undo()
    assert world.acts == []


def test_while_both_colors_run_workers_the_failed_one_keeps_its_pods() -> None:
    world = released()
    world.findings = [unsure_of_workers()]
    with pytest.raises(Refused, match="exactly one color"):
        world.undo()
    assert world.running[GREEN] == 2


def test_the_schema_goes_back_behind_the_traffic_and_a_backup_and_only_if_a_person_agrees() -> None:
    world = released()
    world.agrees = False
    with pytest.raises(Refused, match="nothing was changed"):
        world.undo(Wish(revision="0001"))
    assert (world.acts, world.undoing) == (["look"], None)
    assert "takes back 0002" in world.asked[0]
    world.acts.clear()
    world.undo(with_schema(world))
    assert world.acts[-2:] == ["backup", "downgrade"]
    assert world.database == ["v2 to 0001"]
    undone_well(world)


def test_data_is_restored_last_and_takes_no_downgrade_along() -> None:
    world = released()
    world.undo(Wish(data="latest"))
    assert world.acts[-1] == "restore"
    assert "downgrade" not in world.acts
    undone_well(world)


@pytest.mark.parametrize(
    "wish",
    [
        {"revision": "0001", "data": "latest"},
        {"is_version_only": True, "revision": "0001"},
        {"is_version_only": True, "force": True},
        {"to_version": "no version!"},
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_looked_at(wish: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Wish(**wish)  # type: ignore[arg-type]


def test_the_version_alone_goes_back_where_the_color_has_no_traffic_and_keeps_its_pods() -> None:
    world = released()
    with pytest.raises(Refused, match="has 100 %"):
        world.undo(Wish(is_version_only=True, color=GREEN))
    shifting.run(_with_blue(world).shifting(), Shifting(BLUE, switch_seconds=0.0))
    world.undo(Wish(is_version_only=True))
    assert world.deployed == {BLUE: "v1", GREEN: "v0"}
    assert world.running == {BLUE: 2, GREEN: 2}


def test_the_version_alone_needs_one_to_go_to() -> None:
    world = UndoWorld()
    with pytest.raises(UsageError, match="--to-version"):
        world.undo(Wish(is_version_only=True))
    world.undo(Wish(is_version_only=True, to_version="v9"))
    assert world.deployed[GREEN] == "v9"


def test_another_one_is_not_begun_while_one_is_open() -> None:
    world = released()
    world.fails["up"] = LOCKED
    with pytest.raises(CouldNotFindOut):
        world.undo()
    with pytest.raises(Refused, match="another one is open"):
        world.undo(Wish(revision="0001"))


def test_a_dry_run_says_each_step_and_changes_nothing() -> None:
    world = released()
    lines = procedure.plan(world.undo_tools(), Wish(revision="0001"))
    assert [line.partition(":")[0] for line in lines[:-1]] == [s for s in Step if s != Step.DATA]
    assert "green: v0, 0 replicas" in lines[3]
    assert (world.acts, world.undoing) == (["look"], None)


def _with_blue(world: UndoWorld) -> UndoWorld:
    world.config_data["legal-ai:blue"]["replicas"] = 2
    world.up(print)
    return world
