"""A rollback's steps against a cluster in memory: their order, who may act, and killed anywhere."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ops import failpoint, hold_guard, names, routing, routing_moves
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.hold import Hold
from ops.rollback.attempt import FAILPOINTS
from ops.rollback.by_hand import Wish, considered, roll_back
from ops.rollback.decide import decide, decide_hold
from ops.rollback.journal import Operation, Outcome, Step, TakenOver
from ops.rollback.request import Kind, Limits, Request
from ops.rollback.run import Rollback
from ops.share import Answer
from tests.killed import Killed
from tests.unit.rollback_cluster import (
    BLUE,
    GREEN,
    RollbackCluster,
    opened,
    rollback,
)

ASKED = Request(GREEN, "errors 5 %", "agent", "DeploymentFailure", "f1", "2026-01-01T12:04:00Z")
NOW = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
HELD_BLUE = Hold(BLUE, GREEN, "errors", "2026-01-01T11:00:00+00:00", "somebody")


@pytest.fixture
def cluster() -> RollbackCluster:
    return RollbackCluster()


def begun(runner: Rollback, request: Request = ASKED, limits: Limits | None = None) -> Operation:
    found = runner.facts()
    decision = decide(request, found, NOW, limits or Limits(window_minutes=120))
    return runner.begin(request, decision, found)


def kill_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The process dies where it reaches the failpoint; the next one passes it."""
    left = [name]

    def reach(found: str) -> None:
        if found in left:
            left.remove(found)
            raise Killed

    monkeypatch.setattr(failpoint, "reach", reach)


def hold_of(cluster: RollbackCluster) -> Hold | None:
    data = cluster.data(names.HOLD)
    return None if data is None else Hold.from_data(data)


def test_all_traffic_goes_to_the_other_color_and_a_hold_stays(cluster: RollbackCluster) -> None:
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert (ended.outcome, ended.notes) == (Outcome.ROLLED_BACK, ())
    assert cluster.weights == {BLUE: 100}
    assert cluster.traffic.active is BLUE
    assert hold_of(cluster) == Hold(
        GREEN, BLUE, "errors 5 %", ended.began, "agent", "DeploymentFailure", ended.id
    )
    assert runner.open() is None
    assert runner.done() == (ended,)


@pytest.mark.parametrize("nginx", [False, True])
def test_the_hold_is_written_before_anything_else_is_changed(nginx: bool) -> None:
    cluster = RollbackCluster(nginx=nginx)
    cluster.deploy("backend", BLUE, replicas=0)
    runner = rollback(cluster)
    runner.resume(begun(runner))
    acts = [write for write in cluster.writes if not write.endswith("ConfigMap rollback")]
    assert acts[0] == f"create ConfigMap {names.HOLD}"
    assert "scale Deployment backend-blue" in acts
    assert cluster.weights == {BLUE: 100}


def test_the_api_server_is_told_of_the_hold_before_traffic_moves_and_of_its_end_too(
    cluster: RollbackCluster,
) -> None:
    notes: list[str | None] = []

    def look(_: Operation) -> None:
        route = cluster.objects["HTTPRoute", "legal-ai"]
        notes.append(route["metadata"]["annotations"].get(hold_guard.HELD))

    runner = rollback(cluster, watch=look)
    runner.resume(begun(runner))
    assert notes[:2] == [None, "green"]
    again = RollbackCluster()
    again.ready_at["backend-blue"] = 1e9
    runner = rollback(again)
    assert runner.resume(begun(runner)).outcome is Outcome.STAYED
    assert hold_guard.HELD not in again.objects["HTTPRoute", "legal-ai"]["metadata"]["annotations"]


def test_a_canary_is_taken_back(cluster: RollbackCluster) -> None:
    cluster.route(BLUE, 10)
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert ended.kind is Kind.ABORT_CANARY
    assert cluster.weights == {BLUE: 100}
    assert names.COLOR_COOKIE not in str(cluster.objects["HTTPRoute", "legal-ai"])


