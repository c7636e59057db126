"""A cache in Redis that two releases can share: keys carry the schema level, invalidation doesn't.

Without Redis everything is a miss; nothing fails.
"""

import json
import logging
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

TTL_SECONDS = 30
PREFIX = "legal-ai:cache:"

log = logging.getLogger(__name__)


class Cache:
    """Lists of documents, per user.

    A user's generation counts writes. It is part of every key and common to all levels, so a write
    by one release makes the other's entries unreachable too.
    """

    def __init__(self, redis: Redis, level: int) -> None:
        self._redis = redis
        self._level = level

    async def documents_key(self, user: UUID) -> str | None:
        """Return the key of the user's list as of now; take it before reading the database."""
        try:
            generation = await self._redis.get(_generation(user))
        except RedisError as error:
            log.warning("cache not used: %s", error)
            return None
        count = int(generation or 0)
        return f"{PREFIX}s{self._level}:documents:{user}:{count}"

    async def get(self, key: str | None) -> Any:
        """Return what stands under `key`, or None."""
        if key is None:
            return None
        try:
            text = await self._redis.get(key)
        except RedisError:
            return None
        return None if text is None else json.loads(text)

    async def put(self, key: str | None, value: Any) -> None:
        """Keep `value` (JSON) under `key` for `TTL_SECONDS`."""
        if key is None:
            return
        try:
            await self._redis.set(key, json.dumps(value), ex=TTL_SECONDS)
        except RedisError as error:
            log.warning("not cached: %s", error)

    async def forget_documents(self, user: UUID) -> None:
        """Make the user's lists unreachable for every release; call it after the commit."""
        try:
            await self._redis.incr(_generation(user))
        except RedisError as error:
            log.warning("stale lists for up to %s s: %s", TTL_SECONDS, error)


def _generation(user: UUID) -> str:
    return f"legal-ai:generation:documents:{user}"
