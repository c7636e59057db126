"""The agent's page in a real browser, as wide as a desk and as narrow as a phone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from agent import page
from agent.overview import QUANTITIES, Overview
from ops.agent import AgentSettings
from ops.errors import CouldNotFindOut
from ops.hold import Hold
from ops.metrics import Alert, Series
from ops.state import LiveTraffic
from ops.ui_check.browser import find, opened
from tests.unit.agent_world import BLUE, GREEN, SETTINGS, facts
from tests.unit.test_agent_overview import FakePrometheus, overview
from tests.waiting import until

Look = Callable[[tuple[int, int], str], Page]

DESK, PHONE = (1280, 900), (360, 740)
SLOW_MILLISECONDS = 30_000
STEP = 30
"""Seconds between two points of an hour's plot."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened(find()) as browser:
        yield browser


@contextmanager
def served(shown: list[Overview], settings: AgentSettings = SETTINGS) -> Iterator[str]:
    """The page with the last of these, as the agent serves it."""

    async def show(_: object) -> HTMLResponse:
        return HTMLResponse(page.render(settings, shown[-1]), headers=page.HEADERS)

    app = Starlette(routes=[Route("/", show)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "the page is served", pause=0.01, alive=thread.is_alive)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()


def curve(color: str, values: list[float]) -> Series:
    """A value each `STEP`, up to now."""
    now = time.time()
    points = tuple((now - STEP * (len(values) - 1 - i), v) for i, v in enumerate(values))
    return Series({"color": color}, points)


def incident() -> Overview:
    """Green was rolled back: a hold, alerts, errors, and a plot with a gap."""
    errors = [0.001 * (number % 3) for number in range(100)] + [0.09] * 20
    quiet = [0.002 + 0.001 * (number % 2) for number in range(120)]
    green = curve("green", errors)
    gap = Series(green.labels, green.points[:40] + green.points[54:])
    labels = {"stack": "local", "namespace": "legal-ai", "severity": "critical", "color": "green"}
    alerts = [
        Alert(
            "DeploymentFailure",
            {**labels, "service": "backend"},
            {"summary": "9 % of green's requests fail", "runbook_url": "https://example.com/a#b"},
            "firing",
            "2026-01-01T00:00:00Z",
        ),
        Alert("BackupTooOld", {**labels, "severity": "warning"}, {}, "firing", "2026-01-01"),
    ]
    hold = Hold(GREEN, BLUE, "9 % of green's requests fail", "2026-01-01T00:00:00+00:00", "agent")
    found = facts(hold=hold, live=LiveTraffic({BLUE: 100, GREEN: 0}, BLUE, 1))
    return overview(FakePrometheus([curve("blue", quiet), gap], alerts), found)


@pytest.fixture
def look(chromium: Browser) -> Iterator[Look]:
    """Opens the page at a size; fails where the browser has something to complain about."""
    contexts: list[BrowserContext] = []

    def at(size: tuple[int, int], url: str) -> Page:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        seen = context.new_page()
        complaints: list[str] = []
        seen.on("console", lambda message: complaints.append(message.text))
        seen.on("requestfailed", lambda request: complaints.append(request.url))
        seen.goto(url)
        assert complaints == []
        return seen

    yield at
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def trouble() -> Iterator[str]:
    """The address of the page in the middle of an incident."""
    with served([incident()]) as url:
        yield url


def box(seen: Page, selector: str) -> dict[str, float]:
    """Where something is on the page."""
    found = seen.locator(selector).bounding_box()
    assert found is not None
    return cast("dict[str, float]", found)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_nothing_is_wider_than_the_window(
    look: Look, trouble: str, size: tuple[int, int], tmp_path: Path
) -> None:
    seen = look(size, trouble)
    seen.screenshot(path=tmp_path / "page.png", full_page=True)
    assert seen.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_colors_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    look: Look, trouble: str
) -> None:
    desk = look(DESK, trouble)
    assert box(desk, "#blue")["y"] == box(desk, "#green")["y"]
    phone = look(PHONE, trouble)
    assert box(phone, "#blue")["y"] + box(phone, "#blue")["height"] <= box(phone, "#green")["y"]


def test_a_person_sees_what_is_held_how_to_lift_it_and_what_fires(look: Look, trouble: str) -> None:
    seen = look(PHONE, trouble)
    hold = seen.locator("#hold").inner_text()
    assert "it gets no traffic" in hold
    assert "scripts/emergency_rollback.py --acknowledge" in hold
    assert box(seen, "#hold")["y"] < PHONE[1], "it is seen without scrolling"
    alerts = seen.locator("#alerts").inner_text()
    assert "DeploymentFailure" in alerts
    assert "green backend" in alerts
    assert "9 %" in seen.locator("#green").inner_text()


def test_every_quantity_is_drawn_for_both_colors_as_a_line_that_is_seen(
    look: Look, trouble: str
) -> None:
    seen = look(DESK, trouble)
    paths = seen.locator("svg path").all()
    assert len(paths) == 2 * len(QUANTITIES)
    for path in paths:
        found = path.bounding_box()
        assert found is not None
        assert found["width"] > 100
    line = seen.locator("#green svg path").first.get_attribute("d")
    assert line is not None
    assert line.count("M") == 2, "the gap is not drawn over"


def test_the_page_draws_itself_anew_without_script(look: Look) -> None:
    shown = [incident()]
    with served(shown, SETTINGS.model_copy(update={"refresh_seconds": 1})) as url:
        seen = look(DESK, url)
        expect(seen.locator("#hold")).to_have_count(1, timeout=SLOW_MILLISECONDS)
        shown.append(overview())
        expect(seen.locator("#hold")).to_have_count(0, timeout=SLOW_MILLISECONDS)


def test_what_is_not_known_is_said_and_readable(look: Look) -> None:
    down = FakePrometheus()
    down.is_down = True
    with served([overview(down, CouldNotFindOut("the API server does not answer"))]) as url:
        text = look(PHONE, url).locator("body").inner_text()
    assert "the API server does not answer" in text
    assert text.count("Prometheus does not answer") == 2


def test_text_can_be_read_by_day_and_by_night(look: Look, trouble: str) -> None:
    """Contrast by WCAG 2: 4.5 to 1 for text."""
    seen = look(DESK, trouble)
    for dark in (False, True):
        seen.emulate_media(color_scheme="dark" if dark else "light")
        for selector in ("#hold p", "#green .soft >> nth=0", "#green h2 b", "#blue h2 b", "h1"):
            ratio = seen.locator(selector).first.evaluate(CONTRAST)
            assert ratio >= 4.5, f"{selector}, {'dark' if dark else 'light'}: {ratio:.1f}"


CONTRAST = """element => {
  const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = color => channels(color)
    .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element;
  const paper = () => getComputedStyle(behind).backgroundColor;
  while (paper() === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const pair = [light(getComputedStyle(element).color), light(paper())];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""
