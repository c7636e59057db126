"""The status' first line: whether the public is served, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.status import public
from ops.status.gather import Status
from ops.status.public import Served
from tests.unit.fake_application import FakeApplication, answering, serving
from tests.unit.status_world import BLUE, GREEN, StatusWorld, told

HEALTH = ("GET", "/health")


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def url(app: FakeApplication) -> Iterator[str]:
    with serving(app) as address:
        yield address


def said(status: Status) -> str:
    return next(each.detail for each in status.lines if each.name == "public")


def test_the_public_host_is_asked_once_and_says_who_answers(app: FakeApplication, url: str) -> None:
    assert public.ask(url) == Served(url, 200, GREEN, "v1.1.0")
    assert app.asked == [HEALTH]


@pytest.mark.parametrize(
    ("code", "headers", "reason"),
    [
        (503, {"X-App-Color": "green"}, "GET /health was answered 503"),
        (200, {"X-App-Color": ""}, "does not come from the application"),
        (200, {"X-Deployment-Color": "blue"}, "the route chose blue but green answered"),
    ],
)
def test_an_answer_that_is_not_good_is_bad_whoever_gives_it(
    app: FakeApplication, url: str, code: int, headers: dict[str, str], reason: str
) -> None:
    app.instead[HEALTH] = answering({"status": "x"}, code)
    app.headers = headers
    with pytest.raises(Refused, match=reason):
        public.ask(url)


def test_where_nothing_listens_it_is_not_known_whether_the_public_gets_in() -> None:
    with pytest.raises(CouldNotFindOut, match="nothing listens"):
        public.ask("http://127.0.0.1:1")


def test_the_status_begins_with_it() -> None:
    status = StatusWorld().status()
    assert status.lines[0].name == "public"
    assert said(status) == "https://legal-ai.test/health is answered 200 by green v2"


def test_a_color_that_the_route_gives_nothing_is_not_in_order() -> None:
    world = StatusWorld()
    world.served = Served("https://legal-ai.test", 200, BLUE, "v1")
    assert "to which the live route sends nobody" in told(world.status())["public"]


def test_a_public_host_that_does_not_answer_is_bad_or_unknown_as_it_is_seen() -> None:
    world = StatusWorld()

    def broken() -> Served:
        raise Refused("GET /health was answered 503")

    def away() -> Served:
        raise CouldNotFindOut("nothing listens")

    world.breaks["public"] = broken
    assert (world.status().verdict, *told(world.status())) == ("bad", "public")
    world.breaks["public"] = away
    assert (world.status().verdict, *told(world.status())) == ("unknown", "public")
