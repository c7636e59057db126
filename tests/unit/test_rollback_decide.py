"""Whether traffic may be taken from a color: the truth table, without a cluster's say."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.color import Color
from ops.errors import UsageError
from ops.hold import Hold
from ops.rollback.by_hand import suspect
from ops.rollback.decide import decide, decide_hold
from ops.rollback.facts import Facts
from ops.rollback.journal import Operation, Outcome
from ops.rollback.request import Kind, Limits, Request
from ops.schema import Database, Fit, Image
from ops.state import LiveTraffic
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster, rollback

SOON = datetime(2026, 1, 1, 12, 5, tzinfo=UTC)
AGENT = Limits(window_minutes=120)
PERSON = Limits()
ASKED = Request(GREEN, "errors 5 %", "agent", "DeploymentFailure", "f1", "2026-01-01T12:04:00Z")
HELD_BLUE = Hold(BLUE, GREEN, "errors", "2026-01-01T11:00:00+00:00", "agent")
HELD_GREEN = Hold(GREEN, BLUE, "errors", "2026-01-01T12:04:30+00:00", "agent", operation="o1")


def ended(outcome: Outcome, **more: Any) -> Operation:
    given: dict[str, Any] = {
        "id": "o1",
        "kind": Kind.SWITCH_BACK,
        "color": GREEN,
        "target": BLUE,
        "reason": "errors",
        "by": "agent",
        "began": "2026-01-01T12:04:30+00:00",
        "runner": "agent",
        "weights": {},
        "replicas": {},
        "images": {},
        "outcome": outcome,
    }
    return Operation(**{**given, **more})


@pytest.fixture
def facts() -> Facts:
    """Green has everything since 12:00; blue had it before and stands by, ready."""
    return rollback(RollbackCluster()).facts()


def with_live(facts: Facts, active: Color | None, **weights: int) -> Facts:
    live = LiveTraffic({Color(c): w for c, w in weights.items()}, active, 7)
    return dataclasses.replace(facts, live=live)


def with_history(facts: Facts, **changes: Any) -> Facts:
    return dataclasses.replace(facts, history=dataclasses.replace(facts.history, **changes))


def with_fit(facts: Facts, image: Image | None, floor: int = 1) -> Facts:
    fit = Fit("backend:v1", image, Database(level=3, floor=floor, revision="r3"))
    blue = dataclasses.replace(facts.colors[BLUE], fit=fit)
    return dataclasses.replace(facts, colors={**facts.colors, BLUE: blue})


def test_the_color_that_took_over_goes_back_to_the_one_that_served_before(facts: Facts) -> None:
    decision = decide(ASKED, facts, SOON, AGENT)
    assert (decision.kind, decision.color, decision.target) == (Kind.SWITCH_BACK, GREEN, BLUE)


def test_a_failing_canary_is_aborted_and_a_canary_at_full_weight_too(facts: Facts) -> None:
    for weight in (10, 100):
        found = with_live(facts, BLUE, blue=100 - weight, green=weight)
        decision = decide(ASKED, found, SOON, AGENT)
        assert (decision.kind, decision.target) == (Kind.ABORT_CANARY, BLUE)


def test_an_active_color_that_fails_beside_a_canary_that_never_served_alone_pages(
    facts: Facts,
) -> None:
    never = with_history(facts, whole={BLUE: facts.history.whole[BLUE]})
    found = with_live(never, BLUE, blue=90, green=10)
    asked = dataclasses.replace(ASKED, color=BLUE)
    decision = decide(asked, found, SOON, AGENT)
    assert decision.kind is Kind.PAGE
    assert "green is not proven" in decision.reason


def test_an_alert_about_a_color_without_traffic_moves_nothing(facts: Facts) -> None:
    asked = dataclasses.replace(ASKED, color=BLUE, starts_at="")
    decision = decide(asked, facts, SOON, AGENT)
    assert decision.kind is Kind.NOTHING
    assert "blue has no traffic" in decision.reason


def test_an_alert_that_names_no_color_pages(facts: Facts) -> None:
    assert decide(dataclasses.replace(ASKED, color=None), facts, SOON, AGENT).kind is Kind.PAGE


def test_while_a_hold_stands_a_failure_of_the_other_color_pages(facts: Facts) -> None:
    found = dataclasses.replace(facts, hold=HELD_BLUE)
    decision = decide(ASKED, found, SOON, AGENT)
    assert decision.kind is Kind.PAGE
    assert "blue is held" in decision.reason


def test_a_hold_on_the_failing_color_itself_does_not_keep_traffic_there(facts: Facts) -> None:
    found = dataclasses.replace(facts, hold=HELD_GREEN)
    assert decide(ASKED, found, SOON, AGENT).moves


def test_both_colors_failing_pages_and_so_does_what_both_stand_on(facts: Facts) -> None:
    both = dataclasses.replace(facts, failing=frozenset({BLUE, GREEN}))
    shared = dataclasses.replace(facts, shared=("DatabaseConnections",))
    for found, word in ((both, "blue fails too"), (shared, "DatabaseConnections")):
        decision = decide(ASKED, found, SOON, AGENT)
        assert decision.kind is Kind.PAGE
        assert word in decision.reason
    alone = dataclasses.replace(facts, failing=frozenset({GREEN}))
    assert decide(ASKED, alone, SOON, AGENT).moves


def test_a_color_that_never_served_everything_is_no_way_back(facts: Facts) -> None:
    decision = decide(ASKED, with_history(facts, whole={}), SOON, AGENT)
    assert (decision.kind, decision.may_be_forced) == (Kind.PAGE, True)


def test_a_color_that_got_another_version_since_it_served_is_no_way_back() -> None:
    cluster = RollbackCluster()
    cluster.deploy("backend", BLUE, tag="v3")
    decision = decide(ASKED, rollback(cluster).facts(), SOON, AGENT)
    assert decision.kind is Kind.PAGE
    assert "backend is backend:v3 now, and was backend:v1" in decision.reason


def test_the_agent_acts_up_to_two_hours_after_the_gain_and_a_person_later_too(
    facts: Facts,
) -> None:
    asked = dataclasses.replace(ASKED, starts_at="")
    last = datetime(2026, 1, 1, 14, 0, tzinfo=UTC)
    late = datetime(2026, 1, 1, 14, 0, 1, tzinfo=UTC)
    assert decide(asked, facts, last, AGENT).moves
    decision = decide(asked, facts, late, AGENT)
    assert decision.kind is Kind.PAGE
    assert "120 minutes" in decision.reason
    assert decide(asked, facts, late, PERSON).moves


def test_a_gain_that_nobody_wrote_down_is_no_recent_one(facts: Facts) -> None:
    assert decide(ASKED, with_history(facts, gained={}), SOON, AGENT).kind is Kind.PAGE


def test_an_alert_from_before_the_color_got_its_traffic_is_about_an_earlier_version(
    facts: Facts,
) -> None:
    stale = dataclasses.replace(ASKED, starts_at="2026-01-01T11:30:00.123456789Z")
    assert decide(stale, facts, SOON, AGENT).kind is Kind.NOTHING
    # Clocks may differ a little: this one is not taken for an old one.
    early = dataclasses.replace(ASKED, starts_at="2026-01-01T11:59:30Z")
    assert decide(early, facts, SOON, AGENT).moves


def test_the_same_alert_is_answered_once_and_its_next_firing_again(facts: Facts) -> None:
    before = ended(Outcome.STAYED, fingerprint="f1", starts_at=ASKED.starts_at)
    found = dataclasses.replace(facts, ended=(before,))
    assert decide(ASKED, found, SOON, AGENT).kind is Kind.NOTHING
    again = dataclasses.replace(ASKED, starts_at="2026-01-01T12:04:40Z")
    assert decide(again, found, SOON, AGENT).moves


def test_a_person_who_asks_twice_has_no_fingerprint_to_be_taken_for_a_duplicate(
    facts: Facts,
) -> None:
    found = dataclasses.replace(facts, ended=(ended(Outcome.STAYED),))
    assert decide(Request(GREEN, "it hurts", "somebody"), found, SOON, PERSON).moves


def test_a_color_whose_schema_was_contracted_away_gets_no_traffic_by_force_either(
    facts: Facts,
) -> None:
    found = with_fit(facts, Image("v1", level=1, needs=1), floor=2)
    for limits in (AGENT, PERSON, Limits(force=True)):
        decision = decide(ASKED, found, SOON, limits)
        assert (decision.kind, decision.may_be_forced) == (Kind.PAGE, False)
        assert "contracted away" in decision.reason


def test_an_unknown_schema_pages_and_a_person_may_force_it(facts: Facts) -> None:
    found = with_fit(facts, None)
    assert decide(ASKED, found, SOON, PERSON).may_be_forced
    assert decide(ASKED, found, SOON, Limits(force=True)).moves
    assert decide(ASKED, with_fit(facts, Image("v1", level=1, needs=1)), SOON, PERSON).moves


def test_a_color_that_is_not_deployed_gets_no_traffic_by_force_either() -> None:
    cluster = RollbackCluster()
    del cluster.objects["Deployment", "frontend-blue"]
    decision = decide(ASKED, rollback(cluster).facts(), SOON, Limits(force=True))
    assert decision.kind is Kind.PAGE
    assert "blue is not deployed" in decision.reason


def test_force_sets_every_doubt_aside(facts: Facts) -> None:
    found = dataclasses.replace(
        with_history(facts, whole={}), hold=HELD_BLUE, shared=("DatabaseConnections",)
    )
    assert not decide(ASKED, found, SOON, PERSON).moves
    assert decide(ASKED, found, SOON, Limits(force=True)).moves


def test_a_hold_asks_for_nothing_while_the_route_follows_it(facts: Facts) -> None:
    assert decide_hold(facts).kind is Kind.NOTHING
    followed = dataclasses.replace(with_live(facts, BLUE, blue=100), hold=HELD_GREEN)
    assert decide_hold(followed).kind is Kind.NOTHING


def test_a_held_color_that_has_traffic_again_loses_it_again(facts: Facts) -> None:
    found = dataclasses.replace(with_live(facts, BLUE, blue=90, green=10), hold=HELD_GREEN)
    decision = decide_hold(found)
    assert (decision.kind, decision.target) == (Kind.REASSERT, BLUE)


def test_the_hold_of_a_rollback_that_moved_nothing_is_lifted_and_not_asserted(
    facts: Facts,
) -> None:
    found = dataclasses.replace(facts, hold=HELD_GREEN, ended=(ended(Outcome.STAYED),))
    assert decide_hold(found).kind is Kind.LIFT
    moved = dataclasses.replace(found, ended=(ended(Outcome.ROLLED_BACK),))
    assert decide_hold(moved).kind is Kind.REASSERT


def test_who_names_no_color_means_the_canary_or_the_one_that_has_everything() -> None:
    assert suspect(LiveTraffic({BLUE: 90, GREEN: 10}, BLUE, 0)) is GREEN
    assert suspect(LiveTraffic({BLUE: 0, GREEN: 100}, BLUE, 0)) is GREEN
    assert suspect(LiveTraffic({BLUE: 100}, BLUE, 0)) is BLUE
    with pytest.raises(UsageError, match="--from"):
        suspect(LiveTraffic({BLUE: 50, GREEN: 50}, None, 0))
