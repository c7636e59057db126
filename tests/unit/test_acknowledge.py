"""Acknowledging a rollback: what the configuration must say then, and in which order it is done."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops import names
from ops.acknowledge import Changes, acknowledge, changed
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.hold import Hold
from ops.rollback.by_hand import Wish, roll_back
from ops.stack import Stack
from ops.state import LiveTraffic
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster, rollback

LIVE = LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, serial=7)
GREEN_SERVES: Mapping[str, Any] = {
    "legal-ai:activeColor": "green",
    "legal-ai:canaryWeight": "0",
    "legal-ai:serial": "7",
    "legal-ai:blue": {"version": "v1", "replicas": 2},
}


class Recorded(Stack):
    """A stack whose configuration is kept in memory; `on_up` is its `up`."""

    acts: list[str]
    kept: dict[str, Any]
    on_up: Callable[[], None]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Recorded":
        stack = cls("e2e", Path("/nowhere"))
        vars(stack).update(acts=[], kept=dict(config), on_up=lambda: None)
        return stack

    def config(self) -> dict[str, Any]:
        return dict(self.kept)

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> None:
        self.acts += [f"set {key}={value}" for key, value in values.items()]

    def remove(self, key: str) -> None:
        self.acts.append(f"remove {key}")

    def up(self, show: Callable[[str], None], *, refresh: bool = False, seconds: float = 0) -> None:
        self.acts.append(f"up {refresh}")
        self.on_up()


@pytest.fixture
def cluster() -> RollbackCluster:
    """Green was rolled back."""
    made = RollbackCluster()
    roll_back(rollback(made), Wish(None, "errors", "somebody"))
    return made


def test_configuration_and_state_are_put_right_before_the_hold_goes(
    cluster: RollbackCluster,
) -> None:
    stack = Recorded.of(GREEN_SERVES)
    stood: list[bool] = []
    vars(stack)["on_up"] = lambda: stood.append(cluster.data(names.HOLD) is not None)
    done = acknowledge(stack, cluster, lambda _: None)
    assert done
    assert stack.acts == ["set activeColor=blue", "set serial=8", "up True"]
    assert stood == [True]
    assert cluster.data(names.HOLD) is None
    assert done.incident == rollback(cluster).done()[-1].id


def test_an_up_that_fails_leaves_the_hold(cluster: RollbackCluster) -> None:
    stack = Recorded.of(GREEN_SERVES)

    def fail() -> None:
        raise Refused("broken")

    vars(stack)["on_up"] = fail
    with pytest.raises(Refused, match="broken"):
        acknowledge(stack, cluster, lambda _: None)
    assert cluster.data(names.HOLD)


def test_a_rollback_that_comes_in_during_the_up_keeps_its_hold(cluster: RollbackCluster) -> None:
    stack = Recorded.of(GREEN_SERVES)
    newer = Hold(BLUE, GREEN, "worse", "2026-01-01T13:00:00+00:00", "somebody")
    vars(stack)["on_up"] = lambda: cluster.put_config_map(names.HOLD, newer.to_data())
    with pytest.raises(Refused, match="another rollback came in"):
        acknowledge(stack, cluster, lambda _: None)
    assert cluster.data(names.HOLD) == newer.to_data()


def test_where_nothing_is_held_there_is_nothing_to_acknowledge() -> None:
    stack = Recorded.of(GREEN_SERVES)
    assert acknowledge(stack, RollbackCluster(), lambda _: None) is None
    assert stack.acts == []


def test_a_rollback_that_is_not_finished_can_not_be_acknowledged() -> None:
    cluster = RollbackCluster()

    def down(what: str) -> None:
        if "HTTPRoute" in what:
            raise CouldNotFindOut("the API server is down")

    cluster.before_write = down
    with pytest.raises(CouldNotFindOut):
        roll_back(rollback(cluster), Wish(None, "errors", "somebody"))
    cluster.before_write = lambda _: None
    stack = Recorded.of(GREEN_SERVES)
    with pytest.raises(Refused, match="still open"):
        acknowledge(stack, cluster, lambda _: None)
    assert stack.acts == []


def test_a_route_that_does_not_follow_the_hold_is_not_made_the_configuration(
    cluster: RollbackCluster,
) -> None:
    cluster.route(GREEN)
    stack = Recorded.of(GREEN_SERVES)
    with pytest.raises(Refused, match="--from green"):
        acknowledge(stack, cluster, lambda _: None)
    assert stack.acts == []


def test_a_dry_run_says_what_would_be_set_and_changes_nothing(cluster: RollbackCluster) -> None:
    stack = Recorded.of(GREEN_SERVES)
    before = list(cluster.writes)
    done = acknowledge(stack, cluster, lambda _: None, dry_run=True)
    assert done
    assert done.changes.values == {"activeColor": "blue", "serial": "8"}
    assert (stack.acts, cluster.writes) == ([], before)


def test_live_replicas_become_the_configuration_in_the_form_it_has(
    cluster: RollbackCluster,
) -> None:
    cluster.deploy("backend", BLUE, replicas=4)
    cluster.deploy("frontend", BLUE, replicas=4)
    stack = Recorded.of(GREEN_SERVES)
    acknowledge(stack, cluster, lambda _: None)
    assert "set blue.replicas=4" in stack.acts


def test_workers_keep_the_number_that_the_program_noted(cluster: RollbackCluster) -> None:
    """They are not all running yet when the rollback is acknowledged, or not at all."""
    cluster.work("Deployment", "worker", BLUE, runs=False)
    stack = Recorded.of(GREEN_SERVES)
    acknowledge(stack, cluster, lambda _: None)
    assert not [act for act in stack.acts if "replicas" in act]


@pytest.mark.parametrize(
    ("given", "replicas", "wanted"),
    [
        (2, {"backend": 2, "frontend": 2}, Changes({})),
        ("2", {"backend": 2, "frontend": 2}, Changes({})),
        (2, {"backend": 3, "frontend": 3}, Changes({"blue.replicas": "3", "serial": "8"})),
        (
            2,
            {"backend": 3, "frontend": 2},
            Changes(
                {"blue.replicas.backend": "3", "blue.replicas.frontend": "2", "serial": "8"},
                removed=("blue.replicas",),
            ),
        ),
        (
            {"backend": 2, "frontend": 2},
            {"backend": 3, "frontend": 2},
            Changes({"blue.replicas.backend": "3", "serial": "8"}),
        ),
    ],
)
def test_only_what_differs_is_set(
    given: object, replicas: Mapping[str, int], wanted: Changes
) -> None:
    config = {
        "legal-ai:activeColor": "blue",
        "legal-ai:canaryWeight": "0",
        "legal-ai:serial": "7",
        "legal-ai:blue": {"version": "v1", "replicas": given},
    }
    assert changed(config, Color.BLUE, replicas) == wanted


def test_a_stale_checkout_is_refused_before_anything_of_it_is_deployed(
    cluster: RollbackCluster,
) -> None:
    stack = Recorded.of({**GREEN_SERVES, "legal-ai:serial": "6"})
    with pytest.raises(Refused, match=r"legal-ai:serial is 6, the route has 7.*\n?.*git pull"):
        acknowledge(stack, cluster, lambda _: None)
    assert stack.acts == []
    assert cluster.data(names.HOLD) is not None
