"""What a rollback writes is what the program would write: the route's body stays arithmetic."""

import copy
from typing import Any

import pytest

from ops import names, routing
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.live import LiveRoute
from ops.routing_moves import ROLLBACK, all_to, give_all, services, touched
from ops.state import live_traffic
from tests.unit.test_routing import SITE, split

BLUE, GREEN = Color.BLUE, Color.GREEN
VERSIONS = {BLUE: "v1", GREEN: "v2"}


def versioned(body: dict[str, Any]) -> dict[str, Any]:
    """As it is read from a cluster."""
    return {**body, "metadata": {**body["metadata"], "resourceVersion": "5"}}


def merged(patch: dict[str, Any]) -> dict[str, str]:
    """The annotations after the patch: None takes one away, the serial was there."""
    notes = {names.SERIAL: "7", ROLLBACK: "o1"} | patch["metadata"]["annotations"]
    return {key: value for key, value in notes.items() if value is not None}


def http_route(active: Color, weight: int) -> LiveRoute:
    return LiveRoute(versioned(routing.public_route(SITE, split(active, weight))))


def ingresses(active: Color, weight: int) -> LiveRoute:
    canary = routing.canary_ingress(SITE, split(active, weight))
    assert canary
    return LiveRoute(
        versioned(routing.main_ingress(SITE, split(active, weight))), versioned(canary)
    )


@pytest.mark.parametrize("weight", [0, 10, 50, 100])
@pytest.mark.parametrize("active", list(Color))
@pytest.mark.parametrize("target", list(Color))
def test_it_is_the_route_that_the_program_declares_for_that_color(
    active: Color, weight: int, target: Color
) -> None:
    [write] = all_to(http_route(active, weight), target, VERSIONS[target])
    wanted = routing.public_route(SITE, split(target))
    assert write.patch["spec"]["rules"] == wanted["spec"]["rules"]
    assert merged(write.patch) == wanted["metadata"]["annotations"]


@pytest.mark.parametrize("weight", [0, 10, 100])
@pytest.mark.parametrize("active", list(Color))
@pytest.mark.parametrize("target", list(Color))
def test_the_ingresses_are_those_that_the_program_declares_for_that_color(
    active: Color, weight: int, target: Color
) -> None:
    writes = all_to(ingresses(active, weight), target, VERSIONS[target])
    assert [write.name for write in writes] == [routing.CANARY_INGRESS, routing.MAIN_INGRESS]
    canary, main = (
        routing.canary_ingress(SITE, split(target)),
        routing.main_ingress(SITE, split(target)),
    )
    assert canary
    for write, wanted in zip(writes, (canary, main), strict=True):
        assert write.patch["spec"]["rules"] == wanted["spec"]["rules"]
        assert merged(write.patch).items() <= wanted["metadata"]["annotations"].items()


def test_a_visitor_who_was_pinned_to_the_canary_is_pinned_no_more() -> None:
    [write] = all_to(http_route(BLUE, 10), BLUE, "v1")
    assert names.COLOR_COOKIE not in str(write.patch["spec"])
    assert names.COLOR_HEADER in str(write.patch["spec"])


def test_headers_that_somebody_else_adds_stay() -> None:
    route = http_route(BLUE, 10)
    rule = route.main["spec"]["rules"][-1]
    modifier = rule["backendRefs"][0]["filters"][0]["responseHeaderModifier"]
    modifier["add"].append({"name": "Server-Timing", "value": "edge"})
    rules = give_all(route.main["spec"]["rules"], BLUE)
    assert {"name": "Server-Timing", "value": "edge"} in (
        rules[-1]["backendRefs"][0]["filters"][0]["responseHeaderModifier"]["add"]
    )


def test_each_write_is_bound_to_the_version_that_was_read() -> None:
    for route in (http_route(GREEN, 0), ingresses(GREEN, 0)):
        for write in [*all_to(route, BLUE, "v1"), *touched(route, "o1")]:
            assert write.patch["metadata"]["resourceVersion"] == "5"


def test_what_was_read_is_not_changed() -> None:
    route = http_route(BLUE, 10)
    before = copy.deepcopy(route.main)
    all_to(route, GREEN, "v2")
    assert route.main == before


def test_a_route_that_does_not_know_the_color_is_left_alone() -> None:
    alone = routing.public_route(SITE, split(GREEN))
    for rule in alone["spec"]["rules"]:
        rule["backendRefs"] = [r for r in rule["backendRefs"] if r["name"].endswith("green")]
    with pytest.raises(CouldNotFindOut, match="no backend of blue"):
        all_to(LiveRoute(versioned(alone)), BLUE, "v1")


def test_touching_moves_nothing() -> None:
    [write] = touched(http_route(GREEN, 10), "o1")
    assert write.patch["metadata"]["annotations"] == {ROLLBACK: "o1"}
    assert "spec" not in write.patch


@pytest.mark.parametrize("route", [http_route(BLUE, 10), ingresses(BLUE, 10)])
def test_the_web_services_are_read_from_the_route(route: LiveRoute) -> None:
    assert set(services(route)) == {"backend", "frontend"}
    assert live_traffic(route.main, route.canary).has_traffic(GREEN)
