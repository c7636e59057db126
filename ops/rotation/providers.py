"""Providers whose keys the application has: how a key is tried, and where an old one is revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ops.errors import CouldNotFindOut, Refused
from ops.json_api import JsonApi

TIMEOUT_SECONDS: Final = 10.0
BAD_KEY: Final = frozenset({401, 403})


@dataclass(frozen=True)
class Provider:
    """`url` and `path` list the models, which a key may always do. `console` is for people."""

    name: str
    url: str
    path: str
    header: str
    prefix: str
    console: str
    more: Mapping[str, str]

    def require_good(self, key: str) -> None:
        """Try the key. Raises Refused where it is not taken, CouldNotFindOut without an answer."""
        api = JsonApi(self.name, self.url, TIMEOUT_SECONDS, "the way out of this network")
        headers = {self.header: f"{self.prefix}{key}", **self.more}
        answer = api.ask("GET", self.path, headers=headers)
        if answer.status in BAD_KEY:
            raise Refused(
                f"{self.name} does not take the new key (status {answer.status}): copy it once "
                f"more from {self.console}. Nothing was changed"
            )
        if not answer.is_good:
            raise CouldNotFindOut(
                f"{api.name} answered GET {self.path} with status {answer.status}, so nobody knows "
                "whether the new key is good: run this again, or add --untried"
            )


PROVIDERS: Final[Mapping[str, Provider]] = {
    "OPENAI_API_KEY": Provider(
        "OpenAI",
        "https://api.openai.com",
        "/v1/models",
        "Authorization",
        "Bearer ",
        "https://platform.openai.com/api-keys",
        {},
    ),
    "ANTHROPIC_API_KEY": Provider(
        "Anthropic",
        "https://api.anthropic.com",
        "/v1/models",
        "x-api-key",
        "",
        "https://console.anthropic.com/settings/keys",
        {"anthropic-version": "2023-06-01"},
    ),
}
"""By the variable that the application reads; https://platform.openai.com/docs/api-reference/models
and https://docs.anthropic.com/en/api/models-list"""
