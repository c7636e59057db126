"""What a complete rollback needs of the world besides what a release does; tests give their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ops.color import Color
    from ops.history import History
    from ops.journal import ClusterJournal
    from ops.release.tools import Tools as Releasing
    from ops.release_rollback.entry import Undoing
    from ops.shift.tools import Alive


class PastPulumi(Protocol):
    """Traffic by the cluster alone, as `scripts/emergency_rollback.py` has it."""

    def consider(self, color: Color, *, force: bool) -> None:
        """Raise Refused where the other color is nothing to go back to."""
        ...

    def take_back(self, entry: Undoing) -> str:
        """Take all traffic from the color, and leave a hold on it; a sentence on it."""
        ...

    def acknowledge(self) -> str:
        """Make configuration say what is live, and lift the hold; a sentence on it."""
        ...

    def history(self) -> History:
        """What has served the public."""
        ...

    def forget_proof(self, color: Color) -> None:
        """From now on nothing goes back to the color as it is."""
        ...


class Data(Protocol):
    """The database, where it is asked for. Each raises Refused where it would be wrong."""

    def look(self, entry: Undoing) -> list[str]:
        """What would be lost or taken back, for people; changes nothing."""
        ...

    def downgrade(self, entry: Undoing) -> list[str]:
        """Take the schema back; what was."""
        ...

    def restore(self, entry: Undoing) -> str:
        """Restore the data; a sentence on it."""
        ...


@dataclass(frozen=True)
class Tools:
    """All of it. `alive` raises if another run could be at work by now."""

    release: Releasing
    journal: ClusterJournal[Undoing]
    past_pulumi: PastPulumi
    data: Data
    confirm: Callable[[str], bool]
    alive: Alive = lambda: None
