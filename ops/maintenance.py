"""Maintenance mode: the application answers every write 503 with a reason, and goes on reading.

One key in the Redis that both colors share. It is for people's sake; what keeps writes out whatever
happens is the fence (`ops/restore/fence.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from ops.errors import CouldNotFindOut, UsageError

if TYPE_CHECKING:
    from redis import Redis

KEY: Final = "legal-ai:maintenance"
CACHE: Final = "legal-ai:cache:*"
TIMEOUT_SECONDS: Final = 5.0
SCANNED_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Notice:
    """Why writes are closed, since when (RFC 3339), and who closed them."""

    reason: str
    since: str
    by: str

    def __str__(self) -> str:
        return f"since {self.since or 'an unknown time'} by {self.by or 'somebody'}: {self.reason}"


@dataclass(frozen=True)
class SharedRedis:
    """The Redis at `url`. Raises UsageError for a wrong password, else CouldNotFindOut."""

    url: str

    def notice(self) -> Notice | None:
        """What stands, None where writes are open."""
        with self._connected("reading the maintenance key") as redis:
            text = redis.get(KEY)
        return None if text is None else _parse(str(text))

    def close_writes(self, notice: Notice) -> Notice:
        """Set the key, unless it stands; returns what stands now."""
        with self._connected("setting the maintenance key") as redis:
            redis.set(KEY, json.dumps(asdict(notice)), nx=True)
            text = redis.get(KEY)
        if text is None:
            raise CouldNotFindOut(
                f"the key {KEY} was set and is not there: somebody deletes it, or Redis throws "
                "keys away for want of memory. Look at both, then run this again"
            )
        return _parse(str(text))

    def open_writes(self) -> bool:
        """Delete the key; whether it stood."""
        with self._connected("deleting the maintenance key") as redis:
            return bool(redis.delete(KEY))

    def clear_cache(self) -> int:
        """Delete what is cached, by its prefix: sessions, locks and queues of others stay."""
        cleared = 0
        with self._connected("clearing the cache") as redis:
            batch: list[str] = []
            for key in redis.scan_iter(CACHE, count=SCANNED_AT_ONCE):
                batch.append(str(key))
                if len(batch) == SCANNED_AT_ONCE:
                    cleared += int(redis.unlink(*batch))
                    batch = []
            if batch:
                cleared += int(redis.unlink(*batch))
        return cleared

    @contextmanager
    def _connected(self, what: str) -> Iterator[Redis]:
        import redis  # noqa: PLC0415 only few commands need it

        try:
            with redis.Redis.from_url(
                self.url,
                decode_responses=True,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
            ) as connection:
                yield connection
        except redis.AuthenticationError as error:
            raise UsageError(f"{what}: Redis refused us: {error}. Correct redis.url") from error
        except (redis.RedisError, ValueError) as error:
            raise CouldNotFindOut(
                f"{what}: Redis gave no answer ({error}). Is it up, and reachable from here?"
            ) from error


def _parse(text: str) -> Notice:
    """A key that is there closes writes, whatever is in it."""
    try:
        found = json.loads(text)
        return Notice(*(str(found.get(key, "")) for key in ("reason", "since", "by")))
    except (ValueError, AttributeError):
        return Notice(reason=text, since="", by="")
