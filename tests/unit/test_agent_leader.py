"""A leader's rounds: one rollback for one alert, people told of it, nothing done by guessing."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from agent.inbox import Inbox
from agent.leader import LOOK_SECONDS, PATIENCE_SECONDS
from ops.errors import CouldNotFindOut
from ops.journal import TakenOver
from ops.notify import Failure
from ops.rollback.facts import Evidence
from ops.rollback.journal import Operation, Outcome, Step
from ops.rollback.request import Decision, Kind, Request
from ops.state import LiveTraffic
from tests.unit.agent_world import BLUE, GREEN, World, facts
from tests.unit.webhooks import parsed


@pytest.fixture
def world() -> World:
    made = World()
    made.leader.round()
    made.rollback.calls.clear()
    return made


def fire(world: World, **given: str) -> None:
    """An alert that fired just now."""
    starts = {"startsAt": datetime.now(UTC).isoformat()}
    world.inbox.accept([parsed(**{**starts, **given})])


def operation(world: World, **given: object) -> Operation:
    """One that was begun by somebody else."""
    decision = Decision(Kind.SWITCH_BACK, "it fails", GREEN, BLUE)
    made = world.rollback.begin(Request(GREEN, "it fails", by="alice"), decision, facts())
    world.rollback.calls.clear()
    world.rollback.opened = made.updated(**given)
    return world.rollback.opened


def test_an_alert_is_one_rollback_and_people_are_told_once(world: World) -> None:
    fire(world)
    for _ in range(3):
        world.leader.round()
    assert world.rollback.calls == ["begin switch-back green", "resume green"]
    assert world.kinds == ["rollback"]
    assert world.counted == [("green", "rolled-back")]
    assert world.inbox.pending() == []


def test_people_are_told_when_traffic_has_moved_and_not_after_the_workers(world: World) -> None:
    fire(world)
    told_when: list[list[str]] = []
    original = world.rollback.watch

    def watch(step: Operation) -> None:
        original(step)
        told_when.append(world.kinds)

    world.rollback.watch = watch
    world.leader.round()
    assert told_when == [["rollback"]]


def test_who_does_not_have_the_lease_does_nothing(world: World) -> None:
    fire(world)
    world.lease.release()
    world.leader.round()
    assert world.rollback.calls == []
    assert len(world.inbox.pending()) == 1


def test_what_a_leader_before_left_open_is_finished_before_anything_else(world: World) -> None:
    fire(world)
    left = operation(world, runner="rollback-agent/dead", fingerprint="f", starts_at="s")
    world.leader.round()
    assert world.rollback.calls == ["resume green"]
    assert world.rollback.ended[0].id == left.id
    assert world.kinds == ["rollback"]


def test_the_alert_that_a_finished_rollback_was_for_is_answered_with_it(world: World) -> None:
    fire(world)
    (entry,) = world.inbox.pending()
    starts = entry.starts_at.isoformat()
    operation(world, runner="rollback-agent/dead", fingerprint=entry.fingerprint, starts_at=starts)
    world.leader.round()
    assert world.inbox.pending() == []
    assert world.counted == [("green", "rolled-back")]
    assert world.kinds == ["rollback"]


def test_a_leader_that_died_before_it_could_tell_is_followed_by_one_that_tells(
    world: World,
) -> None:
    fire(world)
    (entry,) = world.inbox.pending()
    done = operation(world).updated(
        fingerprint=entry.fingerprint,
        starts_at=entry.starts_at.isoformat(),
        outcome=Outcome.ROLLED_BACK,
    )
    world.rollback.opened, world.rollback.ended = None, [done]
    world.replica().round()
    assert world.kinds == ["rollback"]
    assert world.inbox.pending() == []
    assert "begin switch-back green" not in world.rollback.calls


def test_a_persons_rollback_is_left_to_that_person(world: World) -> None:
    fire(world)
    operation(world, runner="alice@laptop")
    world.leader.round()
    assert world.rollback.calls == []


def test_a_persons_rollback_whose_laptop_died_is_finished(world: World) -> None:
    operation(world, runner="alice@laptop")
    world.rollback.abandoned = True
    world.leader.round()
    assert world.rollback.calls == ["resume green"]
    assert world.kinds == ["rollback"]


def test_a_color_that_can_not_get_ready_is_told_with_its_reason(world: World) -> None:
    fire(world)
    world.rollback.outcome = Outcome.STAYED
    world.leader.round()
    (event,) = world.notifier.told
    assert event.kind == "stayed"
    assert "blue is not ready" in event.text
    assert world.counted == [("green", "stayed")]


def test_what_both_colors_stand_on_is_for_people(world: World) -> None:
    world.evidence = Evidence(shared=["DatabaseDown"])
    fire(world)
    world.leader.round()
    (event,) = world.notifier.told
    assert (event.kind, event.severity) == ("page", "critical")
    assert "DatabaseDown" in event.text
    assert "resume green" not in world.rollback.calls
    assert world.counted == [("green", "paged")]


def test_all_alerts_that_wait_are_evidence_for_each_of_them(world: World) -> None:
    fire(world, fingerprint="1", color="green")
    fire(world, fingerprint="2", color="blue")
    world.leader.round()
    assert world.accused[0] == [GREEN, BLUE]


def test_an_alert_about_a_color_without_traffic_bothers_nobody(world: World) -> None:
    fire(world, color="blue")
    world.leader.round()
    assert world.kinds == []
    assert world.counted == [("blue", "nothing")]
    assert world.inbox.pending() == []


def test_an_alert_that_waited_too_long_is_told_and_not_acted_on(world: World) -> None:
    late = Inbox(world.cluster, clock=lambda: datetime.now(UTC) - timedelta(minutes=11))
    late.accept([parsed(startsAt=datetime.now(UTC).isoformat())])
    world.leader.round()
    assert world.kinds == ["page"]
    assert "resume green" not in world.rollback.calls


def test_what_can_not_be_found_out_moves_nothing_is_told_once_and_tried_again(
    world: World,
) -> None:
    fire(world)
    world.rollback.is_down = True
    for _ in range(4):
        with pytest.raises(CouldNotFindOut):
            world.leader.round()
        world.now += PATIENCE_SECONDS / 2 + 1
    assert world.kinds == ["page"]
    assert world.rollback.calls == []
    world.rollback.is_down = False
    world.leader.round()
    assert world.rollback.calls[:2] == ["begin switch-back green", "resume green"]
    assert world.inbox.pending() == []


def test_a_leader_that_was_taken_over_stops_and_leaves_the_alert_to_the_other(
    world: World,
) -> None:
    fire(world)

    def lose() -> None:
        raise TakenOver("somebody else goes on")

    world.rollback.on_resume = lose
    world.leader.round()
    assert world.kinds == []
    assert len(world.inbox.pending()) == 1


def test_how_traffic_stands_is_written_down_when_the_route_changes(world: World) -> None:
    world.leader.round()
    assert world.rollback.calls == []
    world.cluster.patch("HTTPRoute", "legal-ai", {"spec": {"hostnames": ["another.localhost"]}})
    world.leader.round()
    assert world.rollback.calls == ["observe"]


def test_and_now_and_then_when_nobody_writes_the_route(world: World) -> None:
    world.now += LOOK_SECONDS + 1
    world.leader.round()
    assert world.rollback.calls == ["observe"]


def test_a_held_color_that_gets_traffic_loses_it_again(world: World) -> None:
    held = world.hold(GREEN)
    world.rollback.facts_now = dataclasses.replace(facts(), hold=held)
    world.leader.round()
    assert world.rollback.calls == ["observe", "begin reassert green", "resume green"]
    assert world.kinds == ["rollback"]


def test_taking_it_back_is_tried_again_after_a_while_and_told_once(world: World) -> None:
    held = world.hold(GREEN)
    world.rollback.facts_now = dataclasses.replace(facts(), hold=held)
    world.rollback.outcome = Outcome.STAYED
    for _ in range(3):
        world.leader.round()
        world.now += LOOK_SECONDS / 2 + 1
    assert world.rollback.calls.count("begin reassert green") == 2
    assert world.kinds == ["stayed"]


def test_a_hold_that_the_route_follows_is_left_alone(world: World) -> None:
    held = world.hold(GREEN)
    follows = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 1)
    world.rollback.facts_now = dataclasses.replace(facts(), hold=held, live=follows)
    world.leader.round()
    assert world.rollback.calls == ["observe"]


def test_the_hold_of_a_rollback_that_moved_nothing_is_lifted(world: World) -> None:
    stayed = operation(world).updated(outcome=Outcome.STAYED, step=Step.WAIT)
    world.rollback.opened, world.rollback.ended = None, [stayed]
    held = world.hold(GREEN, operation=stayed.id)
    world.rollback.facts_now = dataclasses.replace(facts(), hold=held)
    world.leader.round()
    assert world.rollback.calls == ["observe", "lift"]


def test_a_message_that_did_not_arrive_is_counted_and_stops_nothing(world: World) -> None:
    world.notifier.failures = [Failure("slack", "status 500")]
    fire(world)
    world.leader.round()
    assert world.counted == [("green", "rolled-back")]
    assert [failure.channel for failure in world.untold] == ["slack"]
