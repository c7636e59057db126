"""The two logins of an owner: whose turn is next, and the same turn in a restored instance."""

from __future__ import annotations

from typing import Final, Protocol

from ops.errors import Refused

ENDINGS: Final = ("_a", "_b")
LONGEST_NAME: Final = 63
"""Bytes; https://www.postgresql.org/docs/current/limits.html"""


class Made(Protocol):
    """What of `ops.logins.server.Server` is needed here."""

    def make(self, login: str, owner: str, password: str) -> None:
        """A login that acts as the owner."""
        ...

    def close(self, role: str) -> None:
        """Let nobody log in so any more."""
        ...


def following(owner: str, now: str) -> str:
    """The login whose turn it is after `now`. Raises Refused where no role can be named so."""
    name = next(owner + ending for ending in ENDINGS if owner + ending != now)
    if len(name.encode()) > LONGEST_NAME:
        raise Refused(
            f"a role can't be named {name}: PostgreSQL takes {LONGEST_NAME} bytes. Rename {owner}"
        )
    return name


def repeat(server: Made, owner: str, now: str, password: str) -> bool:
    """Have the roles of a restored server be as they are now, not as they were in its snapshot.

    There the login may be missing, have an older password, or the other one may still be open.
    Says whether `now` is such a login at all.
    """
    if now not in [owner + ending for ending in ENDINGS]:
        return False
    server.make(now, owner, password)
    server.close(following(owner, now))
    return True
