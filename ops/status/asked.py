"""A question on its way: asked at once in a thread of its own, and waited for no longer than asked.

Nobody waits for a thread that hangs: it ends with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, Generic, TypeVar

from ops.errors import CouldNotFindOut, OpsError

T = TypeVar("T")


GRACE_SECONDS: Final = 0.1
"""What stands on another answer waits so much longer: it has to say which of them never came."""


class Deadline:
    """The moment until which questions are waited for, `seconds` from the first of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def later(self) -> Deadline:
        """The deadline of what stands on answers of this one."""
        found = Deadline(self.seconds)
        found._until = self._until + GRACE_SECONDS
        return found

    @property
    def left(self) -> float:
        """Seconds; 0 when it is over."""
        return max(0.0, self._until - time.monotonic())


class Asked(Generic[T]):
    """`what` is asked of, for messages. `read` may ask other questions of the round itself."""

    def __init__(self, what: str, read: Callable[[], T], deadline: Deadline) -> None:
        self._what, self._read, self._deadline = what, read, deadline
        self._future: Future[T] = Future()
        threading.Thread(target=self._run, daemon=True).start()

    def get(self) -> T:
        """The answer. Raises what `read` raised, and CouldNotFindOut after the deadline."""
        wait([self._future], timeout=self._deadline.left)
        if not self._future.done():
            raise CouldNotFindOut(
                f"{self._what}: no answer within {self._deadline.seconds:g} s (--seconds)"
            )
        return self._future.result()

    def or_none(self) -> T | None:
        """The answer, None where there is none."""
        try:
            return self.get()
        except OpsError:
            return None

    def _run(self) -> None:
        try:
            self._future.set_result(self._read())
        except BaseException as error:  # whoever asks gets it
            self._future.set_exception(error)
