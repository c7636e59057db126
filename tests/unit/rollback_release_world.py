"""A release in memory that is to be undone: with a cluster past Pulumi, and a database."""

from __future__ import annotations

from dataclasses import replace

from ops.color import Color
from ops.errors import Refused
from ops.history import History
from ops.journal import ClusterJournal
from ops.release import procedure as releasing
from ops.release.beginning import Wish as Releasing
from ops.release_rollback import procedure
from ops.release_rollback.entry import KEPT, Undoing
from ops.release_rollback.tools import Tools
from ops.release_rollback.wish import Wish
from tests.unit.release_world import BLUE, GREEN, SHORT, ReleaseWorld

V2 = Releasing("v2", SHORT)


class UndoWorld(ReleaseWorld):
    """As the release's world. `unproven` are the colors that nothing may go back to.

    `agrees`: what the person says who is asked. `database` has what was done to it, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unproven: set[Color] = set()
        self.served = History()
        self.agrees = True
        self.asked: list[str] = []
        self.database: list[str] = []

    def undo_tools(self) -> Tools:
        return Tools(
            release=self.release_tools(),
            journal=ClusterJournal(self.cluster, KEPT),
            past_pulumi=self,
            data=self,
            confirm=self._confirm,
        )

    def undo(self, wish: Wish | None = None) -> Undoing:
        return procedure.run(self.undo_tools(), wish or Wish())

    # Past Pulumi.

    def consider(self, color: Color, *, force: bool) -> None:
        if color.other in self.unproven and not force:
            raise Refused(f"{color.other} is not proven")

    def take_back(self, entry: Undoing) -> str:
        self._act("past-pulumi")
        self.running[BLUE] = self.running[BLUE] or 2
        self.roll_back()
        return "rolled back"

    def acknowledge(self) -> str:
        self.set({"activeColor": "blue", "canaryWeight": "0", "blue.replicas": "2"})
        self.set({"serial": str(int(self.config_data["legal-ai:serial"]) + 1)})
        self.up(self.said.append)
        self.held = None
        return "blue serves by configuration"

    def history(self) -> History:
        return self.served

    def forget_proof(self, color: Color) -> None:
        self.unproven.add(color)

    # The database.

    def look(self, entry: Undoing) -> list[str]:
        self._act("look")
        return ["takes back 0002"]

    def downgrade(self, entry: Undoing) -> list[str]:
        assert self.live_traffic
        assert not self.live_traffic.has_traffic(entry.color)
        self._act("downgrade")
        self.database.append(f"{entry.version} to {entry.revision}")
        return ["took back 0002"]

    def restore(self, entry: Undoing) -> str:
        self._act("restore")
        self.database.append(f"from {entry.data}")
        return "restored"

    # What came of it.

    @property
    def undoing(self) -> Undoing | None:
        """The open one."""
        return self.undo_tools().journal.read()

    @property
    def undone(self) -> Undoing:
        """The one that was closed last."""
        return self.undo_tools().journal.history()[-1]

    def _confirm(self, text: str) -> bool:
        self.asked.append(text)
        return self.agrees


def released() -> UndoWorld:
    """Green v2 serves, released a moment ago; blue v1 is at none."""
    world = UndoWorld()
    releasing.run(world.release_tools(), V2)
    world.acts.clear()
    world.events.clear()
    return world


def undone_well(world: UndoWorld, told: str = "") -> None:
    """Everything is as before the release, and nothing is left open."""
    assert (world.undoing, world.undone.outcome) == (None, "done"), told
    assert (world.release, world.open, world.held) == (None, None, None), told
    assert world.weights == {BLUE: 100, GREEN: 0}, told
    assert world.live_traffic is not None
    assert world.live_traffic.weights == {BLUE: 100, GREEN: 0}, told
    assert world.running == {BLUE: 2, GREEN: 0}, told
    assert world.deployed == {BLUE: "v1", GREEN: "v0"}, told


def with_schema(world: UndoWorld) -> Wish:
    """A wish that is final, and agreed to."""
    world.agrees = True
    return replace(Wish(), revision="0001")
