"""What a restore works with; tests put others in than `ops/restore/connecting.py` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ops.errors import Refused
from ops.restore.sessions import open_session, sessions

if TYPE_CHECKING:
    from ops.backups.engine import Engine, Say
    from ops.backups.store import Store
    from ops.maintenance import SharedRedis
    from ops.restore.journal import Journal
    from ops.restore.place import Place

LEAVE_SECONDS: Final = 600.0
"""How long pods that end may hold on to a database: their grace period, and more."""
POLL_SECONDS: Final = 0.2


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
        until, told = time.monotonic() + self.leave_seconds, 0
        with open_session(self.place.admin(name)) as admin:
            while there := sessions(admin):
                if len(there) != told:
                    told = len(there)
                    self.say(f"waiting until {told} sessions leave {name}")
                if time.monotonic() > until:
                    raise Refused(
                        f"{name} is still in use after {self.leave_seconds:g} s: "
                        f"{'; '.join(there)}. Find out who that is, and end it"
                    )
                time.sleep(POLL_SECONDS)
        self.say(f"nobody is connected to {name}")
