"""Pure: where people look on from a release's report; only what the stack's settings say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ops.image import is_digest
from ops.json_api import shown

if TYPE_CHECKING:
    from ops.operations import Operations
    from ops.release_facts import ReleaseFacts

GITHUB: Final = ("https://api.github.com", "https://github.com")
ENTERPRISE: Final = "/api/v3"
"""What the API's address ends with where GitHub is one's own; its pages are beside that."""


def links(facts: Operations, version: str) -> dict[str, str]:
    """Addresses by what they show, without passwords. What is not configured has none."""
    found = {"public": facts.public_url}
    found |= {f"preview of {color}": url for color, url in facts.preview_urls.items()}
    found |= dict(_outside(facts.release, version))
    if facts.monitoring is not None and facts.monitoring.delivery != "none":
        found["Prometheus"] = facts.monitoring.prometheus_url
        found["Alertmanager"] = facts.monitoring.alertmanager_url
    return {name: shown(url) for name, url in found.items() if url}


def _outside(facts: ReleaseFacts, version: str) -> Iterator[tuple[str, str]]:
    host = _pages(facts.git_host)
    if facts.repository and host and not is_digest(version):
        yield "code of this tag", f"{host}/{facts.repository}/tree/{quote(version)}"
    if sentry := facts.sentry:
        place = f"{sentry.url.rstrip('/')}/organizations/{quote(sentry.organization)}/releases"
        yield "errors in Sentry", f"{place}/{quote(version, safe='')}/"


def _pages(api: str) -> str:
    """Where people read what the Git host's API tells programs; empty where that is not known."""
    api = api.rstrip("/")
    if api == GITHUB[0]:
        return GITHUB[1]
    return api.removesuffix(ENTERPRISE) if api.endswith(ENTERPRISE) else ""
