"""A JSON API of the monitoring (Prometheus, Alertmanager), asked over HTTP.

One client is kept for all questions. Names and passwords in an address are used and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ops import clock, web
from ops.errors import CouldNotFindOut, UsageError

if TYPE_CHECKING:
    import httpx2

SHOWN_CHARACTERS: Final = 200
"""How much of an unexpected answer a message quotes."""


class Unreachable(CouldNotFindOut):
    """Nothing came back, or what came back was not from the server that was meant."""


@dataclass(frozen=True)
class Answer:
    """The HTTP status and the JSON that came with it."""

    status: int
    data: Any

    @property
    def is_good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300


class JsonApi:
    """One server: `what` is its name in messages, `setting` what to mend when it is not there."""

    def __init__(self, what: str, url: str, timeout_seconds: float, setting: str) -> None:
        if not _is_address(url):
            raise UsageError(
                f"{shown(url)!r} is not the address of {what}: http:// or https:// and a host "
                f"are needed. Mend {setting}"
            )
        self._url = url
        self._timeout = timeout_seconds
        self._setting = setting
        self._ahead = timedelta()
        self.name = f"{what} at {shown(url)}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | list[str]] | None = None,
        form: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request. Raises Unreachable where no JSON comes back (an empty body is None)."""
        import httpx2  # noqa: PLC0415 most runs send no request, and it takes a while

        try:
            answer = self._client.request(
                method, path, params=params, data=form, json=body, headers=headers
            )
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"{self.name} does not answer {method} {path}: {type(error).__name__}: {error}. "
                f"Is it running, and is {self._setting} its address from here?"
            ) from error
        self._ahead = _ahead(answer.headers.get("Date", ""))
        if not answer.content:
            return Answer(answer.status_code, None)
        try:
            return Answer(answer.status_code, answer.json())
        except ValueError as error:
            raise Unreachable(
                f"{self.name} answered {method} {path} with status {answer.status_code} and no "
                f"JSON ({answer.text[:SHOWN_CHARACTERS]!r}): something else listens there, or "
                f"stands between. Look at {self._setting}"
            ) from error

    def get(
        self,
        path: str,
        headers: Mapping[str, str],
        help_: str,
        params: Mapping[str, str | list[str]] | None = None,
    ) -> Any:
        """The data at `path`. Raises CouldNotFindOut, which ends by `help_`, for any bad status."""
        answer = self.ask("GET", path, params=params, headers=headers)
        if answer.is_good:
            return answer.data
        said = answer.data
        if isinstance(said, dict):
            said = said.get("message") or said.get("detail")
        raise CouldNotFindOut(
            f"{self.name} answered GET {path} with {answer.status} ({said}): {help_}"
        )

    def now(self) -> datetime:
        """The time by the server's clock, as its last answer told it; ours where none has."""
        return clock.own() + self._ahead

    @cached_property
    def _client(self) -> httpx2.Client:
        return web.client(self._url, timeout=self._timeout)


def _ahead(date: str) -> timedelta:
    """How far a server is ahead by its answer's Date; nothing where that is none."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return timedelta()
    return clock.ahead(told, clock.own()) if told.tzinfo else timedelta()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Asking for the port reads it: 65536 and letters are none.
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def shown(url: str) -> str:
    """The address without a name and a password in it: what people and reports may see."""
    return re.sub(r"//[^/]*@", "//", url)
