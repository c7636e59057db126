"""The way back past Pulumi is the rollback that the agent does: held, to proven ground only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.rollback.journal import Journal, Operation
from ops.rollback.request import Decision, Kind, Request
from ops.shift.emergency import way_back
from ops.shift.entry import Phase, Shift
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster, rollback

SHIFT = Shift(
    id="1",
    target=GREEN,
    version="v2",
    switch_seconds=300,
    phase=Phase.BACK,
    started="2026-01-01T12:00:00Z",
    by="somebody@here",
)
REASON = "green answers 5.00 % of its requests with errors"


def go(cluster: RollbackCluster) -> None:
    way_back(lambda: rollback(cluster, "this run"))(SHIFT, REASON)


def test_everything_goes_to_the_other_color_and_a_hold_says_why_and_who() -> None:
    cluster = RollbackCluster()
    go(cluster)
    assert cluster.weights == {BLUE: 100}
    hold = cluster.data("traffic-hold")
    assert hold
    assert (hold["color"], hold["target"]) == ("green", "blue")
    assert (hold["reason"], hold["by"]) == (REASON, "somebody@here")


def test_it_does_not_go_to_what_never_served_everybody() -> None:
    cluster = RollbackCluster()
    cluster.remember(replace(cluster.history, whole={}))
    with pytest.raises(Refused, match="blue is not proven"):
        go(cluster)
    assert cluster.weights == {GREEN: 100}
    assert cluster.data("traffic-hold") is None


def test_a_rollback_that_an_earlier_run_began_is_finished_and_no_second_one_begun() -> None:
    cluster = RollbackCluster()
    begun = began(cluster)
    go(cluster)
    assert cluster.weights == {BLUE: 100}
    assert [each.id for each in Journal(cluster).history()] == [begun.id]


def test_a_rollback_that_another_run_is_at_is_waited_for_and_not_taken_from_it() -> None:
    cluster = RollbackCluster()
    begun = began(cluster)

    def work() -> None:
        cluster.on_sleep = lambda: None
        rollback(cluster, begun.runner).resume(begun)

    cluster.on_sleep = work
    go(cluster)
    assert [each.runner for each in Journal(cluster).history()] == [begun.runner]
    assert cluster.weights == {BLUE: 100}


def test_a_rollback_that_goes_to_the_color_that_fails_is_not_gone_on_with() -> None:
    cluster = RollbackCluster()
    cluster.route(BLUE, 10)
    begun = began(cluster, BLUE)
    with pytest.raises(Refused, match="says that blue fails and gives green everything"):
        go(cluster)
    assert cluster.weights == {BLUE: 90, GREEN: 10}
    assert Journal(cluster).read() == begun


def test_without_a_route_there_is_nothing_to_take_traffic_from() -> None:
    cluster = RollbackCluster()
    cluster.objects.pop(("HTTPRoute", "legal-ai"))
    with pytest.raises(CouldNotFindOut, match="no public route"):
        go(cluster)


def began(cluster: RollbackCluster, color: Color = GREEN) -> Operation:
    """A rollback whose run died right after it opened the journal."""
    dead = rollback(cluster, "one that died")
    request = Request(color, REASON, "somebody@here")
    decision = Decision(Kind.SWITCH_BACK, REASON, color, color.other)
    return dead.begin(request, decision, dead.facts())
