"""A whole release: its order, its endings, what stands in its way, and who is told."""

from __future__ import annotations

import pytest

from ops.checklist import Line
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.journal import TakenOver
from ops.notify import Failure
from ops.preflight.names import DIGESTS, STAGING
from ops.release import procedure
from ops.release.beginning import Wish
from ops.release.entry import FAILED, SKIPPED, Options, Release
from ops.release.step import Step
from ops.release.watching import Away, Unsure
from ops.shift.entry import Shift
from ops.watching.judging import Kind, Verdict
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld, unsure_of_workers
from tests.unit.shift_world import BAD, GOOD

V2 = Wish("v2", SHORT)
SILENT = Verdict(Kind.SILENT, "Prometheus does not answer")


@pytest.fixture
def world() -> ReleaseWorld:
    return ReleaseWorld()


def release(world: ReleaseWorld, wish: Wish = V2) -> None:
    procedure.run(world.release_tools(), wish)


def resume(world: ReleaseWorld, **accept: str) -> None:
    procedure.resume(world.release_tools(), accept)


def failed(world: ReleaseWorld, kind: type[OpsError], wish: Wish = V2) -> str:
    with pytest.raises(kind) as caught:
        release(world, wish)
    return str(caught.value)


def test_a_release_does_every_step_in_the_order_in_which_pods_find_their_schema(
    world: ReleaseWorld,
) -> None:
    release(world)
    assert world.acts == [
        "preflight",
        "silence",
        "backup",
        "verify",
        "migrate",
        "up",
        "warm-up",
        "smoke",
        "browser",
        "up",
        "up",
        "up",
    ]
    assert [run.step for run in world.ended.runs] == list(Step)
    assert world.shares == [50, 100]
    assert world.color_configs == (
        {"version": "v1", "replicas": 0},
        {"version": "v2", "replicas": 2},
    )
    assert (world.release, world.ended.outcome) == (None, "done")
    assert world.silence_of == set()
    assert world.proven == ["backup-1"]


def test_the_new_color_gets_as_many_pods_as_the_one_it_takes_over_from(
    world: ReleaseWorld,
) -> None:
    world.config_data["legal-ai:blue"]["replicas"] = {"backend": 3, "frontend": 2}
    release(world)
    assert world.color_configs[1]["replicas"] == {"backend": 3, "frontend": 2}
    assert world.color_configs[0]["replicas"] == 0


@pytest.mark.parametrize(
    "step", ["preflight", "silence", "backup", "verify", "migrate", "up", "smoke", "browser"]
)
def test_what_fails_before_the_shift_leaves_traffic_alone_and_is_gone_on_with(
    world: ReleaseWorld, step: str
) -> None:
    world.fails[step] = Refused("it is bad")
    assert failed(world, Refused) == "it is bad"
    assert world.shares == []
    assert world.release
    assert world.release.runs[-1].outcome == FAILED
    assert "Public traffic was not touched" in world.said[-1]
    assert world.reports[-1].reason == "it is bad"
    assert world.events[-1].severity == "error"
    assert "--abort" in world.events[-1].text
    del world.fails[step]
    resume(world)
    assert world.ended.outcome == "done"
    assert list(world.backups) == [world.ended.label]


def test_a_line_that_is_unknown_blocks_until_somebody_accepts_it_with_a_reason(
    world: ReleaseWorld,
) -> None:
    world.lines = [Line("disk", "unknown", "nobody measures it"), *world.lines]
    assert "disk" in failed(world, CouldNotFindOut)
    resume(world, disk="a new cluster")
    last = world.reports[-1].run_of(Step.PREFLIGHT)
    assert last
    assert "accepted as unknown: a new cluster" in last.lines[0]
    assert world.ended.options.accept == {"disk": "a new cluster"}


def test_a_line_that_is_bad_can_not_be_accepted(world: ReleaseWorld) -> None:
    world.lines = [Line("hold", "bad", "green is held")]
    accepting = SHORT.model_copy(update={"accept": {"hold": "never mind"}})
    assert "green is held" in failed(world, Refused, Wish("v2", accepting))


