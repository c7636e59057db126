"""The journey, step by step: a line for each, a picture of the page where one fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error, Page

from ops import checklist
from ops.application.hiding import Hidden
from ops.checklist import Line, Verdict
from ops.errors import CouldNotFindOut, OpsError
from ops.ui_check.journey import STEPS, Scene, Step
from ops.ui_check.put_back import PutBack
from ops.ui_check.witness import Witness

PATIENCE_SECONDS: Final = 15.0
"""The longest time that the page may take for one thing."""
WIDTH, HEIGHT = 1280, 900
UNREACHED: Final = ("net::ERR_CONNECTION", "net::ERR_NAME", "net::ERR_ADDRESS", "net::ERR_INTERNET")
PREPARE: Final = "preparation"
CLEAN_UP: Final = "clean up"


@dataclass(frozen=True)
class Walk:
    """One walk through the application. Pictures go to `pictures`, which is made when needed."""

    witness: Witness
    put_back: PutBack
    pictures: Path
    say: Callable[[str], None]
    time_factor: float = 1.0

    def run(self, browser: Browser, steps: Sequence[Step] = STEPS) -> list[Line]:
        """All lines, in order. The user is put back as it was, also after an interruption."""
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        self.witness.watch(page)
        patience = 1000 * PATIENCE_SECONDS * self.time_factor
        page.set_default_timeout(patience)
        scene = Scene(page, self.witness.url, self.put_back.user, patience)
        lines = [self._look(PREPARE, self._prepare)]
        if lines[0].verdict != "good":
            return [*lines, *(checklist.not_tried(s.name, f"{PREPARE} failed") for s in steps)]
        try:
            for step in steps:
                lines.append(self._step(step, scene, lines))
            lines += self._seen(page)
        finally:
            lines.append(self._look(CLEAN_UP, lambda: self.put_back.undo(scene.filename)))
        return lines

    @property
    def _hidden(self) -> Hidden:
        return self.put_back.visitor.hidden

    def _prepare(self) -> str:
        self.put_back.remember()
        return "remembered what will be changed"

    def _step(self, step: Step, scene: Scene, before: Sequence[Line]) -> Line:
        failed = {line.name for line in before if line.verdict != "good"}
        if step.needs in failed:
            return checklist.not_tried(step.name, f"{step.needs} failed")
        line = self._look(step.name, lambda: step.act(scene))
        return line if line.verdict == "good" else self._pictured(line, scene.page)

    def _seen(self, page: Page) -> list[Line]:
        lines = []
        for line in self.witness.lines():
            told = Line(line.name, line.verdict, self._hidden.hide(line.detail))
            lines.append(self._pictured(told, page) if line.verdict == "bad" else told)
        return lines

    def _look(self, name: str, act: Callable[[], str]) -> Line:
        self.say(f"checking: {name}")
        began = time.monotonic()
        verdict: Verdict = "good"
        try:
            detail = act()
        except OpsError as error:
            verdict = "unknown" if isinstance(error, CouldNotFindOut) else "bad"
            detail = str(error)
        except Error as error:
            verdict = "unknown" if any(mark in error.message for mark in UNREACHED) else "bad"
            detail = error.message
        except AssertionError as error:
            verdict, detail = "bad", str(error)
        seconds = time.monotonic() - began
        return Line(name, verdict, self._hidden.hide(_short(detail)), seconds)

    def _pictured(self, line: Line, page: Page) -> Line:
        """The line with what the page says, and where the picture of it lies."""
        path = self.pictures / f"{line.name.replace(' ', '-')}.png"
        try:
            said = page.get_by_role("status").first.inner_text(timeout=1000).strip()
            self.pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=path, full_page=True)
        except Error as error:
            more = f"no picture: {_short(error.message)}"
        else:
            more = f"picture: {path}" + (f"; the page says: {said}" if said else "")
        detail = self._hidden.hide(f"{line.detail} ({more})")
        return Line(line.name, line.verdict, detail, line.seconds)


def _short(text: str) -> str:
    """What an error says, without the browser's log of how it came to it."""
    lines = [line.strip() for line in text.partition("Call log:")[0].splitlines()]
    return "; ".join(line for line in lines if line)
