"""Where a stack stands: which restore is open, what is closed for writing, what was done last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import OpsError
from ops.logins.sessions import open_session
from ops.restore import fence

if TYPE_CHECKING:
    from ops.maintenance import Notice
    from ops.restore.fence import Standing
    from ops.restore.journal import Entry
    from ops.restore.tools import Tools


@dataclass(frozen=True)
class Status:
    """`fence` is of the database in use; a text where it could not be asked."""

    current: str
    open: Entry | None
    last: Entry | None
    maintenance: Notice | None
    fence: Standing | str | None

    def lines(self) -> list[str]:
        """For people."""
        last = self.last and f"{self.last.outcome}: {self.last}, ended {self.last.finished}"
        closed = self.fence
        if closed is not None and not isinstance(closed, str):
            closed = f"stands since {closed.since}, {closed.rights} rights revoked: {closed.reason}"
        return [
            f"in use:      {self.current}",
            f"open:        {self.open or 'no restore'}",
            f"last:        {last or 'none'}",
            f"maintenance: {self.maintenance or 'off'}",
            f"fence:       {closed or 'none'}",
        ]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        fenced = self.fence
        return {
            "current": self.current,
            "open": self.open and self.open.model_dump(mode="json"),
            "last": self.last and self.last.model_dump(mode="json"),
            "maintenance": self.maintenance and vars(self.maintenance),
            "fence": fenced if fenced is None or isinstance(fenced, str) else vars(fenced),
        }


def status(tools: Tools) -> Status:
    """Ask for all of it. Raises CouldNotFindOut where journal or Redis give no answer."""
    history = tools.journal.history()
    current = tools.place.current
    closed: Standing | str | None
    try:
        with open_session(tools.place.admin(current)) as connection:
            closed = fence.standing(connection)
    except OpsError as error:
        closed = f"unknown: {error}"
    return Status(
        current=current,
        open=tools.journal.read(),
        last=history[-1] if history else None,
        maintenance=tools.redis.notice(),
        fence=closed,
    )
