"""What a rotation of the database's password keeps, and what it works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ops.database import Address
from ops.journal import Kept
from ops.logins.leaving import LEAVE_SECONDS
from ops.rotation.entry import Entry

if TYPE_CHECKING:
    from ops.operations import DatabaseFacts
    from ops.rotation.tools import Tools


class DatabaseRotation(Entry):
    """`old` and `new` log in, `owner` is who both act as.

    `at_once`: sessions of the old one are ended, not waited for. `admin_password`: the old one is
    the instance's administrator, which stays, with the password of this number; 0: it is not.
    """

    old: str
    new: str
    owner: str
    at_once: bool = False
    admin_password: int = 0


KEPT: Final = Kept(
    "rotation-db-password", DatabaseRotation, "scripts/rotate_db_password.py --status"
)


class Roles(Protocol):
    """What of `ops.logins.server.Server` is needed here."""

    def acts_as(self, who: Address) -> tuple[str, str]:
        """Who logs in, and who it then is."""
        ...

    def make(self, login: str, owner: str, password: str) -> None:
        """A login that acts as the owner."""
        ...

    def prove(self, who: Address, owner: str) -> str:
        """Raise Refused unless it does."""
        ...

    def enters(self, who: Address) -> bool:
        """Whether it can log in."""
        ...

    def sessions(self, role: str) -> list[str]:
        """Who is logged in so."""
        ...

    def end(self, role: str) -> int:
        """End these."""
        ...

    def close(self, role: str) -> None:
        """Let nobody log in so any more."""
        ...


@dataclass(frozen=True)
class World:
    """`facts` reads what was deployed last, anew each time."""

    tools: Tools[DatabaseRotation]
    roles: Roles
    facts: Callable[[], DatabaseFacts]
    leave_seconds: float = LEAVE_SECONDS
