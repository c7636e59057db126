"""What the browser meets besides what the steps look at: errors, failed requests, who answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

from ops.application.identity import Identity
from ops.checklist import Line

SHOWN = 5
ABORTED = "net::ERR_ABORTED"
"""A request that the page itself gave up, as by leaving."""


@dataclass
class Witness:
    """Listens to one page of the application at `url`, from `watch` on."""

    url: str
    identity: Identity
    console: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    answers: int = 0

    def watch(self, page: Page) -> None:
        """Begin to listen."""
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failure)

    def lines(self) -> list[Line]:
        """What the runbook asks of a whole visit."""
        who = " ".join(self.identity.seen or ("nobody",))
        return [
            self._line("no console errors", self.console, "none"),
            self._line("no server errors", self.failures, f"none in {self.answers} answers"),
            self._line("one color and version", self.strangers, who),
        ]

    def _line(self, name: str, wrong: Iterable[str], good: str) -> Line:
        different = list(dict.fromkeys(wrong))
        if different:
            more = f" (and {len(different) - SHOWN} more)" if len(different) > SHOWN else ""
            return Line(name, "bad", "; ".join(different[:SHOWN]) + more)
        if not self.answers:
            return Line(name, "unknown", "nothing was answered at all")
        return Line(name, "good", good)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: Error) -> None:
        self.console.append(f"uncaught: {error.message}")

    def _on_response(self, response: Response) -> None:
        if not response.url.startswith(f"{self.url}/"):
            return
        self.answers += 1
        asked = f"{response.request.method} {response.url.removeprefix(self.url)}"
        if response.status >= 500:
            self.failures.append(f"{asked} was answered {response.status}")
        if problem := self.identity.problem(response.headers):
            self.strangers.append(f"{asked}: {problem}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.failures.append(f"{request.method} {request.url}: {request.failure}")