def test_a_line_that_was_accepted_and_is_no_longer_asked_keeps_nobody_from_going_on(
    world: ReleaseWorld,
) -> None:
    asked = Line("approval", "unknown", "nobody ticked it")
    world.lines = [asked, Line("disk", "unknown", "nobody measures it")]
    accepting = SHORT.model_copy(update={"accept": {"approval": "it is staging"}})
    assert "disk" in failed(world, CouldNotFindOut, Wish("v2", accepting))
    world.lines = [Line("disk", "good", "40 %")]
    resume(world)
    assert world.ended.outcome == "done"


def test_workers_in_both_colors_stop_a_release_before_anything_is_changed(
    world: ReleaseWorld,
) -> None:
    world.findings = [unsure_of_workers()]
    assert "both colors run" in failed(world, Refused)
    assert world.acts == ["preflight"]


def test_workers_in_both_colors_keep_the_old_color(world: ReleaseWorld) -> None:
    release(world, Wish("v2", SHORT.model_copy(update={"last": Step.KEEP})))
    world.findings = [unsure_of_workers()]
    last = SHORT.model_copy(update={"last": Step.DECOMMISSION})
    assert "both colors run" in failed(world, Refused, Wish("v2", last, Step.DECOMMISSION))
    assert world.running == {BLUE: 2, GREEN: 2}


@pytest.mark.parametrize("looks", [[GOOD, BAD], [GOOD, GOOD, BAD]])
def test_a_color_that_fails_while_watched_gives_all_traffic_back_and_the_old_one_stays(
    world: ReleaseWorld, looks: list[Verdict]
) -> None:
    world.verdicts = looks
    assert "blue has all traffic again" in failed(world, Away)
    assert world.weights == {BLUE: 100, GREEN: 0}
    assert world.running == {BLUE: 2, GREEN: 2}
    assert "rollback" in world.kinds
    assert world.release
    assert world.release.step is Step.SHIFT


def test_after_traffic_went_back_resuming_moves_it_anew(world: ReleaseWorld) -> None:
    world.verdicts = [GOOD, BAD]
    failed(world, Away)
    resume(world)
    assert world.shares == [50, 100, 0, 50, 100]
    assert world.ended.outcome == "done"


def test_a_canary_that_fails_ends_before_the_rest_and_traffic_is_back(world: ReleaseWorld) -> None:
    world.verdicts = [BAD]
    assert "blue has all traffic again" in failed(world, Refused)
    assert world.shares == [50, 0]
    assert world.release
    assert world.release.step is Step.SHIFT


def test_no_data_while_watching_moves_nothing_and_calls_people(world: ReleaseWorld) -> None:
    world.verdicts = [GOOD, SILENT]
    assert "green keeps all traffic" in failed(world, Unsure)
    assert world.weights == {BLUE: 0, GREEN: 100}
    assert world.kinds[-1] == "page"
    resume(world)
    assert world.kinds[-1] == "resolved"
    assert world.events[-1].dedup == world.ended.incident


def test_what_can_not_be_watched_is_not_moved_also_without_a_canary(world: ReleaseWorld) -> None:
    world.first = SILENT
    at_once = SHORT.model_copy(update={"steps": ()})
    assert "can't be watched" in failed(world, CouldNotFindOut, Wish("v2", at_once))
    assert world.shares == []


@pytest.mark.parametrize("is_deployed", [True, False])
def test_a_version_that_somebody_deployed_after_the_tests_gets_no_traffic(
    world: ReleaseWorld, is_deployed: bool
) -> None:
    world.first = SILENT
    failed(world, CouldNotFindOut)
    world.first = GOOD
    world.config_data["legal-ai:green"]["version"] = "v2.1"
    if is_deployed:
        world.up(world.say_it)
    with pytest.raises(Refused, match=r"releases v2; legal-ai:green\.version is v2\.1"):
        resume(world)
    assert world.shares == []
    world.config_data["legal-ai:green"]["version"] = "v2"
    world.up(world.say_it)
    resume(world)
    assert world.ended.outcome == "done"


@pytest.mark.parametrize("last", [Step.SHIFT, Step.NOTIFY])
def test_a_release_from_the_shift_on_moves_traffic_to_no_other_version(
    world: ReleaseWorld, last: Step
) -> None:
    wish = Wish("v2", SHORT.model_copy(update={"last": last}), Step.SHIFT)
    assert "green.version is v0" in failed(world, Refused, wish)
    assert world.shares == []


