"""The warm-up against an application on this machine: what it sends, when it ends, and how."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ops.application import identity
from ops.application.user import User
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.warmup import READS, Rules, Target, Warmed, WarmUp
from ops.warmup.pace import Pace
from tests.unit.fake_application import (
    PASSWORD,
    TOKEN,
    USER,
    FakeApplication,
    answering,
    serving,
)
from tests.unit.test_warmup import PodsCluster, deployment, pod


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def url(app: FakeApplication) -> Iterator[str]:
    with serving(app) as address:
        yield address


class Deadline:
    """A clock that stands still until so many windows were told of; then the time is over."""

    def __init__(self, windows: int) -> None:
        self.left = windows

    def say(self, line: str) -> None:
        self.left -= line.startswith("green: p95")

    def __call__(self) -> float:
        return 0.0 if self.left > 0 else 1e6


RULES = Rules(
    rate=200.0, requests=20, windows=3, seconds=60.0, tolerance_seconds=30.0, most_seconds=30.0
)
"""Small windows, and any p95 will do: it is not this machine's speed that is tested."""


def warm(url: str, *names: str, windows: int = 50) -> Warmed:
    """Warm a color with these pods up; after so many windows it is too late."""
    there = {"backend": [pod(name) for name in names or ("pod-a",)]}
    cluster = PodsCluster([deployment("backend", len(there["backend"]))], there)
    user = User(USER, PASSWORD)
    target = Target(Color.GREEN, url, identity.anybody(Color.GREEN, "v1.1.0"), user)
    clock = Deadline(windows)
    return WarmUp(target, RULES, cluster, clock.say, clock).run()


def test_it_ends_when_every_pod_answers_steadily_and_only_reads(
    app: FakeApplication, url: str
) -> None:
    app.pods = ["pod-a", "pod-b", "pod-c"]
    warmed = warm(url, "pod-a", "pod-b", "pod-c")
    assert len(warmed.p95) >= 3
    assert warmed.pods.by_service == {"backend": ["pod-a", "pod-b", "pod-c"]}
    login, *reads = app.asked
    assert login == ("POST", "/api/auth/login")
    assert {method for method, _ in reads} == {"GET"}
    assert {path for _, path in reads} == {path.partition("?")[0] for path in READS}
    assert app.tokens == {"", f"Bearer {TOKEN}"}


def test_a_pod_that_never_answers_keeps_it_from_ending_well(app: FakeApplication, url: str) -> None:
    app.pods = ["pod-a", "pod-b"]
    with pytest.raises(Refused, match="no answer yet of pod pod-c") as refused:
        warm(url, "pod-a", "pod-b", "pod-c", windows=4)
    assert "not warm after" in str(refused.value)


def test_pods_that_do_not_say_who_they_are_can_not_be_told_apart(
    app: FakeApplication, url: str
) -> None:
    app.pods = []
    assert warm(url, "pod-a").p95
    with pytest.raises(CouldNotFindOut, match="X-App-Pod"):
        warm(url, "pod-a", "pod-b")


def test_errors_keep_it_from_ending_well(app: FakeApplication, url: str) -> None:
    app.instead[("GET", "/api/settings")] = answering({"error": "broken"}, 500)
    with pytest.raises(Refused, match="GET /api/settings was answered 500"):
        warm(url, windows=4)


def test_an_application_that_gets_well_in_time_is_warm(app: FakeApplication, url: str) -> None:
    counted = itertools.count()

    async def cold(_: Request) -> Response:
        return JSONResponse({}, 503 if next(counted) < 5 else 200)

    app.instead[("GET", "/api/documents")] = cold
    assert len(warm(url).p95) > 3


@pytest.mark.parametrize(("color", "version"), [("blue", "v1.1.0"), ("green", "v1.0.0")])
def test_an_answer_of_another_color_or_version_ends_it_at_once(
    app: FakeApplication, url: str, color: str, version: str
) -> None:
    async def other(request: Request) -> Response:
        named = {"X-App-Color": color, "X-App-Version": version}
        return JSONResponse({}, headers=named)

    app.instead[("GET", "/api/settings")] = other
    with pytest.raises(Refused, match=r"has to\. Look at the preview route"):
        warm(url)


def test_an_answer_of_the_gateway_alone_is_a_failed_request(app: FakeApplication, url: str) -> None:
    async def gateway(_: Request) -> Response:
        app.color = ""
        return Response("no healthy upstream")

    app.instead[("GET", "/api/settings")] = gateway
    with pytest.raises(Refused, match=r"not warm after .* does not come from the application"):
        warm(url, windows=4)


def test_who_can_not_log_in_warms_nothing_up(app: FakeApplication, url: str) -> None:
    app.instead[("POST", "/api/auth/login")] = answering({"access_token": "null"})
    with pytest.raises(Refused, match="gave a str that is no token"):
        warm(url)
    assert len(app.asked) == 1


def test_where_nothing_listens_nothing_is_known() -> None:
    with pytest.raises(CouldNotFindOut, match=r"nothing listens at http://127\.0\.0\.1:1"):
        warm("http://127.0.0.1:1")


def test_an_application_that_goes_away_is_not_taken_for_a_bad_one(app: FakeApplication) -> None:
    cluster = PodsCluster([deployment("backend", 1)], {"backend": [pod("pod-a")]})
    who = identity.anybody(Color.GREEN, "v1.1.0")
    with ExitStack() as running:
        target = Target(Color.GREEN, running.enter_context(serving(app)), who, User(USER, PASSWORD))

        def say(line: str) -> None:
            if line.startswith("green: p95"):
                running.close()

        with pytest.raises(CouldNotFindOut, match=r"127\.0\.0\.1:\d+ does not answer"):
            WarmUp(target, dataclasses.replace(RULES, windows=20), cluster, say).run()


def test_requests_leave_on_schedule_in_turn_to_each_path(app: FakeApplication, url: str) -> None:
    with Pace(url, ["/a/health", "/b/health"], rate=100.0) as pace:
        shots = [pace.next(10) for _ in range(40)]
    done = [shot for shot in shots if shot]
    assert len(done) == 40
    assert {shot.path for shot in done if shot.number % 2} == {"/b/health"}
    assert {shot.status for shot in done} == {200}
