"""What somebody wants rolled back, within which limits, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ops.color import Color


class Kind(StrEnum):
    """What to do.

    `REASSERT`: a hold stands and its color has traffic again. `LIFT`: a rollback that moved nothing
    has left the hold that announced it.
    """

    ABORT_CANARY = "abort-canary"
    SWITCH_BACK = "switch-back"
    REASSERT = "reassert"
    LIFT = "lift"
    PAGE = "page"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Request:
    """The color that fails (None: the alert names none), why, and who says so.

    `starts_at` is when the alert fired, RFC 3339; it and the alert are empty where a person asks.
    """

    color: Color | None
    reason: str
    by: str
    alert: str = ""
    fingerprint: str = ""
    starts_at: str = ""


@dataclass(frozen=True)
class Limits:
    """How far one may go. The agent acts within a window after the color's last gain of traffic.

    A person has no window (None), and may `force`: a color that was not proven, or one that is
    held. What is not ready, or whose schema was contracted away, nobody can force.
    """

    window_minutes: int | None = None
    force: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do and why, in a sentence for people. `target` is who gets all traffic, if any.

    `may_be_forced`: what speaks against a move is a doubt that a person may set aside.
    """

    kind: Kind
    reason: str
    color: Color | None = None
    target: Color | None = None
    may_be_forced: bool = False

    @property
    def moves(self) -> bool:
        """Whether traffic is to be moved."""
        return self.kind in {Kind.ABORT_CANARY, Kind.SWITCH_BACK, Kind.REASSERT}

    @property
    def is_refused(self) -> bool:
        """Whether a human has to look, since nothing was or will be moved."""
        return self.kind is Kind.PAGE