def test_an_open_shift_to_the_old_color_is_not_taken_for_a_way_to_the_new_one(
    world: ReleaseWorld,
) -> None:
    tools = world.tools()
    entry = Shift(id="1", target=BLUE, version="v1", switch_seconds=1, started="", by="somebody")
    tools.journal.write(entry)
    assert "another shift is open" in failed(world, Refused)
    assert (world.shares, world.open) == ([], entry)


def test_from_bad_to_bad_is_no_way_back(world: ReleaseWorld) -> None:
    world.first = Verdict(Kind.BAD, "blue answers 3.00 % with errors")
    world.verdicts = [GOOD, BAD]
    assert "was no better before" in failed(world, Refused)
    assert world.weights == {BLUE: 0, GREEN: 100}
    assert "stayed" in world.kinds


def test_a_rollback_by_the_agent_stands_and_the_old_color_is_not_taken_away(
    world: ReleaseWorld,
) -> None:
    world.meanwhile = lambda: world.roll_back() if len(world.watched) == 3 else None
    assert "somebody else moved traffic" in failed(world, Away)
    assert world.running[BLUE] == 2
    assert world.held
    with pytest.raises(Refused, match="is held"):
        resume(world)
    assert world.shares == [50, 100]


def test_traffic_that_left_before_the_old_color_goes_keeps_it(world: ReleaseWorld) -> None:
    until = Wish("v2", SHORT.model_copy(update={"last": Step.KEEP}))
    release(world, until)
    world.roll_back()
    world.config_data["legal-ai:serial"] = "99"
    alone = SHORT.model_copy(update={"last": Step.DECOMMISSION})
    failed(world, Refused, Wish("v2", alone, Step.DECOMMISSION))
    assert world.running[BLUE] == 2


def test_people_are_told_at_the_beginning_after_the_shift_and_at_the_end(
    world: ReleaseWorld,
) -> None:
    release(world)
    told = [event.title for event in world.events if event.dedup == world.ended.incident]
    assert [title.rpartition(" ")[2] for title in told] == ["begins", "traffic", "green"]


def test_people_who_can_not_be_told_fail_nothing_and_stand_in_the_report(
    world: ReleaseWorld,
) -> None:
    world.undelivered = [Failure("Slack", "no answer")]
    release(world)
    assert world.ended.outcome == "done"
    assert "Slack was not told: no answer" in world.reports[-1].notes


