"""Maintenance mode: the application answers every write 503 with a reason, and goes on reading.

One key in the Redis that both colors share. It is for people's sake; what keeps writes out whatever
happens is the fence (`ops/restore/fence.py`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from ops.errors import CouldNotFindOut, UsageError

if TYPE_CHECKING:
    from redis import Redis

KEY: Final = "legal-ai:maintenance"
CACHE: Final = "legal-ai:cache:"
SESSIONS: Final = "legal-ai:session:"
NOT_BEFORE: Final = "legal-ai:sessions:not-before"
"""Unix seconds; what the application must not take is a session that began earlier."""
LONGEST_SESSION_SECONDS: Final = 30 * 86400
"""For so long the key stays: no session may live longer."""
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
        return self.clear(CACHE)

    def clear(self, prefix: str) -> int:
        """Delete the keys that begin so, some at a time; others are served meanwhile. How many."""
        with self._connected(f"clearing {prefix}*") as redis:
            return sum(int(redis.unlink(*batch)) for batch in _batches(redis, prefix))

    def count(self, prefix: str) -> int:
        """How many keys begin so."""
        with self._connected(f"counting {prefix}*") as redis:
            return sum(len(batch) for batch in _batches(redis, prefix))

    def end_sessions(self) -> int:
        """Have the application refuse every session that began before now; Unix seconds of now.

        The time is Redis's own, which both colors go by as well.
        """
        with self._connected("ending all sessions") as redis:
            seconds, microseconds = redis.time()
            # A session says the whole second it began in: one of this very second ends, too.
            moment = seconds + bool(microseconds)
            redis.set(NOT_BEFORE, moment, ex=LONGEST_SESSION_SECONDS)
            return moment

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


def _batches(redis: Redis, prefix: str) -> Iterator[list[str]]:
    """The keys that begin so, each once, some at a time."""
    # What SCAN takes for a pattern's signs is meant as it stands.
    pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", prefix) + "*"
    keys = redis.scan_iter(pattern, count=SCANNED_AT_ONCE)
    while batch := list(dict.fromkeys(map(str, itertools.islice(keys, SCANNED_AT_ONCE)))):
        yield batch


def _parse(text: str) -> Notice:
    """A key that is there closes writes, whatever is in it."""
    try:
        found = json.loads(text)
        return Notice(*(str(found.get(key, "")) for key in ("reason", "since", "by")))
    except (ValueError, AttributeError):
        return Notice(reason=text, since="", by="")
