"""What counts as proven: who served everything, as what, and since when somebody has traffic."""

from dataclasses import replace
from typing import Any

import pytest

from ops import history, names
from ops.cluster import Conflict
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.history import LENGTH, History, Whole
from ops.rollback import facts
from ops.state import LiveTraffic
from tests.unit.rollback_cluster import BLUE, GREEN, SERVICES, RollbackCluster

T0, T1, T2 = (f"2026-01-01T1{n}:00:00+00:00" for n in range(3))


def live(**weights: int) -> LiveTraffic:
    return LiveTraffic({Color(color): weight for color, weight in weights.items()}, BLUE, 1)


def seen(
    before: History, traffic: LiveTraffic, at: str = T1, held: Color | None = None, **deployed: Any
) -> History:
    cluster = deployed.pop("cluster", None) or RollbackCluster()
    return before.seen(traffic, facts.deployed(cluster, SERVICES), at, held)


def test_a_color_that_has_everything_is_remembered_as_it_is() -> None:
    found = seen(History(), live(blue=100, green=0))
    assert found.whole == {BLUE: replace(RollbackCluster().whole(BLUE), at=T1)}


def test_a_color_that_shares_traffic_is_not_proven() -> None:
    assert seen(History(), live(blue=90, green=10)).whole == {}


@pytest.mark.parametrize("name", ["backend-green", "frontend-green"])
def test_a_color_that_is_unwell_while_it_has_everything_is_not_proven(name: str) -> None:
    cluster = RollbackCluster()
    cluster.ready_at[name] = 1.0
    assert seen(History(), live(green=100), cluster=cluster).whole == {}
    del cluster.objects["Deployment", name]
    assert seen(History(), live(green=100), cluster=cluster).whole == {}


def test_a_held_color_is_not_proven_while_it_still_has_everything() -> None:
    assert seen(History(), live(green=100), held=GREEN).whole == {}


def test_a_color_that_is_seen_again_unchanged_keeps_its_time() -> None:
    first = seen(History(), live(blue=100), at=T0)
    assert seen(first, live(blue=100), at=T2) == first


def test_more_replicas_are_remembered() -> None:
    cluster = RollbackCluster()
    cluster.deploy("backend", BLUE, replicas=5)
    found = seen(seen(History(), live(blue=100)), live(blue=100), cluster=cluster)
    assert found.whole[BLUE].replicas == {"backend": 5, "frontend": 2}


def test_each_rise_counts_as_a_gain_and_a_fall_does_not() -> None:
    found = seen(History(weights={BLUE: 100}), live(blue=90, green=10), at=T0)
    assert (found.gained, found.began) == ({GREEN: T0}, {GREEN: T0})
    found = seen(found, live(blue=75, green=25), at=T1)
    assert (found.gained, found.began) == ({GREEN: T1}, {GREEN: T0})
    found = seen(found, live(blue=100), at=T2)
    assert (found.gained, found.began) == ({GREEN: T1, BLUE: T2}, {GREEN: T0})


def test_a_color_that_was_rolled_back_is_proven_no_more() -> None:
    found = seen(History(), live(green=100))
    assert found.without_proof(GREEN).whole == {}
    assert found.without_proof(BLUE) == found


def test_versions_that_served_are_forgotten_in_the_order_they_came() -> None:
    found = History()
    for number in range(LENGTH + 2):
        found = found.with_served({BLUE: f"v{number}"}, T0)
    found = found.with_served({BLUE: "v2"}, T1)
    assert len(found.served) == LENGTH
    assert "v1" not in found.served
    assert list(found.served)[-1] == "v2"


def test_what_is_written_is_read_back() -> None:
    cluster = RollbackCluster()
    del cluster.objects["ConfigMap", names.HISTORY]
    wanted = seen(History(), live(green=100)).with_served({GREEN: "v2"}, T1)
    history.change(cluster, lambda _: wanted)
    assert cluster.history == wanted


def test_what_others_wrote_at_the_same_time_is_kept() -> None:
    cluster = RollbackCluster()
    once = iter([True])

    def another(what: str) -> None:
        if next(once, False):
            history.change(cluster, lambda found: found.with_served({BLUE: "v9"}, T0))

    cluster.before_write = another
    history.change(cluster, lambda found: found.with_served({GREEN: "v2"}, T1))
    assert set(cluster.history.served) == {"v9", "v2"}


def test_nothing_is_written_where_nothing_is_new() -> None:
    cluster = RollbackCluster()
    history.change(cluster, lambda found: found)
    assert cluster.writes == []


def test_a_history_that_is_always_written_by_others_is_no_written_one() -> None:
    cluster = RollbackCluster()

    def conflict(_: str) -> None:
        raise Conflict("newer")

    cluster.before_write = conflict
    with pytest.raises(CouldNotFindOut, match="times in a row"):
        history.change(cluster, lambda found: found.with_served({GREEN: "v2"}, T1))


@pytest.mark.parametrize(
    "data",
    [
        {"whole": "{"},
        {"whole": '{"red": {}}'},
        {"whole": '{"blue": {"images": {}}}'},
        {"weights": '{"blue": "much"}'},
        {"served": "3", "gained": "[]"},
    ],
)
def test_a_history_that_can_not_be_understood_is_not_an_empty_one(data: dict[str, str]) -> None:
    with pytest.raises(CouldNotFindOut, match="traffic-history"):
        History.from_data(data)


def test_images_by_architecture_are_proven_together() -> None:
    was = Whole({"backend": "b:v1"}, {"backend": "sha256:a,sha256:b"}, {"backend": 2}, T0)
    assert History.from_data(History(whole={BLUE: was}).to_data()).whole[BLUE] == was
