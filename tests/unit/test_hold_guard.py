"""What the route says of a hold: set, changed and taken away as the hold is, by whomever."""

import pytest

from ops import hold_guard, names
from ops.errors import CouldNotFindOut
from ops.hold import Hold
from ops.hold_guard import BECAUSE, HELD
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster

HOLD = Hold(GREEN, BLUE, "errors\n5 %", "2026-01-01T00:00:00+00:00", "agent", "DeploymentFailure")
ROUTE = ("HTTPRoute", "legal-ai")
INGRESSES = (("Ingress", "legal-ai-canary"), ("Ingress", "legal-ai-ingress"))


@pytest.fixture
def cluster() -> RollbackCluster:
    return RollbackCluster()


def notes(cluster: RollbackCluster, of: tuple[str, str] = ROUTE) -> dict[str, str]:
    found: dict[str, str] = cluster.objects[of]["metadata"]["annotations"]
    return {name: value for name, value in found.items() if name in (HELD, BECAUSE)}


def hold(cluster: RollbackCluster, data: dict[str, str] | None = None) -> None:
    data = HOLD.to_data() if data is None else data
    cluster.put("ConfigMap", names.HOLD, {"metadata": {}, "data": data})


def test_a_hold_is_noted_on_the_route_in_one_line(cluster: RollbackCluster) -> None:
    """A line break would have the API server say something of its own."""
    hold(cluster)
    before = cluster.weights
    hold_guard.follow(cluster, "gateway-api")
    assert notes(cluster) == {
        HELD: "green",
        BECAUSE: "green is held since 2026-01-01T00:00:00+00:00 by agent "
        "(alert DeploymentFailure): errors 5 %",
    }
    assert cluster.weights == before


def test_what_the_route_says_otherwise_stays(cluster: RollbackCluster) -> None:
    before = dict(cluster.objects[ROUTE]["metadata"]["annotations"])
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    cluster.delete("ConfigMap", names.HOLD)
    hold_guard.follow(cluster, "gateway-api")
    assert cluster.objects[ROUTE]["metadata"]["annotations"] == before


def test_with_ingress_nginx_both_objects_are_noted() -> None:
    cluster = RollbackCluster(nginx=True)
    hold(cluster)
    hold_guard.follow(cluster, "ingress-nginx")
    assert [notes(cluster, each)[HELD] for each in INGRESSES] == ["green", "green"]


def test_another_hold_replaces_the_notes_of_the_first(cluster: RollbackCluster) -> None:
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    hold(cluster, Hold(BLUE, GREEN, "worse", "later", "somebody").to_data())
    hold_guard.follow(cluster, "gateway-api")
    assert notes(cluster)[HELD] == "blue"
    assert "worse" in notes(cluster)[BECAUSE]


def test_nothing_is_written_where_nothing_is_new(cluster: RollbackCluster) -> None:
    """An agent follows every change of the route: its own write must not be the next one."""
    hold_guard.follow(cluster, "gateway-api")
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    hold_guard.follow(cluster, "gateway-api")
    assert cluster.writes == ["patch HTTPRoute legal-ai"]


def test_a_hold_that_comes_while_old_notes_are_taken_away_is_noted(
    cluster: RollbackCluster,
) -> None:
    """Notes of a lifted hold are seen; before they go, a new rollback writes its own."""
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    cluster.delete("ConfigMap", names.HOLD)

    def another(_: str) -> None:
        cluster.before_write = lambda _: None
        hold(cluster, Hold(GREEN, BLUE, "again", "later", "agent").to_data())
        hold_guard.follow(cluster, "gateway-api")

    cluster.before_write = another
    hold_guard.follow(cluster, "gateway-api")
    assert "again" in notes(cluster)[BECAUSE]


def test_a_hold_that_nobody_understands_leaves_the_notes(cluster: RollbackCluster) -> None:
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    hold(cluster, {"reason": "half a hold"})
    with pytest.raises(CouldNotFindOut, match="can't be understood"):
        hold_guard.follow(cluster, "gateway-api")
    assert notes(cluster)[HELD] == "green"


def test_a_route_that_others_write_without_end_is_given_up(cluster: RollbackCluster) -> None:
    hold(cluster)

    def write(_: str) -> None:
        cluster.put(*ROUTE, cluster.objects[ROUTE])

    cluster.before_write = write
    with pytest.raises(CouldNotFindOut, match="run this again"):
        hold_guard.follow(cluster, "gateway-api")


def test_before_the_first_deployment_there_is_nothing_to_note(cluster: RollbackCluster) -> None:
    cluster.objects.pop(ROUTE)
    hold(cluster)
    hold_guard.follow(cluster, "gateway-api")
    assert not cluster.writes
