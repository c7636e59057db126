"""New errors of a release, as Sentry knows them: issues that were first seen in it.

https://docs.sentry.io/api/releases/retrieve-an-organizations-release/
https://docs.sentry.io/api/events/list-a-projects-issues/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ops.errors import CouldNotFindOut
from ops.json_api import JsonApi

if TYPE_CHECKING:
    from ops.release_facts import SentryFacts

TIMEOUT_SECONDS: Final = 10.0
SETTING: Final = "legal-ai:release.sentry"
UNSET: Final = (
    "no Sentry is configured, so new kinds of errors are not known: `pulumi config set --path "
    "legal-ai:release.sentry.organization NAME`, the same with `.project`, `--secret` with "
    "`.token`, then `pulumi up`"
)


@dataclass(frozen=True)
class Issue:
    """One kind of error; `count` is how often it was seen, `link` its page."""

    title: str
    count: int
    link: str

    def __str__(self) -> str:
        return f"{self.title} ({self.count} times): {self.link}"


class Sentry:
    """One project of one Sentry. Each method raises CouldNotFindOut where it can't be told."""

    def __init__(self, facts: SentryFacts) -> None:
        self._facts = facts
        self._api = JsonApi("Sentry", facts.url, TIMEOUT_SECONDS, f"{SETTING}.url")
        self._headers = {"Authorization": f"Bearer {facts.token.get_secret_value()}"}

    def new_issues(self, version: str) -> list[Issue]:
        """The unresolved issues that were first seen in the release, a hundred at most.

        A release that Sentry does not know reports nothing to it: that is no answer.
        """
        self._require_reporting(version)
        facts = self._facts
        found = self._get(
            f"/api/0/projects/{quote(facts.organization)}/{quote(facts.project)}/issues/",
            {"query": f'is:unresolved firstRelease:"{version}"'},
        )
        return [
            Issue(str(each["title"]), int(each["count"]), str(each["permalink"])) for each in found
        ]

    def _require_reporting(self, version: str) -> None:
        facts = self._facts
        release = quote(version, safe="")
        path = f"/api/0/organizations/{quote(facts.organization)}/releases/{release}/"
        found = self._get(path, {}, f"does the application report {version} as its release, ")
        projects = [str(each["slug"]) for each in found.get("projects") or []]
        if facts.project not in projects:
            raise CouldNotFindOut(
                f"{self._api.name} knows {version} in {', '.join(projects) or 'no project'}, not "
                f"in {facts.project}: does the application report there? See {SETTING}.project"
            )

    def _get(self, path: str, params: dict[str, str | list[str]], ask: str = "") -> Any:
        help_ = f"{ask}is {SETTING}.organization right, and may {SETTING}.token read it?"
        return self._api.get(path, self._headers, help_, params)
