"""The smoke tests against an application that is right, and against it broken place by place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ops.application import identity, leftovers
from ops.application.user import User
from ops.application.visit import Visitor
from ops.checklist import Line, worst
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.smoke_suite import CHECKS, Suite, document
from tests.unit.fake_application import (
    PASSWORD,
    TOKEN,
    USER,
    Answer,
    FakeApplication,
    answering,
    serving,
)

LOGIN, UPLOAD = ("POST", "/api/auth/login"), ("POST", "/api/documents/upload")
ANALYZE, ME, HOME = ("POST", "/api/documents/analyze"), ("GET", "/api/users/me"), ("GET", "/")


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def url(app: FakeApplication) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def smoke(url: str) -> Callable[[], dict[str, Line]]:
    """Runs the smoke tests; their lines by name."""

    def run() -> dict[str, Line]:
        who = identity.anybody(Color.GREEN, "v1.1.0")
        with closing(Visitor(url, who)) as visitor:
            lines = Suite(visitor, User(USER, PASSWORD), lambda _: None, time_factor=10).run()
        return {line.name: line for line in lines}

    return run


Smoke = Callable[[], dict[str, Line]]


def test_an_application_that_is_right_passes_all_nine_and_keeps_nothing(
    app: FakeApplication, smoke: Smoke
) -> None:
    lines = smoke()
    assert worst(lines.values()) == "good", lines
    assert [*lines] == [*(check.name for check in CHECKS), "clean up"]
    assert len(CHECKS) == 9
    assert app.documents == {}
    assert ("DELETE", "/api/documents") in {(m, p.rpartition("/")[0]) for m, p in app.asked}


@pytest.mark.parametrize(
    ("asked", "answer", "check", "told"),
    [
        (("GET", "/health"), answering({}, 503), "health", "503"),
        (("GET", "/health"), answering({"status": "unavailable"}), "health", "unavailable"),
        (("GET", "/api/health"), answering([]), "API health", "no JSON object"),
        (("GET", "/api/health/database"), answering({"reason": "down"}, 503), "database", "down"),
        (("GET", "/api/health/redis"), answering({"reason": "gone"}, 503), "Redis", "gone"),
        (ME, answering({"username": USER}), "protected endpoint", "lets everybody in"),
        (UPLOAD, answering({"error": "writes are closed"}, 503), "document upload", "closed"),
        (UPLOAD, answering({"filename": "x"}, 201), "document upload", "without a document_id"),
        (UPLOAD, answering({"document_id": "1", "size": 3}), "document upload", "3 arrived"),
        (ANALYZE, answering({"document_id": "other"}), "AI analysis", "another document"),
        (ANALYZE, answering({"analysis": {}}), "AI analysis", "found nothing"),
        (HOME, answering({"ok": True}), "page", "is no page"),
        (HOME, answering({}, 502), "page", "502"),
    ],
)
def test_what_is_broken_is_bad_and_says_what_came_back(
    app: FakeApplication,
    smoke: Smoke,
    asked: tuple[str, str],
    answer: Answer,
    check: str,
    told: str,
) -> None:
    app.instead[asked] = answer
    lines = smoke()
    assert lines[check].verdict == "bad"
    assert told in lines[check].detail


@pytest.mark.parametrize(
    "given", [None, "", "  ", "null", "NULL", "None", "undefined", False, 7, {"a": 1}]
)
def test_a_login_that_gives_no_token_fails_whatever_its_status(
    app: FakeApplication, smoke: Smoke, given: Any
) -> None:
    app.instead[LOGIN] = answering({"access_token": given})
    lines = smoke()
    assert lines["authentication"].verdict == "bad"
    assert "access_token" in lines["authentication"].detail
    for check in ("protected endpoint", "document upload", "AI analysis"):
        assert lines[check].verdict == "unknown"
        assert not lines[check].tried
    assert lines["page"].verdict == "good"
    assert UPLOAD not in app.asked


def test_another_user_than_the_one_who_logged_in_is_bad(app: FakeApplication, smoke: Smoke) -> None:
    async def me(request: Request) -> Response:
        known = "authorization" in request.headers
        return JSONResponse({"username": "somebody@else"}, 200 if known else 401)

    app.instead[ME] = me
    assert "not as test@example.com" in smoke()["protected endpoint"].detail


def test_a_page_that_was_cut_off_is_bad(app: FakeApplication, smoke: Smoke) -> None:
    async def half(_: Request) -> Response:
        return Response("<!doctype html><html><body>", media_type="text/html")

    app.instead[HOME] = half
    assert "does not come whole" in smoke()["page"].detail


def test_an_answer_over_its_budget_is_bad_and_what_it_found_is_used(
    app: FakeApplication, url: str
) -> None:
    slow = Suite(
        Visitor(url, identity.anybody()), User(USER, PASSWORD), lambda _: None, time_factor=10
    )
    checks = [
        type(check)(check.name, check.act, check.timeout, 0.0, check.needs)
        if check.name == "authentication"
        else check
        for check in CHECKS
    ]
    lines = {line.name: line for line in slow.run(checks)}
    assert lines["authentication"].verdict == "bad"
    assert "budget is 0 s" in lines["authentication"].detail
    assert lines["AI analysis"].verdict == "good"


def test_the_wrong_color_or_version_is_bad_in_every_check(
    app: FakeApplication, smoke: Smoke
) -> None:
    app.version = "v1.0.0"
    lines = smoke()
    assert {line.verdict for line in lines.values() if line.tried} == {"bad"}
    assert "v1.1.0 has to" in lines["health"].detail


def test_where_nothing_listens_all_is_unknown_and_asked_once(url: str) -> None:
    nobody = Visitor("http://127.0.0.1:1", identity.anybody())
    lines = Suite(nobody, User(USER, PASSWORD), lambda _: None).run()
    assert {line.verdict for line in lines} == {"unknown"}
    assert [line.tried for line in lines] == [True] + [False] * 8


def test_what_a_killed_run_left_is_deleted_and_what_another_uses_is_not(
    app: FakeApplication, smoke: Smoke
) -> None:
    app.store(f"{leftovers.PREFIX}old.pdf", timedelta(hours=2))
    young = app.store(f"{leftovers.PREFIX}of-another-run.pdf", timedelta(minutes=5))
    users = app.store(f"my-{leftovers.PREFIX}notes.pdf", timedelta(days=9))
    assert "deleted 2" in smoke()["clean up"].detail
    assert {*app.documents} == {young, users}


def test_a_document_that_stays_is_a_finding(app: FakeApplication, smoke: Smoke) -> None:
    class Sticky(dict[str, Any]):
        def pop(self, *_: Any) -> Any:
            return None

    app.documents = Sticky()
    line = smoke()["clean up"]
    assert line.verdict == "bad"
    assert "can't be deleted" in line.detail


def test_an_upload_whose_answer_was_lost_is_deleted_all_the_same(
    app: FakeApplication, smoke: Smoke
) -> None:
    async def upload(request: Request) -> Response:
        await app._documents(request)
        return Response(status_code=502)

    app.instead[UPLOAD] = upload
    assert smoke()["document upload"].verdict == "bad"
    assert app.documents == {}


def test_what_was_uploaded_is_deleted_though_a_later_check_got_no_answer(
    app: FakeApplication, url: str
) -> None:
    def refused(*_: Any) -> str:
        raise CouldNotFindOut("nothing listens")

    checks = [
        replace(check, act=refused) if check.name == "AI analysis" else check for check in CHECKS
    ]
    suite = Suite(Visitor(url, identity.anybody()), User(USER, PASSWORD), lambda _: None, 10)
    lines = {line.name: line for line in suite.run(checks)}
    assert (lines["AI analysis"].verdict, lines["AI analysis"].tried) == ("unknown", True)
    assert not lines["page"].tried
    assert lines["clean up"].verdict == "good"
    assert app.documents == {}


def test_an_interrupted_run_cleans_up(app: FakeApplication, url: str) -> None:
    def say(line: str) -> None:
        if line == "checking: AI analysis":
            raise KeyboardInterrupt

    suite = Suite(Visitor(url, identity.anybody()), User(USER, PASSWORD), say)
    with pytest.raises(KeyboardInterrupt):
        suite.run()
    assert UPLOAD in app.asked
    assert app.documents == {}


@pytest.mark.parametrize("place", [LOGIN, ME, UPLOAD, ANALYZE])
def test_no_answer_can_make_a_secret_show(
    app: FakeApplication, smoke: Smoke, place: tuple[str, str]
) -> None:
    shown = "x" * 180 + f"{PASSWORD} {TOKEN} {json.dumps(PASSWORD)}"
    app.instead[place] = answering({"access_token": TOKEN, "error": shown}, 500)
    told = " ".join(line.detail for line in smoke().values())
    assert "500" in told
    for start in (PASSWORD[:4], TOKEN[:6]):
        assert start not in told


def test_the_document_is_a_whole_pdf_whose_table_points_at_its_objects() -> None:
    text = document.pdf("deployment-check-1.pdf").decode()
    start = int(text.rpartition("startxref\n")[2].split()[0])
    assert text[start:].startswith("xref\n0 6\n")
    entries = text[start:].splitlines()[3:8]
    for number, entry in enumerate(entries, start=1):
        assert text[int(entry.split()[0]) :].startswith(f"{number} 0 obj")
