"""From when on sessions count: a Redis key ends all that began before, in both colours at once.

Whoever ends them sets the key (`legal-ai:sessions:not-before`, Unix seconds) and nothing else.
"""

import asyncio
import logging
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEY: Final = "legal-ai:sessions:not-before"
POLL_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class Sessions:
    """`not_before` is the first second (Unix time) in which a session that counts may begin."""

    def __init__(self) -> None:
        self.not_before = 0

    async def watch(self, redis: Redis) -> None:
        """Follow the key for ever."""
        while True:
            await self.look(redis)
            await asyncio.sleep(POLL_SECONDS)

    async def look(self, redis: Redis) -> None:
        """Read the key once; without an answer, or with one that is no number, the last stays."""
        try:
            text = await redis.get(KEY)
            found = int(text) if text else 0
        except RedisError:
            return
        except ValueError as error:
            log.error("ignoring %s: %s", KEY, error)  # noqa: TRY400
            return
        if found != self.not_before:
            log.warning("sessions that began before %s are over", found)
        self.not_before = found
