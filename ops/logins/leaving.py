"""Waiting until nobody uses a database, or a login, any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ops.errors import Refused

LEAVE_SECONDS: Final = 600.0
"""How long pods that end may hold on to a database: their grace period, and more."""
POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Words:
    """What is said of it: `waiting until 3 sessions {until}`; `{still} after 600 s: …. {mend}`."""

    until: str
    still: str
    mend: str


def await_gone(
    look: Callable[[], Sequence[str]], seconds: float, say: Callable[[str], None], words: Words
) -> None:
    """Return once `look` names nobody any more. Raises Refused, and what `look` does."""
    end, told = time.monotonic() + seconds, 0
    while there := look():
        if len(there) != told:
            told = len(there)
            say(f"waiting until {told} sessions {words.until}")
        if time.monotonic() > end:
            raise Refused(f"{words.still} after {seconds:g} s: {'; '.join(there)}. {words.mend}")
        time.sleep(POLL_SECONDS)
