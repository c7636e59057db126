"""The worker: takes jobs from a list in Redis. `python3 -m legal_ai.worker [once]`.

Each job is done at least once: it stands in a list of its worker's own until it is finished, and
goes back to the queue when that worker is gone. A color that stops finishes what it has in hand.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .maintenance import Maintenance
from .settings import SettingsError, read_settings

QUEUE: Final = "legal-ai:jobs"
DONE: Final = "legal-ai:jobs:done"
"""What was done lately, by whom and from when to when: JSON, newest last."""
REFUSED: Final = "legal-ai:jobs:refused"
"""Jobs that nobody can do, as they came: a person's to look at."""
WORKERS: Final = "legal-ai:jobs:workers"

KINDS: Final = frozenset({"digest", "reminder"})
WAIT_SECONDS: Final = 1
ALIVE_SECONDS: Final = 60
"""How long after its last sign of life a worker counts as gone."""
KEPT: Final = 1000

log = logging.getLogger(__name__)


class Worker:
    """One worker. Its `redis` decodes answers to text."""

    def __init__(self, redis: Redis, color: str, name: str) -> None:
        self._redis = redis
        self._color = color
        self._name = name
        self._in_hand = in_hand(name)
        self._maintenance = Maintenance(redis)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Take no further job, and end when the one in hand is done."""
        self._leaving.set()

    async def run(self) -> None:
        """Work until asked to leave; what goes wrong in Redis is tried again."""
        async with self._signed_on():
            while not self._leaving.is_set():
                try:
                    await self._step()
                except RedisError as error:
                    log.warning("trying again in %s s: %s", WAIT_SECONDS, error)
                    await self._pause(WAIT_SECONDS)

    async def run_once(self) -> None:
        """Do what waits now, count the run, and end. Raises RedisError."""
        async with self._signed_on():
            await self._take_back()
            while not self._leaving.is_set() and not await self._maintenance.reason():
                job = await self._redis.lmove(QUEUE, self._in_hand, "LEFT", "RIGHT")
                if job is None:
                    break
                await self._do(str(job))
            await self._redis.hincrby(counts(self._color), "runs", 1)

    async def _step(self) -> None:
        """Do one job, or find that there is none for a while."""
        await self._take_back()
        if await self._maintenance.reason():
            await self._pause(WAIT_SECONDS)
            return
        job = await self._redis.lindex(self._in_hand, 0)
        if job is None:
            job = await self._redis.blmove(QUEUE, self._in_hand, WAIT_SECONDS, "LEFT", "RIGHT")
        if job is not None:
            await self._do(str(job))

    async def _do(self, raw: str) -> None:
        began = time.time()
        job = _read(raw)
        if job is None:
            log.error("refused, see the list %s: %r", REFUSED, raw[:200])
            await self._finish(raw, REFUSED, raw)
            return
        # Stands for the work itself: mail to send, a document to read.
        await asyncio.sleep(job.get("takes", 0))
        told = {
            "id": job.get("id", ""),
            "kind": job["kind"],
            "color": self._color,
            "worker": self._name,
            "began": began,
            "ended": time.time(),
        }
        await self._finish(raw, DONE, json.dumps(told), job["kind"])

    async def _finish(self, raw: str, where: str, entry: str, count: str = "refused") -> None:
        """Write the result and let go of the job in one transaction: counted once or not at all."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(where, entry)
            pipe.ltrim(where, -KEPT, -1)
            pipe.hincrby(counts(self._color), count, 1)
            pipe.lrem(self._in_hand, 1, raw)
            await pipe.execute()

    async def _take_back(self) -> None:
        """Put what workers had in hand that are gone back into the queue, as the next to do.

        It enters its own name first: from now on others would do the same for it.
        """
        await self._redis.sadd(WORKERS, self._name)
        for member in await self._redis.smembers(WORKERS):
            name = str(member)
            if name == self._name or await self._redis.exists(alive(name)):
                continue
            while await self._redis.lmove(in_hand(name), QUEUE, "RIGHT", "LEFT") is not None:
                log.warning("%s is gone; what it had in hand is in the queue again", name)
            await self._redis.srem(WORKERS, name)

    @asynccontextmanager
    async def _signed_on(self) -> AsyncIterator[None]:
        # Told to end and not cancelled: a client that is just connecting may swallow a
        # cancellation, and the beat would be waited for without end.
        over = asyncio.Event()
        beat = asyncio.create_task(self._beat(over))
        try:
            yield
        finally:
            over.set()
            await beat
            with suppress(RedisError):
                await self._sign_off()

    async def _beat(self, over: asyncio.Event) -> None:
        """Give signs of life until `over`, also while a job takes long."""
        while not over.is_set():
            with suppress(RedisError):
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.set(alive(self._name), self._color, ex=ALIVE_SECONDS)
                    pipe.sadd(WORKERS, self._name)
                    await pipe.execute()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), ALIVE_SECONDS / 6)

    async def _sign_off(self) -> None:
        """Say goodbye; a job that is still in hand is left for others to take back."""
        if not await self._redis.exists(self._in_hand):
            await self._redis.srem(WORKERS, self._name)
        await self._redis.delete(alive(self._name))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._leaving.wait(), seconds)


def counts(color: str) -> str:
    """The hash with the numbers of jobs that a color did, by kind."""
    return f"legal-ai:worker:{color}"


def in_hand(name: str) -> str:
    """The list of what a worker has in hand."""
    return f"{QUEUE}:in-hand:{name}"


def alive(name: str) -> str:
    """The key that goes when a worker has given no sign of life for too long."""
    return f"{QUEUE}:alive:{name}"


def _read(raw: str) -> dict[str, Any] | None:
    """The job, None where it is none that can be done."""
    try:
        job = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(job, dict) or job.get("kind") not in KINDS:
        return None
    takes = job.get("takes", 0)
    return job if isinstance(takes, int | float) and 0 <= takes <= ALIVE_SECONDS else None


async def _main(*, once: bool) -> None:
    settings = read_settings()
    # Above the time that it waits for a job, or each empty wait would be an error.
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=5 * WAIT_SECONDS, decode_responses=True
    )
    worker = Worker(redis, settings.color, os.uname().nodename)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.leave)
    try:
        await (worker.run_once() if once else worker.run())
    finally:
        await redis.aclose()


def main(arguments: list[str]) -> int:
    """Work until a signal, or with `once` until the queue is empty; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if arguments not in ([], ["once"]):
        print("usage: python3 -m legal_ai.worker [once]", file=sys.stderr)  # noqa: T201
        return 2
    try:
        asyncio.run(_main(once=bool(arguments)))
    except SettingsError as error:
        print(f"the worker can't start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except RedisError as error:
        print(f"the run was broken off: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
