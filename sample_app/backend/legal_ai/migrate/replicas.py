"""Replicas that fall behind slow a backfill down."""

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

from .errors import MigrateError
from .session import Session

POLL_SECONDS: Final = 1.0

LAG: Final = text(
    "SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)::float FROM pg_stat_replication"
)


def replica_lag(connection: Connection) -> float:
    """Seconds that the slowest replica is behind; 0 where there is none, or none may be seen."""
    return float(connection.execute(LAG).scalar_one())


def wait_for_replicas(
    session: Session,
    connection: Connection,
    sleep: Callable[[float], None],
    read: Callable[[Connection], float] = replica_lag,
) -> None:
    """Return once no replica is further behind than allowed. Raises MigrateError after a while."""
    limit, wait = session.options.replica_lag, session.options.replica_wait
    until = time.monotonic() + wait
    told = False
    while True:
        with connection.begin():
            lag = read(connection)
        if lag <= limit:
            return
        if time.monotonic() > until:
            raise MigrateError(
                f"a replica is {lag:.0f} s behind, more than {limit:g} s for {wait:g} s: what was "
                "done stays. Run this again when it has caught up, with smaller batches or a pause"
            )
        if not told:
            session.say(f"a replica is {lag:.0f} s behind: waiting until it is {limit:g} s")
            told = True
        sleep(POLL_SECONDS)
