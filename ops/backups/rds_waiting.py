"""Waiting for AWS: a bounded time, with a line of progress whenever something changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ops.backups.engine import Say
from ops.errors import CouldNotFindOut

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long AWS is waited for, and how often asked; seconds. A large restore takes hours."""

    seconds: float = 6 * 3600.0
    pause: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait(self, what: str, look: Callable[[], tuple[T | None, str]], say: Say) -> T:
        """Look until there is something; what else `look` tells is progress.

        Raises CouldNotFindOut when the time is over.
        """
        until, last = self.clock() + self.seconds, ""
        while True:
            found, told = look()
            if found is not None:
                return found
            if told != last:
                say(told)
                last = told
            if self.clock() > until:
                raise CouldNotFindOut(
                    f"{what} was not ready within {self.seconds:g} s ({told}). AWS goes on; run "
                    "the same command again to go on waiting"
                )
            self.sleep(self.pause)
