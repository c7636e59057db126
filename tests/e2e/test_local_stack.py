"""Stack `local` as `make up` leaves it: what a newcomer sees first."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e import visitor
from tests.e2e.project import ROOT

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def outputs() -> dict[str, Any]:
    done = subprocess.run(
        ["pulumi", "stack", "output", "--json", "--stack", "local"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    assert Path(CHROMIUM).exists(), "chromium is missing: `make up` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def test_the_public_host_answers_from_outside_with_its_color(outputs: dict[str, Any]) -> None:
    curl = shutil.which("curl")
    assert curl
    told = subprocess.run(
        [curl, "-sI", outputs["publicUrl"] + "/"], capture_output=True, text=True, check=True
    ).stdout.lower()
    assert "200 ok" in told
    assert f"x-deployment-color: {outputs['activeColor']}" in told


def test_every_preview_host_answers_as_its_own_color(outputs: dict[str, Any]) -> None:
    for color, url in outputs["previewUrls"].items():
        assert visitor.colors(url) == visitor.everywhere(color)


def test_a_visitor_can_do_what_the_runbooks_manual_checklist_asks(
    outputs: dict[str, Any], page: Page, tmp_path: Path
) -> None:
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    document = tmp_path / "contract.txt"
    document.write_text("This agreement is governed by the laws of the land.")

    page.goto(outputs["publicUrl"])
    use(page, document)

    assert complaints == []
    page.screenshot(path=os.environ.get("SCREENSHOT", tmp_path / "page.png"), full_page=True)


def use(page: Page, document: Path) -> None:
    """Log in, upload, analyse, search, look at the profile, change a setting, clean up."""
    said = page.locator("#message")
    page.fill("#username", "test@example.com")
    page.fill("#password", "testpass")
    page.click("#login button")
    expect(page.locator("#inside")).to_be_visible()
    assert page.inner_text("#page-color") == page.inner_text("#api-color")
    assert page.inner_text("#page-version") == page.inner_text("#api-version")

    page.set_input_files("#file", document)
    page.click("#upload button")
    expect(said).to_have_text(f"Uploaded {document.name}.")
    page.fill("#query", "laws of the land")
    page.click("#search button")
    item = page.locator("#documents li", has_text=document.name).first
    item.locator(".analyze").click()
    expect(said).to_have_text(f"Analysed {document.name}.")
    expect(item.locator(".findings")).to_contain_text("words")

    expect(page.locator("#who")).not_to_be_empty()
    page.fill("#profile [name=organization]", "Chambers")
    page.click("#profile button")
    expect(said).to_have_text("Profile saved.")
    page.select_option("#settings [name=language]", "fr")
    page.click("#settings button")
    expect(said).to_have_text("Settings saved.")
    page.reload()
    expect(page.locator("#settings [name=language]")).to_have_value("fr")

    page.fill("#query", "laws of the land")
    page.click("#search button")
    item.locator(".delete").click()
    expect(said).to_have_text(f"Deleted {document.name}.")
