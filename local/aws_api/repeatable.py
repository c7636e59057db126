"""The same requests give the same identifiers and times again, in whatever order they come.

moto keeps everything in memory; what it held is made again from a recording of the requests.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any

from moto.core import utils
from moto.core.base_backend import AccountSpecificBackend, BaseBackend
from moto.moto_api import recorder
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.moto_random import MotoRandom

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Any]


class _Current(threading.local):
    """What the request at hand draws its identifiers from, and when it was signed."""

    source: Random = Random(0)  # noqa: S311 - identifiers, not secrets
    now: datetime | None = None


_current = _Current()
_recording = threading.Lock()
_utcnow = utils.utcnow
_backend_of_region = AccountSpecificBackend.__getitem__
_record = recorder._record_request


class RepeatableRandom(MotoRandom):
    """moto's source of identifiers: each request's own."""

    def random(self) -> float:
        """Draw from the request at hand."""
        return _current.source.random()

    def getrandbits(self, k: int, /) -> int:
        """Draw from the request at hand."""
        return _current.source.getrandbits(k)


@contextmanager
def drawing_from(seed: str, signed_at: datetime | None = None) -> Iterator[None]:
    """Within, this thread's identifiers are drawn from `seed`; `signed_at` is its time."""
    before = _current.source, _current.now
    _current.source, _current.now = Random(seed), signed_at or _current.now  # noqa: S311
    try:
        yield
    finally:
        _current.source, _current.now = before


def now() -> datetime:
    """The time at which the request at hand was signed, else the present; UTC without a zone."""
    return _current.now or _utcnow()


class Repeatable:
    """WSGI: gives every request identifiers of its own and the time at which it was signed.

    A request's seed is what it asks for and how many like it came before: concurrent requests
    don't disturb each other, nor do those that a recording leaves out.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Answer one request."""
        if environ.get("PATH_INFO", "").startswith("/moto-api/"):
            return self._application(environ, start_response)
        with drawing_from(self._seed(environ), signed_at(environ)):
            return self._application(environ, start_response)

    def _seed(self, environ: Environ) -> str:
        asked = _digest(environ)
        with self._lock:
            self._seen[asked] += 1
            return f"{asked} {self._seen[asked]}"


def signed_at(environ: Environ) -> datetime | None:
    """The `X-Amz-Date` of a request; a replayed one still has its first."""
    try:
        return datetime.strptime(environ.get("HTTP_X_AMZ_DATE", ""), "%Y%m%dT%H%M%SZ")
    except ValueError:
        return None


def _digest(environ: Environ) -> str:
    scope = re.search(r"Credential=[^/]*/\d*/([^,]*)", environ.get("HTTP_AUTHORIZATION", ""))
    length = environ.get("CONTENT_LENGTH") or "0"
    body = environ["wsgi.input"].read(int(length)) if int(length) else b""
    if body:
        environ["wsgi.input"] = io.BytesIO(body)
    asked = [
        environ.get("REQUEST_METHOD", ""),
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_X_AMZ_TARGET", ""),
        scope[1] if scope else "",
    ]
    return hashlib.sha256("\n".join(asked).encode(errors="replace") + b"\n" + body).hexdigest()


def _repeatable_backend(self: AccountSpecificBackend[BaseBackend], region: str) -> BaseBackend:
    """A service begins with things that have identifiers too, such as the default VPC."""
    with drawing_from(f"{self.service_name} {self.account_id} {region}"):
        return _backend_of_region(self, region)


def _record_whole(*args: Any, **kwargs: Any) -> None:
    """One at a time: what several threads write at once is not one JSON object a line."""
    with _recording:
        _record(*args, **kwargs)


def install() -> None:
    """Make moto repeatable in this process."""
    mock_random.__class__ = RepeatableRandom
    AccountSpecificBackend.__getitem__ = _repeatable_backend  # type: ignore[method-assign, assignment]
    recorder._record_request = _record_whole  # type: ignore[method-assign]
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) is _utcnow:
            vars(module)["utcnow"] = now