def test_a_color_that_was_scaled_down_gets_the_replicas_that_served_and_no_traffic_before(
    cluster: RollbackCluster,
) -> None:
    cluster.starting_seconds = 20
    for service, replicas in (("backend", 0), ("frontend", 1)):
        cluster.deploy(service, BLUE, replicas=replicas)
    runner = rollback(cluster)
    runner.resume(begun(runner))
    assert (cluster.replicas("backend-blue"), cluster.replicas("frontend-blue")) == (2, 2)
    assert cluster.moves == [(BLUE, True)]


def test_replicas_that_somebody_takes_away_meanwhile_come_back(cluster: RollbackCluster) -> None:
    cluster.starting_seconds = 20
    cluster.deploy("backend", BLUE, replicas=0)
    once = iter([True])

    def drained() -> None:
        if cluster.now > 10 and next(once, False):
            cluster.objects["Deployment", "backend-blue"]["spec"]["replicas"] = 0

    cluster.on_sleep = drained
    runner = rollback(cluster)
    assert runner.resume(begun(runner)).outcome is Outcome.ROLLED_BACK
    assert cluster.moves == [(BLUE, True)]


def test_a_color_that_can_not_get_ready_leaves_traffic_and_no_hold(
    cluster: RollbackCluster,
) -> None:
    cluster.ready_at["backend-blue"] = 1e9
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.STAYED
    assert "blue did not get ready within 60 s: backend-blue has 0 of 2" in ended.notes[0]
    assert cluster.weights == {GREEN: 100}
    assert hold_of(cluster) is None
    assert cluster.history.whole[BLUE]


def test_a_hold_that_stood_before_stands_again_where_nothing_was_moved(
    cluster: RollbackCluster,
) -> None:
    cluster.put_config_map(names.HOLD, HELD_BLUE.to_data())
    cluster.ready_at["backend-blue"] = 1e9
    runner = rollback(cluster)
    begun(runner, limits=Limits(force=True))
    runner.resume(opened(runner.open()))
    assert hold_of(cluster) == HELD_BLUE


def test_a_tag_that_was_given_to_another_image_is_not_what_was_proven(
    cluster: RollbackCluster,
) -> None:
    cluster.digests["backend-blue"] = "sha256:another"
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.STAYED
    assert "the tag was given to another image" in ended.notes[0]
    assert cluster.weights == {GREEN: 100}


def test_a_version_that_is_changed_while_it_is_waited_for_stops_the_rollback(
    cluster: RollbackCluster,
) -> None:
    cluster.ready_at["backend-blue"] = 20.0
    cluster.on_sleep = lambda: cluster.deploy("backend", BLUE, tag="v3")
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.STAYED
    assert "was changed to backend:v3 meanwhile" in ended.notes[0]


