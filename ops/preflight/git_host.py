"""What the Git host knows of a commit: its checks, and who approved it. GitHub's REST API.

https://docs.github.com/en/rest/checks/runs, /en/rest/commits/statuses, /en/rest/pulls/reviews
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ops.errors import CouldNotFindOut
from ops.json_api import JsonApi

PAGE: Final = 100
"""The most that one page has."""
MOST_PAGES: Final = 20


@dataclass(frozen=True)
class Check:
    """One check of a commit. `conclusion` is empty while it runs; `summary` is what it reports."""

    name: str
    conclusion: str
    summary: str
    at: str


class GitHost:
    """One repository (`owner/name`) at an API address, asked with a token that may read it."""

    def __init__(self, url: str, repository: str, token: str | None) -> None:
        self._api = JsonApi("the Git host", url, 10.0, "legal-ai:release.gitHost")
        self._base = f"/repos/{repository}"
        self._headers = {"Accept": "application/vnd.github+json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def checks(self, commit: str) -> dict[str, Check]:
        """The last run of each check, and the last of each status, by name."""
        found: dict[str, Check] = {}
        for run in self._pages(f"/commits/{commit}/check-runs", "check_runs"):
            output = run.get("output") or {}
            told = " ".join(filter(None, (output.get("title"), output.get("summary"))))
            _keep(
                found,
                Check(run["name"], run.get("conclusion") or "", told, run.get("started_at") or ""),
            )
        for status in self._pages(f"/commits/{commit}/statuses", None):
            conclusion = "" if status["state"] == "pending" else status["state"]
            told = status.get("description") or ""
            _keep(found, Check(status["context"], conclusion, told, status["created_at"]))
        return found

    def commit(self, tag: str) -> str:
        """The commit that a tag stands for, be it annotated or not."""
        found = self._get(f"/git/ref/tags/{quote(tag)}", f"is {tag} tagged and pushed, ")["object"]
        while found["type"] == "tag":
            found = self._get(f"/git/tags/{found['sha']}")["object"]
        return str(found["sha"])

    def approvals(self, commit: str) -> list[str]:
        """Who approves of the pull request that brought the commit, as things stand.

        Each merged one stands for itself, and the one with most counts. An approval that was
        followed by a request for changes, or dismissed, is none; nor is the author's own, nor one
        of an earlier state of the branch: who gave it has not seen what was merged.
        """
        pulls = [
            pull for pull in self._pages(f"/commits/{commit}/pulls", None) if pull.get("merged_at")
        ]
        if not pulls:
            raise CouldNotFindOut(
                f"commit {commit[:12]} belongs to no merged pull request, so nobody is known to "
                "have reviewed it. Merge by pull request, and tag the merge's commit"
            )
        return max((self._approving(pull) for pull in pulls), key=len)

    def _approving(self, pull: Mapping[str, Any]) -> list[str]:
        last: dict[str, Mapping[str, Any]] = {}
        for review in self._pages(f"/pulls/{pull['number']}/reviews", None):
            if review["state"] in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
                last[review["user"]["login"]] = review
        last.pop(pull["user"]["login"], None)
        return sorted(
            who
            for who, review in last.items()
            if review["state"] == "APPROVED" and review.get("commit_id") == pull["head"]["sha"]
        )

    def _pages(self, path: str, key: str | None) -> Iterator[Mapping[str, Any]]:
        for number in range(1, MOST_PAGES + 1):
            params: dict[str, str | list[str]] = {"per_page": str(PAGE), "page": str(number)}
            found = self._get(path, params=params)
            page = found if key is None else found[key]
            yield from page
            if len(page) < PAGE:
                return
        raise CouldNotFindOut(f"{self._api.name} has more than {MOST_PAGES} pages of {path}")

    def _get(
        self, path: str, ask: str = "", params: Mapping[str, str | list[str]] | None = None
    ) -> Any:
        help_ = (
            f"{ask}is legal-ai:release.repository right, and may legal-ai:release.token read it?"
        )
        return self._api.get(self._base + path, self._headers, help_, params)


def _keep(found: dict[str, Check], check: Check) -> None:
    known = found.get(check.name)
    if known is None or check.at >= known.at:
        found[check.name] = check
