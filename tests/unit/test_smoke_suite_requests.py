"""Requests of a check: who must answer, what is sent again, what time is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from ops.application import identity
from ops.application.identity import Identity
from ops.application.visit import Visit, Visitor, require_url
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.operations import Operations, parse
from tests.unit.test_stack import FACTS

OURS = {"X-App-Color": "green", "X-App-Version": "v1.1.0", "X-Deployment-Color": "green"}
Handler = Callable[[httpx2.Request], httpx2.Response]


def visit(handler: Handler, who: Identity | None = None, seconds: float = 5.0) -> Visit:
    client = httpx2.Client(transport=httpx2.MockTransport(handler), base_url="http://app")
    return Visitor("http://app", who or identity.anybody(), _client=client).visit(seconds)


def after(errors: list[Exception]) -> Handler:
    """Fails as often as there are errors, then answers."""

    def handler(_: httpx2.Request) -> httpx2.Response:
        if errors:
            raise errors.pop(0)
        return httpx2.Response(200, headers=OURS, json={})

    return handler


@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("no"), httpx2.ReadError("cut"), httpx2.RemoteProtocolError("?")]
)
def test_a_broken_connection_is_tried_again_and_counted(error: Exception) -> None:
    asked = visit(after([error, error]))
    assert asked.ask("GET", "/health").status == 200
    assert asked.retries == 2


def test_a_connection_that_always_breaks_is_a_finding() -> None:
    asked = visit(after([httpx2.ReadError("cut")] * 9))
    with pytest.raises(Refused, match="connection broke"):
        asked.ask("GET", "/health")
    assert asked.retries == 2


def test_where_nothing_listens_nothing_is_known() -> None:
    with pytest.raises(CouldNotFindOut, match="nothing listens at http://app"):
        visit(after([httpx2.ConnectError("refused")] * 9)).ask("GET", "/health")


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_answer_is_never_asked_for_twice(status: int) -> None:
    count = 0

    def handler(_: httpx2.Request) -> httpx2.Response:
        nonlocal count
        count += 1
        return httpx2.Response(status, headers=OURS, text="what went wrong")

    with pytest.raises(Refused, match=rf"answered {status}: what went wrong"):
        visit(handler).ask("POST", "/api/documents/upload")
    assert count == 1


def test_an_answer_that_does_not_come_is_not_asked_for_twice() -> None:
    errors: list[Exception] = [httpx2.ReadTimeout("slow")]
    with pytest.raises(Refused, match="no whole answer within 5 s"):
        visit(after(errors)).ask("GET", "/health")
    assert not errors


def test_an_answer_that_drips_is_given_up_when_its_time_is_over() -> None:
    class Drip(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=OURS, stream=Drip())

    with pytest.raises(Refused, match=r"no whole answer within 0\.05 s"):
        visit(handler, seconds=0.05).ask("GET", "/")


def test_a_redirect_names_the_address_to_give() -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(301, headers=OURS | {"location": "https://app/"})

    with pytest.raises(Refused, match="301 to https://app/: give that address"):
        visit(handler).ask("GET", "/")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "does not come from the application"),
        ({"X-App-Color": "blue", "X-App-Version": "v1.0.0"}, "blue answered, green has to"),
        (OURS | {"X-Deployment-Color": "blue"}, "selects the wrong pods"),
        (OURS | {"X-App-Version": "v1.0.0"}, "v1.0.0 of green answered, v1.1.0 has to"),
        ({"X-App-Color": "green"}, "version unknown of green"),
    ],
)
def test_an_answer_of_anybody_else_is_bad_though_it_is_200(
    headers: dict[str, str], told: str
) -> None:
    who = identity.anybody(Color.GREEN, "v1.1.0")
    with pytest.raises(Refused, match=told):
        visit(lambda _: httpx2.Response(200, headers=headers), who).ask("GET", "/")


def test_a_visitor_who_meets_both_colors_is_told_so() -> None:
    colors = iter(["green", "blue"])

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"X-App-Color": next(colors), "X-App-Version": "v1"})

    asked = visit(handler)
    asked.ask("GET", "/")
    with pytest.raises(Refused, match="blue v1 answered, and green v1 before"):
        asked.ask("GET", "/api/health")


def test_a_digest_as_version_is_not_compared_with_what_the_application_calls_itself() -> None:
    who = identity.anybody(Color.GREEN, "sha256:" + "0" * 64)
    assert who.problem(OURS) == ""


@pytest.fixture
def facts() -> Operations:
    """A stack with blue v1.0.0 and green v1.1.0."""
    both = {
        "versions": {"blue": "v1.0.0", "green": "v1.1.0"},
        "previewUrls": {c: f"http://{c}.legal-ai.localhost:8080" for c in ("blue", "green")},
    }
    return parse({"operations": FACTS | both}, "local")


def test_at_a_preview_address_its_own_color_and_version_must_answer(facts: Operations) -> None:
    who = identity.of_stack(facts, "http://green.legal-ai.localhost:8080/")
    assert who.allowed == {Color.GREEN: "v1.1.0"}


def test_at_the_public_address_each_color_may_answer_at_its_own_version(
    facts: Operations,
) -> None:
    url = "http://legal-ai.localhost:8080"
    assert identity.of_stack(facts, url).allowed == {Color.BLUE: "v1.0.0", Color.GREEN: "v1.1.0"}
    assert identity.of_stack(facts, url, Color.BLUE, "v9").allowed == {Color.BLUE: "v9"}


@pytest.mark.parametrize(
    ("url", "color", "told"),
    [
        ("http://elsewhere", None, "none of the stack's addresses"),
        ("http://green.legal-ai.localhost:8080", Color.BLUE, "blue can't answer"),
    ],
)
def test_an_address_that_is_not_the_stacks_or_not_the_colors_is_refused(
    facts: Operations, url: str, color: Color | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        identity.of_stack(facts, url, color)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("staging.legal-ai-system.com", "is no address"),
        ("ftp://host", "is no address"),
        ("https://me:hidden@host", "must not have a password"),
        ("https://host/?x=1", "query"),
    ],
)
def test_an_address_that_can_not_be_asked_is_refused_without_showing_a_password(
    url: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        require_url(url)
    assert "hidden" not in str(refused.value)
