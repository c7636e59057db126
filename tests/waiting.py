"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    find: Callable[[], T],
    what: str | Callable[[], str],
    seconds: float = 60,
    pause: float = 0.05,
    *,
    alive: Callable[[], object] = lambda: True,
) -> T:
    """What `find` gives once that is true; fails with `what` when it stays untrue.

    `alive` says whether it can still become so: nobody waits for what has ended.
    """
    deadline = time.monotonic() + seconds
    while True:
        # Asked before: what came true at the very end has come true.
        is_over = "it has ended, and" if not alive() else ""
        if not is_over and time.monotonic() > deadline:
            is_over = f"after {seconds:g} s"
        if found := find():
            return found
        if is_over:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"{is_over} still not: {told}")
        time.sleep(pause)
