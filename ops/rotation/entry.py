"""What every rotation's journal says: who, when, how far. Never a secret, only its fingerprint."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from ops.journal import JournalEntry

DONE: Final = "done"
ABORTED: Final = "aborted"
SECRET_BYTES: Final = 32
"""RFC 7518, 3.2: a key for HS256 has 256 bits; for a password it is plenty."""


class Entry(JournalEntry):
    """One rotation. `step` is done, `doing` is begun; times are RFC 3339.

    `outcome` is empty while it is open.
    """

    id: str
    by: str
    started: str
    step: str = ""
    doing: str = ""
    outcome: str = ""
    finished: str = ""

    def __str__(self) -> str:
        how_far = f"done up to `{self.step}`" if self.step else "nothing done yet"
        doing = f", at work on `{self.doing}`" if self.doing not in {"", self.step} else ""
        ended = f", {self.outcome} {self.finished}" if self.outcome else f", {how_far}{doing}"
        return f"rotation {self.id}, begun by {self.by}{ended}"


def draw() -> str:
    """A new secret of letters, digits, `-` and `_`, which no URL or shell needs to quote."""
    return secrets.token_urlsafe(SECRET_BYTES)


def fingerprint(secret: str) -> str:
    """By which a secret is known again, and nobody who reads the journal can find it.

    For secrets that were drawn, and keys of providers: a word that people chose could be guessed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
