"""Asking the API server: for how long it is asked again, and what an error of it means.

Whatever is asked here may be asked twice: bursts of errors last a few seconds at each restart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import httpx2
from lightkube import ApiError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from ops.body import Body
from ops.errors import CouldNotFindOut, NoAccess, Refused

T = TypeVar("T")

RETRY_SECONDS: Final = 6.0
"""How long a failing API server is asked again."""
CHANGED: Final = "Conflict"
EXISTS: Final = "AlreadyExists"
"""The reasons of a 409."""
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_UNSENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class Conflict(Refused):
    """Somebody else changed the object after it was read.

    `may_be_ours`: an earlier try of the same write had no answer, and may have come through.
    """

    def __init__(self, message: str, *, may_be_ours: bool = False) -> None:
        super().__init__(message)
        self.may_be_ours = may_be_ours


class NotThere(Exception):
    """404: told apart so that callers need not know about HTTP."""


@dataclass(frozen=True)
class ApiServer:
    """One API server by its address, asked about one namespace."""

    address: str
    namespace: str

    def ask(self, what: str, call: Callable[[], T], answers: Collection[str] = ()) -> T:
        """What `call` gives, called again while the server is unwell.

        `answers` are the reasons of a 409 that are one; others are the server's own trouble. Raises
        Conflict for those, NotThere for a 404, NoAccess, and CouldNotFindOut.
        """
        tries = _Tries(call, answers)
        try:
            return persistently(tries, tries.may_pass)
        except (httpx2.HTTPError, KeyError, ValueError) as error:
            code = _code(error)
            if code is None and isinstance(error, KeyError):
                raise
            if code == 409 and _reason(error) in answers:
                raise Conflict(f"{what}: {error}", may_be_ours=tries.may_be_done) from error
            raise self._meaning(what, code, _cause(error)) from error

    def unanswered(self, what: str, came_back: str) -> str:
        """What was tried, and what came back."""
        return f"{what} in {self.namespace}: the API server {self.address} answered {came_back}"

    def _meaning(self, what: str, code: int | None, error: BaseException) -> Exception:
        told = self.unanswered(what, f"{code or type(error).__name__}: {error}")
        if code == 404:
            return NotThere(told)
        # What an admission policy denies comes as 403 as well; that is no matter of rights.
        if code == 401 or (code == 403 and "denied request" not in str(error)):
            return NoAccess(
                f"{told}. Use an account that may, or another context of the kubeconfig"
            )
        return CouldNotFindOut(told)


def persistently(call: Callable[[], T], may_pass: Callable[[BaseException], bool]) -> T:
    """What `call` gives; called again after errors that may pass, for `RETRY_SECONDS` at most.

    Pauses grow and are drawn at random, so that many who wait do not come back at once.
    """
    tries = Retrying(
        retry=retry_if_exception(may_pass),
        stop=stop_after_delay(RETRY_SECONDS),
        wait=wait_random_exponential(multiplier=0.1, max=1.0),
        reraise=True,
    )
    return tries(call)


def to_version(patch: Body, write: Callable[[], Body], read: Callable[[], Body | None]) -> Body:
    """What `write` gives, which writes a patch that names the version of what was read.

    Raises Conflict only where somebody else has written since: servers in trouble say so without,
    and an answer that was lost makes our own write look like theirs. Where two may write alike and
    only one of them may go on, the patch must hold something of its writer's. Raises as `write` and
    `read`.
    """
    version = patch["metadata"]["resourceVersion"]
    may_be_ours = False

    def write_once() -> Body:
        nonlocal may_be_ours
        try:
            return write()
        except Conflict as conflict:
            may_be_ours |= conflict.may_be_ours
            found = read()
            if found is not None and found["metadata"]["resourceVersion"] == version:
                raise _Unfounded(f"{conflict}, but nobody changed it") from conflict
            if found is not None and may_be_ours and holds(found, patch):
                return found
            raise

    return persistently(write_once, lambda error: isinstance(error, _Unfounded))


def holds(found: Any, patch: Any) -> bool:
    """Whether an object is as a merge patch would leave it (RFC 7396), whatever its version."""
    if not isinstance(patch, Mapping):
        return bool(found == patch)
    if not isinstance(found, Mapping):
        return False
    return all(
        key not in found if wanted is None else key in found and holds(found[key], wanted)
        for key, wanted in patch.items()
        if key != "resourceVersion"
    )


class _Unfounded(CouldNotFindOut):
    """The API server speaks of a change that is none."""


class _Tries(Generic[T]):
    """One call, tried again and again; `may_be_done`: a try that had no answer may have been."""

    def __init__(self, call: Callable[[], T], answers: Collection[str]) -> None:
        self._call, self._answers = call, answers
        self.may_be_done = False

    def __call__(self) -> T:
        try:
            return self._call()
        except Exception as error:
            code = _code(error)
            is_lost = isinstance(error, httpx2.TransportError) and not isinstance(error, _UNSENT)
            self.may_be_done |= is_lost or (code is not None and code >= 500)
            raise

    def may_pass(self, error: BaseException) -> bool:
        code = _code(error)
        if code == 409:
            return _reason(error) not in self._answers
        return code in _BUSY or isinstance(error, httpx2.TransportError)


def _cause(error: BaseException) -> BaseException:
    """The answer that an error is about: one that has no JSON is not understood by lightkube."""
    is_unclear = isinstance(error, (KeyError, ValueError))
    return error.__context__ if is_unclear and error.__context__ else error


def _code(error: BaseException) -> int | None:
    found = _cause(error)
    return found.response.status_code if isinstance(found, httpx2.HTTPStatusError) else None


def _reason(error: BaseException) -> str:
    return str(error.status.reason or "") if isinstance(error, ApiError) else ""