def test_an_api_server_that_goes_away_in_a_step_hides_neither_the_cause_nor_that_it_stands(
    world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = world.release_tools()

    def gone(*_: object) -> None:
        raise CouldNotFindOut("the API server does not answer")

    def smoke(_: object) -> None:
        monkeypatch.setattr(world.cluster, "patch", gone)
        raise Refused("login gives no token")

    monkeypatch.setattr(world, "smoke", smoke)
    with pytest.raises(Refused, match="login gives no token"):
        procedure.run(tools, V2)
    assert world.events[-1].severity == "error"
    monkeypatch.undo()
    resume(world)
    assert world.ended.outcome == "done"


def test_one_step_alone_does_that_step_and_nothing_else(world: ReleaseWorld) -> None:
    alone = SHORT.model_copy(update={"last": Step.BACKUP})
    release(world, Wish("v2", alone, Step.BACKUP))
    assert world.acts == ["backup"]
    assert world.ended.outcome == "done"


def test_from_a_step_leaves_out_what_is_before_it(world: ReleaseWorld) -> None:
    release(world, Wish("v2", SHORT, Step.DEPLOY))
    assert world.acts[0] == "up"
    assert world.ended.outcome == "done"


def test_an_open_release_can_go_on_behind_a_step_that_does_not_fit(world: ReleaseWorld) -> None:
    world.fails["browser"] = CouldNotFindOut("no browser here")
    failed(world, CouldNotFindOut)
    release(world, Wish("v2", SHORT, Step.SHIFT))
    skipped = [run.step for run in world.ended.runs if run.outcome == SKIPPED]
    assert skipped == [Step.BROWSER]
    assert world.ended.outcome == "done"


def test_another_version_waits_for_the_end_of_the_open_one(world: ReleaseWorld) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    failed(world, Refused)
    told = failed(world, Refused, Wish("v3", SHORT))
    assert "release v2 to green" in told
    assert "--abort" in told


def test_a_release_that_is_done_and_run_once_more_does_nothing(world: ReleaseWorld) -> None:
    release(world)
    acts = list(world.acts)
    release(world)
    assert world.acts == acts


def test_the_version_that_serves_is_not_released_to_the_other_color(world: ReleaseWorld) -> None:
    assert "serves v1 already" in failed(world, Refused, Wish("v1", SHORT))


def test_a_release_begins_only_where_one_color_has_all_traffic(world: ReleaseWorld) -> None:
    world.config_data["legal-ai:canaryWeight"] = "10"
    told = failed(world, Refused)
    assert "one color has all traffic" in told
    assert "canaryWeight=0`, then `pulumi up --refresh`" in told
    assert "--acknowledge" not in told, "no hold stands"
    world.roll_back()
    world.config_data["legal-ai:serial"] = "8"
    assert "--acknowledge" in failed(world, Refused)
    assert world.release is None


def test_a_stale_checkout_is_refused_before_anything(world: ReleaseWorld) -> None:
    world.config_data["legal-ai:serial"] = "6"
    assert "older than what is live" in failed(world, Refused)
    assert (world.acts, world.release) == ([], None)


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_stale_checkout_neither_goes_on_nor_back(world: ReleaseWorld, way: str) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    failed(world, Refused)
    before = list(world.writes)
    world.config_data["legal-ai:serial"] = "7"
    with pytest.raises(Refused, match="older than what is live"):
        getattr(procedure, way)(world.release_tools(), *([{}] if way == "resume" else []))
    assert world.writes == before
    assert world.release
    assert not world.release.aborting


def test_an_abort_that_lost_its_lease_undoes_nothing_more(world: ReleaseWorld) -> None:
    world.fails["smoke"] = Refused("login gives no token")
    failed(world, Refused)
    before = list(world.writes)

    def lost() -> None:
        raise TakenOver("the lease release was lost")

    world.on_alive = lost
    with pytest.raises(TakenOver):
        procedure.abort(world.release_tools())
    assert world.writes == before


def test_an_abort_after_the_agents_rollback_wants_it_acknowledged_and_leaves_the_hold(
    world: ReleaseWorld,
) -> None:
    world.meanwhile = lambda: world.roll_back() if len(world.watched) == 2 else None
    failed(world, Away)
    with pytest.raises(Refused, match="--acknowledge"):
        procedure.abort(world.release_tools())
    world.config_data |= {"legal-ai:activeColor": "blue", "legal-ai:serial": "20"}
    procedure.abort(world.release_tools())
    assert world.held
    assert world.ended.outcome == "aborted"
    assert world.running == {BLUE: 2, GREEN: 0}


def test_the_next_release_goes_to_the_other_color(world: ReleaseWorld) -> None:
    release(world)
    release(world, Wish("v3", SHORT))
    assert world.weights == {BLUE: 100, GREEN: 0}
    assert world.color_configs == (
        {"version": "v3", "replicas": 2},
        {"version": "v2", "replicas": 0},
    )


def test_a_run_that_lost_its_lease_begins_no_other_step(world: ReleaseWorld) -> None:
    def lost() -> None:
        if "migrate" in world.acts:
            raise TakenOver("the lease release was lost")

    world.on_alive = lost
    failed(world, TakenOver)
    assert world.acts[-1] == "migrate"
    assert not any(event.severity == "error" for event in world.events)


def test_a_laptop_that_slept_through_a_step_writes_nothing_over_the_one_that_went_on(
    world: ReleaseWorld,
) -> None:
    world.fails["up"] = Refused("not yet")
    failed(world, Refused)
    del world.fails["up"]
    asleep = world.release_tools()
    old = asleep.journal.read()
    assert old
    resume(world)
    with pytest.raises(TakenOver):
        asleep.journal.write(old)
    assert world.release is None


@pytest.mark.parametrize("version", ["", "v1 2", "-x", "sha256:12", "a/b"])
def test_what_is_no_version_is_a_usage_error(version: str) -> None:
    with pytest.raises(UsageError, match="no version"):
        Wish(version, Options())


def test_a_plan_names_each_step_and_changes_nothing(world: ReleaseWorld) -> None:
    lines = procedure.plan(world.release_tools(), V2)
    assert [line.partition(":")[0] for line in lines] == list(Step)
    assert (world.acts, world.writes, world.release) == ([], [], None)


def test_there_is_nothing_to_resume_or_abort_where_none_is_open(world: ReleaseWorld) -> None:
    for act in (lambda: resume(world), lambda: procedure.abort(world.release_tools())):
        with pytest.raises(UsageError, match="no release is open"):
            act()


def test_the_images_that_were_tested_are_kept_and_with_them_what_workers_ran_later(
    world: ReleaseWorld,
) -> None:
    tested = dict(world.digests_now)
    moved = {"backend": ("sha256:moved",), "worker": ("sha256:w",)}
    world.meanwhile = lambda: world.digests_now.update(moved)
    release(world)
    assert world.ended.digests == {**tested, "worker": ("sha256:w",)}


def test_images_that_changed_while_they_were_tested_passed_no_test(
    world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smoke(_: Release) -> list[Line]:
        world.digests_now["backend"] = ("sha256:moved",)
        return [Line("health", "good", "ok")]

    monkeypatch.setattr(world, "smoke", smoke)
    assert "was the tag moved" in failed(world, CouldNotFindOut)
    assert world.release
    assert (world.release.step, world.release.digests) == (Step.SMOKE, {})
    resume(world)
    assert world.ended.digests["backend"] == ("sha256:moved",)


def test_a_worker_that_is_another_image_than_in_staging_keeps_the_old_color(
    world: ReleaseWorld,
) -> None:
    world.image_lines = [Line("digests", "bad", "worker v2 is another image here")]
    assert "worker v2 is another image" in failed(world, Refused)
    assert world.release
    assert world.release.step is Step.DECOMMISSION
    assert world.running[BLUE]


def test_a_staging_that_answers_no_more_does_not_keep_the_old_color_from_going(
    world: ReleaseWorld,
) -> None:
    world.image_lines = [Line("digests", "unknown", "staging does not answer")]
    release(world)
    assert world.running[BLUE] == 0


@pytest.fixture
def digests(world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """The line of the smoke tests on what passed staging: nobody noted that."""
    found = [Line(DIGESTS, "unknown", "staging noted none")]
    monkeypatch.setattr(world, "smoke", lambda _: [Line("health", "good", "ok"), *found])
    return found


def test_who_accepts_that_staging_can_not_say_accepts_it_of_the_digests_as_well(
    world: ReleaseWorld, digests: list[Line]
) -> None:
    world.lines = [Line(STAGING, "unknown", "staging noted none")]
    release(world, Wish("v2", SHORT.model_copy(update={"accept": {STAGING: "compared by hand"}})))
    smoke = world.reports[-1].run_of(Step.SMOKE)
    assert smoke
    assert "accepted as unknown: compared by hand (staging noted none)" in smoke.lines[1]


def test_digests_that_nobody_can_tell_are_accepted_with_a_resume(
    world: ReleaseWorld, digests: list[Line]
) -> None:
    assert "staging noted none" in failed(world, CouldNotFindOut)
    resume(world, staging="compared by hand")
    assert world.ended.outcome == "done"


def test_a_tag_that_was_moved_after_staging_is_not_accepted(
    world: ReleaseWorld, digests: list[Line]
) -> None:
    digests[:] = [Line(DIGESTS, "bad", "backend v2 is another image here")]
    accepting = SHORT.model_copy(update={"accept": {STAGING: "compared by hand"}})
    assert "another image" in failed(world, Refused, Wish("v2", accepting))


def test_where_nobody_sends_requests_a_release_ends_well_unwatched(
    world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watched(*_: object) -> Verdict:
        raise AssertionError("Prometheus was asked")

    monkeypatch.setattr(world, "before", watched)
    monkeypatch.setattr(world, "step", watched)
    release(world, Wish("v2", Options(steps=(), watch_seconds=0, keep_seconds=0)))
    assert (world.ended.outcome, world.weights[GREEN]) == ("done", 100)
