"""What a restore works with; tests put others in than `ops/restore/connecting.py` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.logins.leaving import LEAVE_SECONDS, Words, await_gone
from ops.logins.sessions import open_session, sessions

if TYPE_CHECKING:
    from ops.backups.engine import Engine, Say
    from ops.backups.store import Store
    from ops.maintenance import SharedRedis
    from ops.restore.journal import Journal
    from ops.restore.place import Place


@dataclass(frozen=True)
class Tools:
    """Everything a restore of one stack needs.

    `pending` and `unready` give sentences: what a `pulumi up` would deploy besides, which pods are
    not ready. `tags` go on the backup that is taken. `confirm` shows a text and says whether a
    person agreed. `store` keeps the list of what is later.
    """

    stack: str
    engine: Engine
    place: Place
    journal: Journal
    redis: SharedRedis
    store: Store
    pending: Callable[[], list[str]]
    unready: Callable[[], list[str]]
    tags: Mapping[str, str]
    confirm: Callable[[str], bool]
    say: Say
    by: str
    accept_unknown: bool = False
    leave_seconds: float = LEAVE_SECONDS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def wait_until_left(self, name: str) -> None:
        """Return once nobody but us is connected to the database. Raises Refused, naming who is."""
        words = Words(
            f"leave {name}", f"{name} is still in use", "Find out who that is, and end it"
        )
        with open_session(self.place.admin(name)) as admin:
            await_gone(lambda: sessions(admin), self.leave_seconds, self.say, words)
        self.say(f"nobody is connected to {name}")