def test_another_hold_that_comes_in_meanwhile_is_left_and_stops_the_rollback(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    operation = begun(runner)
    cluster.put_config_map(names.HOLD, HELD_BLUE.to_data())
    assert runner.resume(operation).outcome is Outcome.STAYED
    assert hold_of(cluster) == HELD_BLUE
    assert cluster.weights == {GREEN: 100}


def test_a_route_that_others_write_at_the_same_time_is_read_and_written_anew(
    cluster: RollbackCluster,
) -> None:
    once = iter([True])

    def another(what: str) -> None:
        if what == "patch HTTPRoute legal-ai" and next(once, False):
            note = {"metadata": {"annotations": {"somebody": "else"}}}
            cluster.patch("HTTPRoute", "legal-ai", note)

    cluster.before_write = another
    runner = rollback(cluster)
    assert runner.resume(begun(runner)).outcome is Outcome.ROLLED_BACK
    assert cluster.weights == {BLUE: 100}
    assert cluster.objects["HTTPRoute", "legal-ai"]["metadata"]["annotations"]["somebody"] == "else"


def test_a_route_that_is_given_back_right_after_is_taken_again(cluster: RollbackCluster) -> None:
    runner = rollback(cluster)
    seen: list[Step] = []

    def give_back(operation: Operation) -> None:
        if operation.step is Step.SEE and Step.SEE not in seen:
            cluster.route(GREEN)
        seen.append(operation.step)

    runner.watch = give_back
    assert runner.resume(begun(runner)).outcome is Outcome.ROLLED_BACK
    assert cluster.weights == {BLUE: 100}


def test_what_was_rolled_back_is_proven_no_more_and_the_gain_is_written_down(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    runner.observe(runner.facts())
    assert set(cluster.history.whole) == {BLUE, GREEN}
    ended = runner.resume(begun(runner))
    assert set(cluster.history.whole) == {BLUE}
    assert cluster.history.gained[BLUE] == ended.times[Step.MOVE]
    assert cluster.history.weights == {BLUE: 100}


def test_an_observer_never_proves_a_color_that_is_being_rolled_back(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    runner.watch = lambda _: runner.observe(runner.facts())
    runner.resume(begun(runner))
    runner.observe(runner.facts())
    assert set(cluster.history.whole) == {BLUE}


def test_a_gain_counts_from_the_time_an_up_began_to_move_the_route(
    cluster: RollbackCluster,
) -> None:
    cluster.route(BLUE, 10)
    runner = rollback(cluster)
    runner.observe(runner.facts())
    cluster.put_config_map(names.UNVERIFIED, {"since": "2026-01-01T13:00:00+00:00"})
    cluster.route(BLUE, 50)
    found = runner.facts()
    assert found.history.gained[GREEN] == "2026-01-01T13:00:00+00:00"
    assert cluster.history.gained[GREEN] != found.history.gained[GREEN]
    runner.observe(found)
    assert cluster.history.gained == found.history.gained


def test_workers_stop_in_the_held_color_before_they_start_in_the_other(
    cluster: RollbackCluster,
) -> None:
    for kind, service in (("Deployment", "worker"), ("CronJob", "digest")):
        cluster.work(kind, service, GREEN, runs=True)
        cluster.work(kind, service, BLUE, runs=False)
    cluster.patch_status("CronJob", "digest-green", {"lastScheduleTime": "2026-01-01T12:04:00Z"})
    runner = rollback(cluster)
    assert runner.resume(begun(runner)).notes == ()
    acts = [write for write in cluster.writes if "worker" in write or "digest" in write]
    assert [act.rpartition("-")[2] for act in acts] == ["green", "green", "blue", "blue"]
    assert (cluster.replicas("worker-green"), cluster.replicas("worker-blue")) == (0, 2)
    blue = cluster.objects["CronJob", "digest-blue"]
    assert blue["spec"]["suspend"] is False
    assert blue["status"]["lastScheduleTime"] == "2026-01-01T12:04:00Z"


def test_workers_that_do_not_end_are_a_note_and_no_reason_to_keep_traffic(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.work("CronJob", "digest", GREEN, runs=True)
    cluster.work("CronJob", "digest", BLUE, runs=False)
    labels = {"color": "green", names.KIND: "cron"}
    cluster.put("Job", "digest-green-1", {"metadata": {"labels": labels}, "spec": {}})
    monkeypatch.setattr("ops.rollback.steps.MARGIN_SECONDS", 0.0)
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.ROLLED_BACK
    assert "digest-green-1" in ended.notes[0]
    assert cluster.objects["CronJob", "digest-blue"]["spec"]["suspend"] is True


def test_a_second_rollback_does_not_begin_while_one_is_open(cluster: RollbackCluster) -> None:
    runner = rollback(cluster)
    found = runner.facts()
    decision = decide(ASKED, found, NOW, Limits())
    runner.begin(ASKED, decision, found)
    with pytest.raises(TakenOver):
        rollback(cluster, "another").begin(ASKED, decision, found)


def test_whoever_lost_the_journal_stops_at_its_next_step_and_changes_nothing(
    cluster: RollbackCluster,
) -> None:
    cluster.ready_at["backend-blue"] = 1e9
    sleeper = rollback(cluster, "sleeper")
    operation = begun(sleeper)
    twin = rollback(cluster, "twin")

    def meanwhile() -> None:
        cluster.on_sleep = lambda: None
        cluster.ready_at.clear()
        twin.resume(opened(twin.open()))
        cluster.writes.clear()

    cluster.on_sleep = meanwhile
    with pytest.raises(TakenOver):
        sleeper.resume(operation)
    assert cluster.writes in ([], ["patch ConfigMap rollback"])
    assert cluster.weights == {BLUE: 100}


def test_a_write_that_was_prepared_by_a_run_that_slept_is_refused(
    cluster: RollbackCluster,
) -> None:
    """It slept right before its write; its twin found the color unready and left traffic."""
    sleeper, twin = rollback(cluster, "sleeper"), rollback(cluster, "twin")
    operation = begun(sleeper)
    asleep = iter([True])

    def sleep(what: str) -> None:
        if what == "patch HTTPRoute legal-ai" and next(asleep, False):
            cluster.ready_at["backend-blue"] = 1e9
            assert twin.resume(opened(twin.open())).outcome is Outcome.STAYED

    cluster.before_write = sleep
    with pytest.raises(TakenOver):
        sleeper.resume(operation)
    assert cluster.weights == {GREEN: 100}
    assert cluster.moves == []
    assert hold_of(cluster) is None


def test_a_write_that_was_prepared_by_one_that_took_over_itself_is_refused_to_it_too(
    cluster: RollbackCluster,
) -> None:
    """Both touch the route, and a touch that changes nothing would be none."""
    begun(rollback(cluster, "killed"))
    sleeper, twin = rollback(cluster, "sleeper"), rollback(cluster, "twin")
    writes = iter(["its touch", "the hold", "its move"])

    def killed() -> None:
        raise Killed

    def sleep(what: str) -> None:
        if what == "patch HTTPRoute legal-ai" and next(writes, "") == "its move":
            cluster.ready_at["backend-blue"] = 1e9
            cluster.on_sleep = killed
            with pytest.raises(Killed):
                twin.resume(opened(twin.open()))

    cluster.before_write = sleep
    with pytest.raises(TakenOver):
        sleeper.resume(opened(sleeper.open()))
    assert (cluster.weights, cluster.moves) == ({GREEN: 100}, [])


def test_a_write_that_was_prepared_is_refused_while_the_twin_still_waits(
    cluster: RollbackCluster,
) -> None:
    """Also by a twin that is killed while it waits, and so never comes to the route's turn."""
    sleeper, twin = rollback(cluster, "sleeper"), rollback(cluster, "twin")
    operation = begun(sleeper)
    asleep = iter([True])

    def killed() -> None:
        raise Killed

    def sleep(what: str) -> None:
        if what == "patch HTTPRoute legal-ai" and next(asleep, False):
            cluster.ready_at["backend-blue"] = 1e9
            cluster.on_sleep = killed
            with pytest.raises(Killed):
                twin.resume(opened(twin.open()))

    cluster.before_write = sleep
    with pytest.raises(TakenOver):
        sleeper.resume(operation)
    assert (cluster.weights, cluster.moves) == ({GREEN: 100}, [])
    assert opened(twin.open()).runner == "twin"


def test_an_answer_that_is_lost_on_its_way_is_not_taken_for_somebody_elses_write(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server wrote it, the answer got lost, and the client's own retry is a conflict."""
    patch = RollbackCluster.patch
    again = iter([True])

    def twice(self: RollbackCluster, kind: str, name: str, body: dict[str, Any]) -> object:
        done = patch(self, kind, name, body)
        if name == "rollback" and next(again, False):
            return patch(self, kind, name, body)
        return done

    runner = rollback(cluster)
    operation = begun(runner)
    monkeypatch.setattr(RollbackCluster, "patch", twice)
    assert runner.resume(operation).outcome is Outcome.ROLLED_BACK


def test_an_api_server_that_does_not_answer_leaves_it_open_to_go_on_with(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    operation = begun(runner)

    def down(what: str) -> None:
        if what == "patch HTTPRoute legal-ai":
            raise CouldNotFindOut("the API server is down")

    cluster.before_write = down
    with pytest.raises(CouldNotFindOut):
        runner.resume(operation)
    cluster.before_write = lambda _: None
    assert runner.resume(opened(runner.open())).outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("nginx", [False, True])
@pytest.mark.parametrize("point", [point for point in FAILPOINTS if "stayed" not in point])
def test_killed_between_any_two_steps_its_twin_finishes_and_no_unready_color_gets_traffic(
    point: str, nginx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = RollbackCluster(nginx=nginx)
    cluster.starting_seconds = 5
    cluster.deploy("backend", BLUE, replicas=0)
    for color in Color:
        cluster.work("Deployment", "worker", color, runs=color is GREEN)
    kill_at(monkeypatch, point)
    first = rollback(cluster, "first")
    with pytest.raises(Killed):
        first.resume(begun(first))
    twin = rollback(cluster, "twin")
    ended = twin.resume(opened(twin.open()))
    assert ended.outcome is Outcome.ROLLED_BACK
    assert cluster.weights == {BLUE: 100}
    assert all(was_ready for color, was_ready in cluster.moves if color is BLUE)
    assert (cluster.replicas("worker-green"), cluster.replicas("worker-blue")) == (0, 2)
    assert set(cluster.history.whole) == {BLUE}
    found = hold_of(cluster)
    assert found
    assert found.color is GREEN
    assert twin.open() is None
    assert [each.id for each in twin.done()] == [ended.id]


@pytest.mark.parametrize("point", ["rollback.wait_begun", "rollback.stayed"])
def test_killed_while_it_leaves_traffic_its_twin_leaves_it_too(
    cluster: RollbackCluster, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.ready_at["backend-blue"] = 1e9
    kill_at(monkeypatch, point)
    first = rollback(cluster, "first")
    with pytest.raises(Killed):
        first.resume(begun(first))
    twin = rollback(cluster, "twin")
    assert twin.resume(opened(twin.open())).outcome is Outcome.STAYED
    assert (cluster.weights, hold_of(cluster)) == ({GREEN: 100}, None)


def test_people_are_told_once_traffic_has_moved_even_if_the_one_who_moved_it_was_killed(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_at(monkeypatch, "rollback.move_done")
    first = rollback(cluster, "first")
    with pytest.raises(Killed):
        first.resume(begun(first))
    told: list[Step] = []
    twin = rollback(cluster, "twin", watch=lambda operation: told.append(operation.step))
    twin.resume(opened(twin.open()))
    assert Step.SEE in told


def test_a_journal_is_abandoned_only_once_it_was_silent_for_a_while_by_ones_own_clock(
    cluster: RollbackCluster,
) -> None:
    first, twin = rollback(cluster, "first"), rollback(cluster, "twin")
    operation = begun(first)
    cluster.now = 1000.0
    assert not twin.is_abandoned(operation)
    cluster.now += 9
    assert not twin.is_abandoned(operation)
    cluster.now += 2
    assert twin.is_abandoned(operation)


def test_one_that_waits_gives_signs_of_life(cluster: RollbackCluster) -> None:
    cluster.ready_at["backend-blue"] = 50.0
    first, twin = rollback(cluster, "first"), rollback(cluster, "twin")
    operation = begun(first)
    verdicts: list[bool] = []
    cluster.on_sleep = lambda: verdicts.append(twin.is_abandoned(operation))
    first.resume(operation)
    assert len(verdicts) > 100
    assert not any(verdicts)


def test_a_held_color_that_gets_traffic_again_loses_it_and_the_hold_stays_as_it_was(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    runner.resume(begun(runner))
    before = hold_of(cluster)
    cluster.route(BLUE, 10)
    found = runner.facts()
    decision = decide_hold(found)
    request = Request(GREEN, decision.reason, "agent")
    assert runner.resume(runner.begin(request, decision, found)).outcome is Outcome.ROLLED_BACK
    assert (cluster.weights, hold_of(cluster)) == ({BLUE: 100}, before)


def test_a_hold_that_was_lifted_meanwhile_is_not_asserted(cluster: RollbackCluster) -> None:
    runner = rollback(cluster)
    runner.resume(begun(runner))
    cluster.route(GREEN)
    found = runner.facts()
    decision = decide_hold(found)
    operation = runner.begin(Request(GREEN, "again", "agent"), decision, found)
    cluster.delete("ConfigMap", names.HOLD)
    assert runner.resume(operation).outcome is Outcome.STAYED
    assert (cluster.weights, hold_of(cluster)) == ({GREEN: 100}, None)


def test_the_hold_of_a_rollback_that_moved_nothing_is_lifted_and_no_other_is(
    cluster: RollbackCluster,
) -> None:
    cluster.ready_at["backend-blue"] = 1e9
    runner = rollback(cluster)
    ended = runner.resume(begun(runner))
    left = Hold(GREEN, BLUE, "errors", ended.began, "agent", operation=ended.id)
    cluster.put_config_map(names.HOLD, left.to_data())
    found = runner.facts()
    cluster.put_config_map(names.HOLD, HELD_BLUE.to_data())
    runner.lift(decide_hold(found), found)
    assert hold_of(cluster) == HELD_BLUE
    cluster.put_config_map(names.HOLD, left.to_data())
    runner.lift(decide_hold(found), found)
    assert hold_of(cluster) is None


def test_nothing_is_begun_where_nothing_is_to_be_moved(cluster: RollbackCluster) -> None:
    runner = rollback(cluster)
    found = runner.facts()
    decision = decide(dataclasses.replace(ASKED, color=BLUE), found, NOW, Limits())
    with pytest.raises(ValueError, match="nothing is to be moved"):
        runner.begin(ASKED, decision, found)


def test_by_hand_it_needs_no_window_and_no_color_and_a_second_call_has_nothing_to_do(
    cluster: RollbackCluster,
) -> None:
    wish = Wish(None, "it hurts", "somebody")
    done = roll_back(rollback(cluster, "somebody"), wish)
    assert isinstance(done, Operation)
    assert (done.color, cluster.weights) == (GREEN, {BLUE: 100})
    again = roll_back(rollback(cluster, "somebody"), dataclasses.replace(wish, color=GREEN))
    assert not isinstance(again, Operation)
    assert again.kind is Kind.NOTHING


def test_by_hand_to_a_color_that_is_not_proven_needs_force(cluster: RollbackCluster) -> None:
    cluster.delete("ConfigMap", names.HISTORY)
    wish = Wish(None, "it hurts", "somebody")
    with pytest.raises(Refused, match="add --force"):
        roll_back(rollback(cluster), wish)
    assert cluster.weights == {GREEN: 100}
    cluster.deploy("backend", BLUE, replicas=1)
    cluster.deploy("backend", GREEN, replicas=4)
    roll_back(rollback(cluster), dataclasses.replace(wish, force=True))
    assert cluster.weights == {BLUE: 100}
    # Nobody knows how many served everything: as many as serve it now.
    assert cluster.replicas("backend-blue") == 4


def test_by_hand_back_to_a_held_color_needs_force_and_turns_the_hold_round(
    cluster: RollbackCluster,
) -> None:
    runner = rollback(cluster)
    runner.resume(begun(runner))
    wish = Wish(None, "blue fails worse", "somebody")
    with pytest.raises(Refused, match="green is held"):
        roll_back(rollback(cluster), wish)
    roll_back(rollback(cluster), dataclasses.replace(wish, force=True))
    found = hold_of(cluster)
    assert found
    assert (found.color, found.target, cluster.weights) == (BLUE, GREEN, {GREEN: 100})


def test_by_hand_one_that_is_open_is_waited_for_and_taken_over_when_nobody_is_at_it(
    cluster: RollbackCluster,
) -> None:
    operation = begun(rollback(cluster, "killed"))
    done = roll_back(rollback(cluster, "somebody"), Wish(None, "it hurts", "somebody"))
    assert isinstance(done, Operation)
    assert (done.id, done.runner) == (operation.id, "somebody")
    assert cluster.now > 10


def at_work(cluster: RollbackCluster) -> None:
    """An agent has begun a rollback of green, and does it while somebody waits."""
    agent = rollback(cluster, "agent")
    operation = begun(agent)

    def work() -> None:
        cluster.on_sleep = lambda: None
        agent.resume(operation)

    cluster.on_sleep = work


def test_by_hand_one_that_is_being_done_is_left_to_whoever_does_it(
    cluster: RollbackCluster,
) -> None:
    at_work(cluster)
    done = roll_back(rollback(cluster, "somebody"), Wish(None, "it hurts", "somebody"))
    assert isinstance(done, Operation)
    assert done.runner == "agent"


def to_blue_but_dead(cluster: RollbackCluster, failpoint_name: str, patch: Any) -> Operation:
    """A rollback of the canary green that died there; blue serves the rest."""
    cluster.route(BLUE, 10)
    cluster.remember(cluster.history.seen(cluster.traffic, {}, "2026-01-01T12:10:00+00:00", None))
    cluster.remember(
        dataclasses.replace(cluster.history, whole={each: cluster.whole(each) for each in Color})
    )
    dead = rollback(cluster, "killed")
    operation = begun(dead)
    kill_at(patch, failpoint_name)
    with pytest.raises(Killed):
        dead.resume(operation)
    return operation


def test_by_hand_a_dead_one_that_goes_to_the_color_that_is_named_is_given_up(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = to_blue_but_dead(cluster, "rollback.wait_begun", monkeypatch)
    done = roll_back(rollback(cluster, "somebody"), Wish(BLUE, "it hurts", "somebody"))
    assert isinstance(done, Operation)
    assert (done.color, done.target, cluster.weights) == (BLUE, GREEN, {GREEN: 100})
    given_up, last = rollback(cluster).done()
    assert (given_up.id, given_up.outcome, last) == (operation.id, Outcome.STAYED, done)
    assert given_up.notes == ("somebody says that blue fails: it hurts",)
    assert {to for to, _ in cluster.moves} == {GREEN}
    found = hold_of(cluster)
    assert found
    assert (found.color, found.target) == (BLUE, GREEN)


def test_by_hand_a_dead_one_that_has_moved_traffic_is_ended_and_the_other_way_is_no_success(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = to_blue_but_dead(cluster, "rollback.move_done", monkeypatch)
    with pytest.raises(Refused, match="green is held"):
        roll_back(rollback(cluster, "somebody"), Wish(BLUE, "it hurts", "somebody"))
    assert cluster.weights == {BLUE: 100}
    (ended,) = rollback(cluster).done()
    assert (ended.id, ended.outcome) == (operation.id, Outcome.ROLLED_BACK)


def test_by_hand_one_that_somebody_else_ends_the_other_way_is_no_success_either(
    cluster: RollbackCluster,
) -> None:
    at_work(cluster)
    with pytest.raises(Refused, match="green is held"):
        roll_back(rollback(cluster, "somebody"), Wish(BLUE, "it hurts", "somebody"))


def test_by_hand_one_that_was_begun_and_left_while_another_was_waited_for_is_ended_too(
    cluster: RollbackCluster,
) -> None:
    agent = rollback(cluster, "agent")
    operation = begun(agent)

    def work() -> None:
        cluster.on_sleep = lambda: None
        agent.resume(operation)
        cluster.route(GREEN)
        found = agent.facts()
        decision = decide_hold(found)
        agent.begin(Request(GREEN, decision.reason, "agent"), decision, found)

    cluster.on_sleep = work
    done = roll_back(rollback(cluster, "somebody"), Wish(GREEN, "it hurts", "somebody"))
    assert isinstance(done, Operation)
    assert (done.kind, done.runner, cluster.weights) == (Kind.REASSERT, "somebody", {BLUE: 100})


def test_by_hand_one_whose_end_nobody_wrote_down_is_no_success(cluster: RollbackCluster) -> None:
    begun(rollback(cluster, "killed"))
    cluster.on_sleep = lambda: cluster.delete("ConfigMap", "rollback")
    with pytest.raises(CouldNotFindOut, match="does not say how it ended"):
        roll_back(rollback(cluster, "somebody"), Wish(GREEN, "it hurts", "somebody"))


def test_by_hand_what_could_not_be_moved_is_refused_with_the_reason(
    cluster: RollbackCluster,
) -> None:
    cluster.ready_at["backend-blue"] = 1e9
    with pytest.raises(Refused, match="traffic stays on green: blue did not get ready"):
        roll_back(rollback(cluster), Wish(None, "it hurts", "somebody"))


def test_a_dry_run_changes_nothing(cluster: RollbackCluster) -> None:
    _, decision, _ = considered(rollback(cluster), Wish(None, "it hurts", "somebody"))
    assert decision.moves
    assert cluster.writes == []


def test_a_public_host_that_does_not_follow_is_a_note(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Callable[..., list[object]] = lambda *_: []  # noqa: E731
    monkeypatch.setattr("ops.share.ask", answers)
    runner = rollback(cluster, public_url=lambda: "http://legal-ai.localhost")
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.ROLLED_BACK
    assert "no request was sent after 30 s" in ended.notes[0]


def test_a_public_host_that_answers_slowly_does_not_make_the_rollback_look_abandoned(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, verdicts = rollback(cluster, "twin"), list[bool]()

    def ask(
        _: str, paths: Sequence[str], count: int, before_each: Callable[[], object]
    ) -> list[Answer]:
        for _request in range(count):
            before_each()
            cluster.now += 5
            verdicts.append(twin.is_abandoned(opened(twin.open())))
        return [Answer(200, "blue", "blue")] * count

    monkeypatch.setattr("ops.share.ask", ask)
    runner = rollback(cluster, public_url=lambda: "http://legal-ai.localhost")
    assert runner.resume(begun(runner)).notes == ()
    assert len(verdicts) == 20
    assert not any(verdicts)


def test_where_the_target_fails_too_that_is_a_note_and_traffic_has_moved(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_: str, paths: Sequence[str], count: int, _beat: object) -> list[Answer]:
        assert cluster.weights == {BLUE: 100}
        asked = [paths[index % len(paths)] for index in range(count)]
        return [Answer(503 if "database" in path else 200, "blue", "blue") for path in asked]

    monkeypatch.setattr("ops.share.ask", ask)
    runner = rollback(cluster, public_url=lambda: "http://legal-ai.localhost")
    ended = runner.resume(begun(runner))
    assert ended.outcome is Outcome.ROLLED_BACK
    assert "an answer of blue has status 503" in ended.notes[0]
    assert "`scripts/diagnose.py --color blue`" in ended.notes[0]


def test_the_route_that_the_rollback_leaves_is_the_one_that_an_up_would_write(
    cluster: RollbackCluster,
) -> None:
    begun(rollback(cluster, "killed"))
    twin = rollback(cluster, "twin")
    twin.resume(opened(twin.open()))
    route = cluster.objects["HTTPRoute", routing.PUBLIC_ROUTE]
    assert routing_moves.ROLLBACK not in route["metadata"]["annotations"]
    assert route["metadata"]["annotations"][names.VERSIONS] == "blue=v1"
