"""What the browser check makes of what a browser meets; no browser is started."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.application import identity
from ops.color import Color
from ops.errors import UsageError
from ops.ui_check import browser
from ops.ui_check.journey import STEPS
from ops.ui_check.walk import _short
from ops.ui_check.witness import Witness

URL = "http://app:8080"
GREEN = {"x-app-color": "green", "x-app-version": "v1.1.0"}


@pytest.fixture
def witness() -> Witness:
    return Witness(URL, identity.anybody(Color.GREEN, "v1.1.0"))


class FakePage:
    """Tells listeners what happened."""

    def __init__(self, witness: Witness) -> None:
        self.listeners: dict[str, Any] = {}
        witness.watch(self)  # type: ignore[arg-type]

    def on(self, event: str, listener: Any) -> None:
        self.listeners[event] = listener

    def answers(self, path: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        request = SimpleNamespace(method="GET")
        found = SimpleNamespace(
            url=path if "://" in path else URL + path,
            status=status,
            headers=GREEN if headers is None else headers,
            request=request,
        )
        self.listeners["response"](found)

    def prints(self, kind: str, text: str) -> None:
        message = SimpleNamespace(type=kind, text=text, location={"url": URL})
        self.listeners["console"](message)

    def fails(self, failure: str) -> None:
        request = SimpleNamespace(method="GET", url=f"{URL}/x", failure=failure)
        self.listeners["requestfailed"](request)


def verdicts(witness: Witness) -> dict[str, str]:
    return {line.name: line.verdict for line in witness.lines()}


def test_a_quiet_visit_is_good(witness: Witness) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.answers("/api/profile", 401)
    page.prints("log", "hello")
    page.prints("warning", "old browser")
    page.fails("net::ERR_ABORTED")
    assert set(verdicts(witness).values()) == {"good"}


def test_a_visit_without_any_answer_is_not_good(witness: Witness) -> None:
    FakePage(witness)
    assert set(verdicts(witness).values()) == {"unknown"}


def test_an_error_in_the_console_and_an_uncaught_one_are_bad(witness: Witness) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.prints("error", "x is not a function")
    page.listeners["pageerror"](SimpleNamespace(message="y is undefined"))
    line = witness.lines()[0]
    assert line.verdict == "bad"
    assert "x is not a function" in line.detail
    assert "uncaught: y is undefined" in line.detail


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_servers_error_is_bad_even_if_the_page_hides_it(witness: Witness, status: int) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.answers("/api/documents", status)
    assert verdicts(witness)["no server errors"] == "bad"


def test_a_request_that_failed_in_the_network_is_bad(witness: Witness) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.fails("net::ERR_CONNECTION_RESET")
    assert verdicts(witness)["no server errors"] == "bad"


@pytest.mark.parametrize(
    "headers", [{}, GREEN | {"x-app-color": "blue"}, GREEN | {"x-app-version": "v1.0.0"}]
)
def test_one_answer_of_somebody_else_is_bad(witness: Witness, headers: dict[str, str]) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.answers("/api/health", headers=headers)
    assert verdicts(witness)["one color and version"] == "bad"


def test_what_other_hosts_answer_is_their_business(witness: Witness) -> None:
    page = FakePage(witness)
    page.answers("/")
    page.answers("http://fonts.example/x", 503, {})
    page.answers("http://app:80801/x", 503, {})
    assert set(verdicts(witness).values()) == {"good"}


def test_a_flood_of_errors_is_told_in_a_few(witness: Witness) -> None:
    page = FakePage(witness)
    page.answers("/")
    for number in range(50):
        page.prints("error", f"error {number % 8}")
    assert "(and 3 more)" in witness.lines()[0].detail


def test_every_line_of_the_runbooks_manual_checklist_is_a_step() -> None:
    names = [step.name for step in STEPS]
    assert names == [
        "home page",
        "log in",
        "upload a document",
        "analysis",
        "search",
        "profile",
        "settings",
    ]
    assert all(step.needs in {"", *names[:index]} for index, step in enumerate(STEPS))


def test_without_a_browser_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="apt-get install chromium"):
        browser.find()
    with pytest.raises(UsageError, match="/opt/nothing not found"):
        browser.find("/opt/nothing")
    program = tmp_path / "chromium-browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert browser.find() == str(program)


def test_a_browsers_error_is_told_without_its_log() -> None:
    text = 'Locator.click: Timeout 5 ms exceeded.\nCall log:\n  - fill("s3cret")\n'
    assert _short(text) == "Locator.click: Timeout 5 ms exceeded."
