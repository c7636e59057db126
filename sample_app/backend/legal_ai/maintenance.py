"""Maintenance: while a Redis key is set, writes are answered 503 and reads go on.

Whoever restores the database sets the key. It keeps people from losing what they type; what keeps
writes out for certain are the database's own rights.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import RETRY_AFTER

KEY: Final = "legal-ai:maintenance"
CACHED_SECONDS: Final = 1.0
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

log = logging.getLogger(__name__)


class Maintenance:
    """Why writes are closed, asked of Redis once a second at most."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._asked: float | None = None
        self._reason: str | None = None
        self._asking = asyncio.Lock()

    async def reason(self) -> str | None:
        """Say why writes are closed; None: they are open, or Redis does not say."""
        async with self._asking:
            if self._asked is None or self._clock() - self._asked >= CACHED_SECONDS:
                self._asked = self._clock()
                self._reason = await self._ask()
        return self._reason

    async def _ask(self) -> str | None:
        try:
            text = await self._redis.get(KEY)
        except RedisError as error:
            log.warning("maintenance not known, taken for none: %s", error)
            return None
        return None if text is None else _reason(text)


class ClosedWrites:
    """Answers writes with 503 while there is maintenance.

    A middleware of routes, not of the app: metrics count the refusal under the route's path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say why not."""
        reason = None
        if scope["method"] not in READS:
            reason = await scope["app"].state.services.maintenance.reason()
        if reason is None:
            await self._app(scope, receive, send)
            return
        body = {"error": f"writes are closed for maintenance: {reason}"}
        await JSONResponse(body, status_code=503, headers=RETRY_AFTER)(scope, receive, send)


def _reason(text: bytes | str) -> str:
    """The reason in the key's JSON; a value that is none closes writes all the same."""
    try:
        found = json.loads(text)["reason"]
    except (ValueError, KeyError, TypeError):
        return "no reason was given"
    return str(found)
