"""What a rotation of the JWT secret keeps, and what it works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ops.journal import Kept
from ops.rotation.entry import Entry

if TYPE_CHECKING:
    from ops.color import Color
    from ops.rotation.tools import Tools

CURRENT: Final = "secrets.JWT_SECRET"
NEXT: Final = "secrets.JWT_SECRET_NEXT"
PREVIOUS: Final = "secrets.JWT_SECRET_PREVIOUS"
"""The application signs with the first, and accepts all three."""

ACCEPTED: Final = "accepted"
SWITCHED: Final = "switched"
REVOKED: Final = "revoked"
"""The steps: the first two in turn, or the last one alone."""


class JwtRotation(Entry):
    """`fresh` is the new secret's fingerprint.

    `issued` and `seconds` are of a token from after the switch: by the application's clock, and how
    long it is good for.
    """

    fresh: str = ""
    at_once: bool = False
    issued: int = 0
    seconds: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether sessions of before are all that it waits for."""
        return self.step == SWITCHED


KEPT: Final = Kept("rotation-jwt-secret", JwtRotation, "scripts/rotate_jwt_secret.py --status")


class Sessions(Protocol):
    """What of `ops.rotation.sessions.Sessions` is needed here."""

    def running(self) -> list[Color]:
        """The colors with pods."""
        ...

    def begin(self, color: Color) -> str:
        """Log in; the token."""
        ...

    def accepts(self, color: Color, token: str) -> bool:
        """Whether this token is a session there."""
        ...


@dataclass(frozen=True)
class World:
    """The application, and what every rotation works with."""

    tools: Tools[JwtRotation]
    sessions: Sessions
