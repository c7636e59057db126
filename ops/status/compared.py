"""One thing of a color: what is configured beside what lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ops.checklist import Line

if TYPE_CHECKING:
    from ops.checklist import Verdict
    from ops.color import Color

UNKNOWN: Final = "?"
NONE: Final = "none"


@dataclass(frozen=True)
class Compared:
    """`configured` is empty where configuration says nothing of it.

    UNKNOWN stands for what could not be read. `why` says what is bad, or why it is unknown; empty
    where another line of the screen does.
    """

    name: str
    color: Color
    configured: str
    live: str
    why: str = ""

    @property
    def differs(self) -> bool:
        """Whether both are known, and not the same."""
        known = UNKNOWN not in {self.configured, self.live}
        return bool(self.configured) and known and self.configured != self.live

    @property
    def verdict(self) -> Verdict:
        """Unknown where a side is, good where both are the same and nothing else is bad."""
        if UNKNOWN in {self.configured, self.live}:
            return "unknown"
        return "bad" if self.differs or self.why else "good"

    def line(self) -> Line:
        """The same as a line of its own."""
        told = f"configured {self.configured}, live {self.live}" if self.differs else ""
        detail = "; ".join(part for part in (told, self.why) if part)
        return Line(f"{self.name} of {self.color}", self.verdict, detail)
