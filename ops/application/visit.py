"""Requests of one check: each in its time, sent again only when the connection broke."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
)

from ops import web
from ops.application.hiding import Hidden
from ops.application.identity import Identity
from ops.errors import CouldNotFindOut, Refused, UsageError

if TYPE_CHECKING:
    import httpx2

TRIES: Final = 3
PAUSE_SECONDS: Final = 0.2
MOST_BYTES: Final = 5 * 1024 * 1024
SHOWN_CHARACTERS: Final = 200
"""How much of an unexpected answer a message quotes."""


@dataclass(frozen=True)
class Answer:
    """What came back, and the seconds from sending the request to the end of the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object. Raises Refused; quotes nothing of it."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise Refused(f"the answer is no JSON ({len(self.body)} bytes)") from error
        if not isinstance(found, dict):
            raise Refused(f"the answer is no JSON object but a {type(found).__name__}")
        return found


class _TooSlow(Exception):
    """The answer went on beyond its time."""


def require_url(url: str) -> str:
    """The address without its last slash. Raises UsageError for one that can't be asked."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is no address: http://HOST or https://HOST is needed")
    if parts.username or parts.password:
        raise UsageError("an address must not have a password in it: it would be printed")
    if parts.query or parts.fragment:
        raise UsageError(f"{url!r} has a query or a fragment: give the address alone")
    return url.rstrip("/")


@dataclass
class Visitor:
    """Somebody who visits `url`, with one connection and, as browsers do, with cookies."""

    url: str
    identity: Identity
    hidden: Hidden = field(default_factory=Hidden)
    _client: httpx2.Client | None = field(default=None, repr=False)

    @property
    def client(self) -> httpx2.Client:
        """The connection's end here."""
        if self._client is None:
            self._client = web.client(self.url)
        return self._client

    def close(self) -> None:
        """Let the connection go."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def visit(self, timeout_seconds: float) -> Visit:
        """Begin a check whose requests have that much time, each."""
        return Visit(self, timeout_seconds)


@dataclass
class Visit:
    """The requests of one check: how often a connection broke, and how long the slowest took."""

    visitor: Visitor
    timeout_seconds: float
    retries: int = 0
    slowest: float = 0.0

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Mapping[str, Any] | None = None,
        file: tuple[str, bytes, str] | None = None,
        expected: frozenset[int] = frozenset(),
        quoted: bool = True,
    ) -> Answer:
        """Send a request; `body` goes as JSON, `file` (name, content, type) as a form's `file`.

        `quoted` False: the answer may hold a secret that is not known yet, no message quotes it.
        Raises Refused for an answer of the wrong sender, with a status that is neither good nor
        `expected`, or that takes too long; CouldNotFindOut where nothing listens.
        """
        answer = self._send(
            method,
            path,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            json=body,
            files={"file": file} if file else None,
        )
        self.slowest = max(self.slowest, answer.seconds)
        problem = self.visitor.identity.problem(answer.headers)
        if problem:
            raise Refused(f"{method} {path} was answered {answer.status}, but {problem}")
        if not answer.is_good and answer.status not in expected:
            told = self._told(answer) if quoted else ""
            raise Refused(f"{method} {path} was answered {answer.status}{told}")
        return answer

    def _send(self, method: str, path: str, **parts: Any) -> Answer:
        import httpx2  # noqa: PLC0415 it takes a while, and --help needs none of it

        try:
            for attempt in Retrying(
                retry=retry_if_exception(_is_broken),
                stop=stop_after_attempt(TRIES) | stop_after_delay(self.timeout_seconds),
                wait=wait_fixed(PAUSE_SECONDS),
                reraise=True,
            ):
                self.retries += attempt.retry_state.attempt_number > 1
                with attempt:
                    return self._once(method, path, parts)
        except (_TooSlow, httpx2.HTTPError) as error:
            self._give_up(f"{method} {path}", error)
        raise AssertionError("unreachable: the retry loop returns or raises")

    def _once(self, method: str, path: str, parts: dict[str, Any]) -> Answer:
        began = time.monotonic()
        body = bytearray()
        client = self.visitor.client
        with client.stream(method, path, timeout=self.timeout_seconds, **parts) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if time.monotonic() - began > self.timeout_seconds or len(body) > MOST_BYTES:
                    raise _TooSlow
        seconds = time.monotonic() - began
        return Answer(response.status_code, response.headers, bytes(body), seconds)

    def _give_up(self, what: str, error: Exception) -> NoReturn:
        import httpx2  # noqa: PLC0415 see above

        if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout)):
            raise CouldNotFindOut(
                f"{what}: nothing listens at {self.visitor.url}, or the way there is closed "
                f"({error or type(error).__name__})"
            ) from error
        if isinstance(error, (_TooSlow, httpx2.TimeoutException)):
            raise Refused(f"{what}: no whole answer within {self.timeout_seconds:g} s") from error
        raise Refused(
            f"{what}: the connection broke each time ({error or type(error).__name__})"
        ) from error

    def _told(self, answer: Answer) -> str:
        """What an answer says of itself; hidden before it is cut, as half a secret is one too."""
        if 300 <= answer.status < 400:
            return f" to {answer.headers.get('location', 'nowhere')}: give that address"
        text = self.visitor.hidden.hide(answer.body.decode(errors="replace")).strip()
        return f": {text[:SHOWN_CHARACTERS]}" if text else ""


def _is_broken(error: BaseException) -> bool:
    """Whether the connection broke; what merely takes long is not asked again."""
    import httpx2  # noqa: PLC0415 see above

    broken = (httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ConnectTimeout)
    return isinstance(error, broken)
