"""The browser check with a real Chromium, on the sample app's page and an API that can break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ops.application import identity, leftovers
from ops.application.identity import Identity
from ops.application.user import User
from ops.application.visit import Visitor
from ops.checklist import Line, worst
from ops.color import Color
from ops.ui_check import Walk
from ops.ui_check.browser import find, opened
from ops.ui_check.journey import STEPS
from ops.ui_check.put_back import PutBack
from ops.ui_check.witness import Witness
from tests.unit.fake_application import (
    PASSWORD,
    TOKEN,
    USER,
    FakeApplication,
    answering,
    serving,
)

Check = Callable[..., dict[str, Line]]
SAVE = ("PUT", "/api/profile")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened(find()) as browser:
        yield browser


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def check(app: FakeApplication, chromium: Browser, tmp_path: Path) -> Iterator[Check]:
    """Walks through the application; the lines by name. `wait` 0.2: patience of 3 s."""
    with serving(app) as url:

        def run(say: Callable[[str], None] = lambda _: None, wait: float = 1.0) -> dict[str, Line]:
            who = identity.anybody(Color.GREEN, "v1.1.0")
            witness = Witness(url, Identity(who.allowed))
            with closing(Visitor(url, who)) as visitor:
                put_back = PutBack(visitor, User(USER, PASSWORD))
                walk = Walk(witness, put_back, tmp_path / "pictures", say, wait)
                return {line.name: line for line in walk.run(chromium)}

        yield run


def test_an_application_that_is_right_passes_and_is_left_as_it_was(
    app: FakeApplication, check: Check, tmp_path: Path
) -> None:
    before = (dict(app.profile), dict(app.settings))
    lines = check()
    assert worst(lines.values()) == "good", [*map(str, lines.values())]
    assert [*lines][1:-4] == [step.name for step in STEPS]
    assert (app.profile, app.settings) == before
    assert app.documents == {}
    assert SAVE in app.asked
    assert not (tmp_path / "pictures").exists()


def test_a_setting_that_does_not_stay_is_found_and_shown_in_a_picture(
    app: FakeApplication, check: Check, tmp_path: Path
) -> None:
    app.instead[SAVE] = answering({"full_name": "Smoke", "organization": "forgotten"})
    line = check(wait=0.2)["profile"]
    assert line.verdict == "bad"
    assert "Chambers" in line.detail, "what the page shows once it is loaded again"
    picture = tmp_path / "pictures" / "profile.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in line.detail


def test_a_login_that_the_page_gets_refused_ends_what_stands_on_it(
    app: FakeApplication, check: Check
) -> None:
    logins: list[int] = []

    async def once(request: Request) -> Response:
        logins.append(1)
        if len(logins) == 1:
            return app._login(await request.json())
        return JSONResponse({"error": "too many logins"}, 429)

    app.instead[("POST", "/api/auth/login")] = once
    lines = check(wait=0.2)
    assert "the page says: too many logins" in lines["log in"].detail
    for name in ("upload a document", "analysis", "search", "profile", "settings"):
        assert not lines[name].tried
    assert lines["clean up"].verdict == "good"


def test_an_error_that_the_page_survives_is_found_all_the_same(
    app: FakeApplication, check: Check
) -> None:
    async def search(request: Request) -> Response:
        if leftovers.PREFIX not in request.query_params["q"]:
            return JSONResponse({"documents": []}, 500)
        return await app._documents(request)

    app.instead[("GET", "/api/documents/search")] = search
    lines = check(wait=0.2)
    assert lines["no server errors"].verdict == "bad"
    assert lines["no console errors"].verdict == "bad"
    assert "500" in lines["no server errors"].detail


def test_a_script_that_breaks_is_found(app: FakeApplication, check: Check) -> None:
    async def broken(_: Request) -> Response:
        return HTMLResponse(app._page().replace("</body>", "<script>nowhere()</script></body>"))

    app.instead[("GET", "/")] = broken
    lines = check()
    assert "nowhere is not defined" in lines["no console errors"].detail
    assert lines["settings"].verdict == "good"


def test_a_page_that_talks_to_another_release_is_found(app: FakeApplication, check: Check) -> None:
    async def other(request: Request) -> Response:
        response = await app._answer(request)
        if "Chrome" in request.headers["user-agent"]:
            response.headers["X-App-Version"] = "v1.0.0"
        return response

    app.instead[("GET", "/api/settings")] = other
    lines = check()
    assert "GET /api/settings: version v1.0.0" in lines["one color and version"].detail
    assert lines["settings"].verdict == "good"


def test_an_interrupted_walk_puts_everything_back(app: FakeApplication, check: Check) -> None:
    before = (dict(app.profile), dict(app.settings))

    def say(line: str) -> None:
        if line == "checking: settings":
            assert app.documents
            assert app.profile != before[0]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(say)
    assert app.documents == {}
    assert (app.profile, app.settings) == before


def test_no_line_and_no_message_shows_a_secret(app: FakeApplication, check: Check) -> None:
    async def me(_: Request) -> Response:
        return JSONResponse({"error": f"no such user {PASSWORD} {TOKEN}"}, 500)

    app.instead[("GET", "/api/users/me")] = me
    told = " ".join(map(str, check(wait=0.2).values()))
    assert "no such user *** ***" in told
    assert PASSWORD not in told
    assert TOKEN not in told


def test_where_nothing_answers_nothing_is_known(chromium: Browser, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1"
    visitor = Visitor(url, identity.anybody())
    witness = Witness(url, identity.anybody())
    walk = Walk(witness, PutBack(visitor, User(USER, PASSWORD)), tmp_path, lambda _: None)
    assert {line.verdict for line in walk.run(chromium)} == {"unknown"}
