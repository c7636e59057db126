"""Faults on request, for tests: errors, latency, a crash, not being ready.

At start from the environment (FAULTS), while running from Redis if FAULTS_ENABLED=1.
"""

import asyncio
import json
import logging
import os
import random
from dataclasses import dataclass, fields

from redis.asyncio import Redis
from redis.exceptions import RedisError

POLL_SECONDS = 0.5
CRASH_EXIT_CODE = 70

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Faults:
    """What is wrong on purpose; the default is nothing. `latency_ms` is added to each request."""

    error_rate: float = 0.0
    latency_ms: float = 0.0
    crash: bool = False
    unready: bool = False


NONE = Faults()


def key(color: str) -> str:
    """Return the Redis key that holds the faults of `color`."""
    return f"legal-ai:faults:{color}"


def parse(text: str | bytes | None) -> Faults:
    """Parse faults from JSON; nothing or an empty text is no fault.

    Raises ValueError, naming the field, for what is no fault: a test with a typo must not pass.
    """
    if not text:
        return NONE
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f"faults are no JSON: {error}") from error
    if not isinstance(given, dict):
        raise ValueError(f"faults must be a JSON object, not {given!r}")  # noqa: TRY004
    known = {field.name for field in fields(Faults)}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"unknown faults {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    for name in ("crash", "unready"):
        if not isinstance(given.get(name, False), bool):
            raise ValueError(f"{name} must be true or false, not {given[name]!r}")  # noqa: TRY004
    rate = _number(given, "error_rate")
    latency = _number(given, "latency_ms")
    if not 0 <= rate <= 1:
        raise ValueError(f"error_rate must be within 0..1, not {rate}")
    if latency < 0:
        raise ValueError(f"latency_ms must be 0 or more, not {latency}")
    return Faults(rate, latency, given.get("crash", False), given.get("unready", False))


def _number(given: dict[str, object], name: str) -> float:
    value = given.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}")  # noqa: TRY004
    return float(value)


class FaultSwitch:
    """The faults in force now; `watch` keeps them as Redis says."""

    def __init__(self, start: Faults) -> None:
        self._start = start
        self.now = start

    def crash_if_asked(self) -> None:
        """End the process at once, without any clean-up, if a crash is asked for."""
        if self.now.crash:
            log.critical("crashing: asked to by a fault")
            os._exit(CRASH_EXIT_CODE)

    def fails(self) -> bool:
        """Draw whether the present request shall fail."""
        return self.now.error_rate > 0 and random.random() < self.now.error_rate  # noqa: S311

    async def watch(self, redis: Redis, color: str) -> None:
        """Follow the key of `color` for ever; without an answer from Redis the last faults stay."""
        while True:
            try:
                text = await redis.get(key(color))
                faults = parse(text) if text else self._start
            except RedisError:
                faults = self.now
            except ValueError as error:
                log.error("ignoring %s: %s", key(color), error)  # noqa: TRY400
                faults = self._start
            if faults != self.now:
                log.warning("faults now: %s", faults)
            self.now = faults
            self.crash_if_asked()
            await asyncio.sleep(POLL_SECONDS)
