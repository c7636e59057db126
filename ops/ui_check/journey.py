"""The steps of the runbook's manual checklist, by what people read on the page.

Labels and roles are looked for, no ids: what a screen reader can't find, the check can't either.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import FilePayload, Locator, Page, expect

from ops.application import leftovers
from ops.application.user import User
from ops.errors import Refused

CONTENT: Final = "This agreement is confidential and governed by the laws of the land."
LOGIN: Final = "log in"
UPLOAD: Final = "upload a document"


@dataclass
class Scene:
    """A page of the browser, who uses it, and the document of this run. Times in milliseconds."""

    page: Page
    url: str
    user: User
    patience: float
    filename: str = field(default_factory=lambda: leftovers.new_name("txt"))

    def button(self, name: str) -> Locator:
        """A button by its whole text."""
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        """A field by its whole label."""
        return self.page.get_by_label(label, exact=True)

    @property
    def document(self) -> Locator:
        """The entry of this run's document."""
        return self.page.get_by_role("listitem").filter(has_text=self.filename)

    def shows(self, locator: Locator) -> None:
        """Wait until it is seen, once."""
        expect(locator).to_have_count(1, timeout=self.patience)
        expect(locator).to_be_visible(timeout=self.patience)

    def says(self, text: str) -> None:
        """Wait until the page reports this."""
        expect(self.page.get_by_role("status")).to_have_text(text, timeout=self.patience)

    def has(self, locator: Locator, value: str) -> None:
        """Wait until the field holds this value."""
        expect(locator).to_have_value(value, timeout=self.patience)


@dataclass(frozen=True)
class Step:
    """One line of the checklist; `needs` names the step that it stands on."""

    name: str
    act: Callable[[Scene], str]
    needs: str = ""


def _home(scene: Scene) -> str:
    answer = scene.page.goto(f"{scene.url}/", timeout=scene.patience)
    if answer is None or not answer.ok:
        raise Refused(f"the home page was answered {answer.status if answer else 'not at all'}")
    scene.shows(scene.page.get_by_role("heading", level=1))
    scene.shows(scene.button("Log in"))
    return scene.page.title()


def _login(scene: Scene) -> str:
    scene.field("E-mail").fill(scene.user.name)
    scene.field("Password").fill(scene.user.password)
    scene.button("Log in").click()
    scene.shows(scene.button("Log out"))
    return scene.user.name


def _upload(scene: Scene) -> str:
    content = f"{scene.filename}. {CONTENT}".encode()
    file: FilePayload = {"name": scene.filename, "mimeType": "text/plain", "buffer": content}
    scene.field("A document to upload").set_input_files(file)
    scene.button("Upload").click()
    scene.shows(scene.document)
    return scene.filename


def _analysis(scene: Scene) -> str:
    scene.document.get_by_role("button", name="Analyse", exact=True).click()
    found = scene.document.get_by_text(re.compile(r"\d+ words · risk \d+"))
    scene.shows(found)
    return found.inner_text()


def _search(scene: Scene) -> str:
    box, search = scene.page.get_by_role("searchbox"), scene.button("Search")
    box.fill(f"nothing has {secrets.token_hex(8)}")
    search.click()
    expect(scene.page.get_by_role("listitem")).to_have_count(0, timeout=scene.patience)
    box.fill(scene.filename)
    search.click()
    scene.shows(scene.document)
    box.fill("")
    search.click()
    return "finds the document, and nothing where nothing is"


def _profile(scene: Scene) -> str:
    wanted = f"Checked {secrets.token_hex(4)}"
    scene.field("Organization").fill(wanted)
    scene.button("Save profile").click()
    scene.says("Profile saved.")
    scene.page.reload(timeout=scene.patience)
    scene.has(scene.field("Organization"), wanted)
    return "a change is there after loading the page again"


def _settings(scene: Scene) -> str:
    # A list's label has the list's entries in it, so it is not "Language" alone.
    language = scene.page.get_by_label("Language")
    wanted = "fr" if language.input_value(timeout=scene.patience) != "fr" else "de"
    language.select_option(wanted)
    scene.button("Save settings").click()
    scene.says("Settings saved.")
    scene.page.reload(timeout=scene.patience)
    scene.has(language, wanted)
    return "a change is there after loading the page again"


HOME: Final = "home page"
STEPS: Final = (
    Step(HOME, _home),
    Step(LOGIN, _login, needs=HOME),
    Step(UPLOAD, _upload, needs=LOGIN),
    Step("analysis", _analysis, needs=UPLOAD),
    Step("search", _search, needs=UPLOAD),
    Step("profile", _profile, needs=LOGIN),
    Step("settings", _settings, needs=LOGIN),
)
