"""Writes closed and opened by hand, without a restore: for corrupt data, or a look in peace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ops.database import Address
from ops.errors import Refused
from ops.logins.sessions import open_session
from ops.maintenance import Notice, SharedRedis
from ops.restore import fence, journal
from ops.times import stamp

if TYPE_CHECKING:
    from ops.backups.engine import Say
    from ops.operations import Operations


def close(facts: Operations, reason: str, by: str, *, fenced: bool, say: Say) -> Notice:
    """Maintenance on, and with `fenced` the database closed too. Returns what stands now."""
    now = stamp(datetime.now(UTC))
    notice = SharedRedis(facts.redis_url).close_writes(Notice(reason, now, by))
    if fenced:
        app = Address.parse(facts.database.url)
        with open_session(facts.database.administrator) as admin:
            fence.close(admin, app, reason)
        say(f"{app.database} is closed: rights revoked, sessions ended, a write tried and refused")
    return notice


def reopen(facts: Operations, *, say: Say) -> bool:
    """Fence down, then maintenance off; whether either stood. Raises Refused in a restore."""
    cluster = facts.cluster()
    if (entry := journal.in_cluster(cluster).read()) is not None:
        raise Refused(
            f"{entry} is open, and keeps writes closed. Finish it with restore_production_db.py "
            f"{entry.requested}, or end it with --abort"
        )
    with open_session(facts.database.administrator) as admin:
        rights = fence.reopen(admin)
    if rights:
        say(f"{rights} rights to write were given back")
    return SharedRedis(facts.redis_url).open_writes() or rights > 0
