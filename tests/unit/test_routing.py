"""The route's body is arithmetic: weights, cookies and paths, without a cluster."""

import re
from typing import Any

import pytest

from ops import names, routing
from ops.color import Color
from ops.routing import Endpoint, Site, Split

BLUE, GREEN = Color.BLUE, Color.GREEN

SITE = Site(
    namespace="legal-ai",
    public_host="legal-ai.localhost",
    preview_hosts={BLUE: "blue.legal-ai.localhost", GREEN: "green.legal-ai.localhost"},
    endpoints=(
        Endpoint("backend", 8000, ("/api", "/health")),
        Endpoint("frontend", 3000, ("/",)),
    ),
    gateway_name="public",
    gateway_namespace="gateway-system",
    secure=False,
)


def split(active: Color = BLUE, weight: int = 0, *, green: str | None = "v2") -> Split:
    versions = {BLUE: "v1"} | ({GREEN: green} if green else {})
    return Split(active=active, canary_weight=weight, serial=7, versions=versions)


def drawn_rules(route: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules whose color is drawn by weight: those that no header picks."""
    return [r for r in route["spec"]["rules"] if not any("headers" in m for m in r["matches"])]


@pytest.mark.parametrize("weight", [0, 1, 10, 50, 99, 100])
@pytest.mark.parametrize("active", list(Color))
def test_every_rule_gives_both_colors_the_same_weights(active: Color, weight: int) -> None:
    route = routing.public_route(SITE, split(active, weight))
    rules = drawn_rules(route)
    assert len(rules) == 2
    for rule in rules:
        weights = {ref["name"].rpartition("-")[2]: ref["weight"] for ref in rule["backendRefs"]}
        assert weights == {str(active): 100 - weight, str(active.other): weight}


def test_each_path_goes_to_its_own_service_and_port() -> None:
    route = routing.public_route(SITE, split())
    found = {
        match["path"]["value"]: (rule["backendRefs"][0]["name"], rule["backendRefs"][0]["port"])
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    }
    assert found == {
        "/api": ("backend-blue", 8000),
        "/health": ("backend-blue", 8000),
        "/": ("frontend-blue", 3000),
    }


def test_a_color_without_a_version_is_not_named_as_a_backend() -> None:
    route = routing.public_route(SITE, split(green=None))
    assert "green" not in str(route)


def test_each_backend_says_its_color_in_the_answer() -> None:
    for rule in routing.public_route(SITE, split(BLUE, 10))["spec"]["rules"]:
        for ref in rule["backendRefs"]:
            headers = ref["filters"][0]["responseHeaderModifier"]["set"]
            assert headers == [
                {"name": "X-Deployment-Color", "value": ref["name"].rpartition("-")[2]}
            ]


@pytest.mark.parametrize("weight", [0, 100])
def test_an_unmixed_route_sets_no_cookie_and_pins_nobody(weight: int) -> None:
    route = routing.public_route(SITE, split(BLUE, weight))
    assert "Cookie" not in str(route)


def test_a_mixed_route_pins_by_cookie_on_every_path_and_to_one_color_only() -> None:
    route = routing.public_route(SITE, split(BLUE, 10))
    pins: dict[tuple[str, str], list[str]] = {}
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            for header in match.get("headers", []):
                assert header["name"] == "Cookie"
                color = re.search("=(blue|green)", header["value"].replace("\\", ""))
                assert color
                pins[(match["path"]["value"], color[1])] = [r["name"] for r in rule["backendRefs"]]
    services = {"/api": "backend", "/health": "backend", "/": "frontend"}
    assert pins == {
        (path, str(color)): [f"{service}-{color}"]
        for path, service in services.items()
        for color in Color
    }


def test_the_cookie_that_an_answer_sets_is_the_one_that_pins() -> None:
    wanted = split(BLUE, 10)
    for rule in drawn_rules(routing.public_route(SITE, wanted)):
        for ref in rule["backendRefs"]:
            color = Color(ref["name"].rpartition("-")[2])
            added = ref["filters"][0]["responseHeaderModifier"]["add"][0]["value"]
            sent = added.partition(";")[0]
            pattern = routing.pin_pattern(color, wanted)
            assert re.fullmatch(pattern, sent)
            assert re.fullmatch(pattern, f"a=b; {sent}; c=d")
            assert not re.fullmatch(pattern, f"x{sent}")
            assert not re.fullmatch(routing.pin_pattern(color.other, wanted), sent)


def test_a_cookie_of_an_earlier_canary_pins_nobody_in_the_next() -> None:
    old = routing.public_route(SITE, split(BLUE, 10, green="v2"))
    cookie = drawn_rules(old)[0]["backendRefs"][0]["filters"][0]["responseHeaderModifier"]["add"][0]
    sent = cookie["value"].partition(";")[0]
    assert not re.fullmatch(routing.pin_pattern(BLUE, split(BLUE, 10, green="v3")), sent)


def test_the_cookie_stays_the_same_while_a_canary_grows() -> None:
    assert routing.pin_pattern(GREEN, split(BLUE, 10)) == routing.pin_pattern(
        GREEN, split(BLUE, 50)
    )


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_secure_exactly_where_browsers_come_by_https(secure: bool) -> None:
    site = Site(**{**SITE.__dict__, "secure": secure})
    assert ("; Secure" in str(routing.public_route(site, split(BLUE, 10)))) is secure


def test_a_switch_changes_weights_and_annotations_and_nothing_else() -> None:
    before = routing.public_route(SITE, split(BLUE))
    after = routing.public_route(SITE, split(GREEN))
    for route in (before, after):
        del route["metadata"]["annotations"]
        for rule in route["spec"]["rules"]:
            for ref in rule["backendRefs"]:
                del ref["weight"]
            rule["backendRefs"].sort(key=lambda ref: ref["name"])
    assert before == after


def test_no_header_picks_a_color_in_public() -> None:
    for weight in (0, 10, 100):
        for rule in routing.public_route(SITE, split(BLUE, weight))["spec"]["rules"]:
            for match in rule["matches"]:
                assert all(header["name"] == "Cookie" for header in match.get("headers", []))


def test_a_preview_host_serves_its_color_and_the_other_one_on_request() -> None:
    route = routing.preview_route(SITE, GREEN, [BLUE, GREEN])
    assert route["spec"]["hostnames"] == ["green.legal-ai.localhost"]
    for rule in route["spec"]["rules"]:
        asked = [header["value"] for m in rule["matches"] for header in m.get("headers", [])]
        assert {ref["name"].rpartition("-")[2] for ref in rule["backendRefs"]} == (
            {"blue"} if asked else {"green"}
        )
        assert set(asked) <= {"blue"}


def test_live_weights_read_back_what_was_written() -> None:
    for weight in (0, 1, 10, 33, 50, 99, 100):
        route = routing.public_route(SITE, split(GREEN, weight))
        assert routing.live_weights(route) == {GREEN: 100 - weight, BLUE: weight}


def test_a_route_patched_for_one_path_only_still_counts_for_the_color_it_reaches() -> None:
    route = routing.public_route(SITE, split(BLUE))
    for ref in route["spec"]["rules"][0]["backendRefs"]:
        ref["weight"] = 100 if ref["name"].endswith("green") else 0
    assert routing.live_weights(route) == {BLUE: 100, GREEN: 100}


def test_weights_that_do_not_add_up_to_a_hundred_are_read_as_shares() -> None:
    route = routing.public_route(SITE, split(BLUE, 50))
    for rule in route["spec"]["rules"]:
        for ref in rule["backendRefs"]:
            ref["weight"] = 3 if ref["name"].endswith("blue") else 1
    assert routing.live_weights(route)[BLUE] == 75


def test_ingresses_have_the_runbooks_form_for_every_path() -> None:
    wanted = split(BLUE, 10)
    main, canary = routing.main_ingress(SITE, wanted), routing.canary_ingress(SITE, wanted)
    assert canary is not None
    assert main["metadata"]["name"] == "legal-ai-ingress"
    assert canary["metadata"]["name"] == "legal-ai-canary"
    notes = canary["metadata"]["annotations"]
    assert notes["nginx.ingress.kubernetes.io/canary"] == "true"
    assert notes["nginx.ingress.kubernetes.io/canary-weight"] == "10"
    for ingress, color in ((main, "blue"), (canary, "green")):
        paths = ingress["spec"]["rules"][0]["http"]["paths"]
        assert [(p["path"], p["backend"]["service"]["name"]) for p in paths] == [
            ("/api", f"backend-{color}"),
            ("/health", f"backend-{color}"),
            ("/", f"frontend-{color}"),
        ]
        assert {p["pathType"] for p in paths} == {"Prefix"}


def test_ingress_weights_read_back_what_was_written() -> None:
    wanted = split(GREEN, 25)
    main, canary = routing.main_ingress(SITE, wanted), routing.canary_ingress(SITE, wanted)
    assert routing.live_ingress_weights(main, canary) == {GREEN: 75, BLUE: 25}
    assert routing.live_ingress_weights(main, None) == {GREEN: 100}


def test_there_is_no_canary_ingress_where_nothing_is_in_standby() -> None:
    assert routing.canary_ingress(SITE, split(green=None)) is None


def test_the_public_path_of_a_service_is_one_that_reaches_it() -> None:
    assert routing.public_path(SITE.endpoints, "backend", "/health") == "/health"
    assert routing.public_path(SITE.endpoints, "frontend", "/health") == "/"


def test_annotations_tell_active_color_weight_serial_and_the_versions_that_serve() -> None:
    notes = routing.public_route(SITE, split(BLUE, 0))["metadata"]["annotations"]
    assert notes == {
        names.ACTIVE_COLOR: "blue",
        names.CANARY_WEIGHT: "0",
        names.SERIAL: "7",
        names.VERSIONS: "blue=v1",
    }
