"""Trying again when a table is in use: a bounded number of times, never in step with others."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from .database import Say

T = TypeVar("T")

TRIES: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 8.0

PASSING: Final[Mapping[str, str]] = {
    "55P03": "a table was in use for longer than lock_timeout",
    "40P01": "a deadlock with another transaction",
}
"""SQLSTATEs that may be gone the next time. A statement that took too long is not among them: it
would take as long again, and hold its locks meanwhile."""


def retrying(
    what: str, act: Callable[[], T], say: Say, sleep: Callable[[float], None] = time.sleep
) -> T:
    """Return what `act` returns, tried again while it fails with what may pass."""
    waits = pauses()
    while True:
        try:
            return act()
        except DBAPIError as error:
            reason = PASSING.get(getattr(error.orig, "sqlstate", None) or "")
            pause = next(waits, None)
            if reason is None or pause is None:
                raise
            say(f"{what}: {reason}; trying again in {pause:.1f} s")
            sleep(pause)


def pauses(draw: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds between the tries: doubling up to a limit, of which a random half is left out."""
    for number in range(TRIES - 1):
        yield min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**number) * (1 - draw() / 2)
