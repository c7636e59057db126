"""Rows brought to a new column: in batches, going on where an earlier run ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, text

from .batches import Change
from .database import migration_lock
from .errors import MigrateError
from .replicas import wait_for_replicas
from .retries import retrying
from .session import Session

PASSES: Final = 2
"""The first goes on where an earlier run ended; the second is for rows behind that place."""
TELL_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Backfill:
    """Rows to bring over while the database's level is at least `since` and below `until`."""

    name: str
    since: int
    until: int
    change: Change


BACKFILLS: Final[Sequence[Backfill]] = (
    Backfill(
        name="users.display_name",
        since=4,
        until=5,
        change=Change(
            table="users",
            key="id",
            key_type="uuid",
            change="display_name = full_name",
            missing="display_name IS NULL",
        ),
    ),
)


@dataclass(frozen=True)
class Pace:
    """`batch` rows a transaction, `pause` seconds between two."""

    batch: int = 1000
    pause: float = 0.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


@dataclass(frozen=True)
class Progress:
    """How far it has come: the last key of a pass that has not ended, and the rows changed."""

    after: str | None
    rows: int = 0
    is_finished: bool = False


def applicable(level: int | None) -> list[Backfill]:
    """The backfills that a database at `level` may need."""
    return [one for one in BACKFILLS if level is not None and one.since <= level < one.until]


def backfill(session: Session, pace: Pace) -> str:
    """Bring all rows over. Returns what was done; raises MigrateError. Safe to kill and rerun."""
    with migration_lock(session.engine, session.options.lock_wait, session.say) as still_held:
        wanted = applicable(session.state().level)
        done = [_fill(session, one, pace, still_held) for one in wanted]
    return "; ".join(done) or "no rows to backfill at this schema level"


def read_progress(connection: Connection, name: str) -> Progress:
    """How far a backfill has come; the beginning where it never ran."""
    query = text("SELECT last_key, rows, finished_at FROM backfills WHERE name = :name")
    row = connection.execute(query, {"name": name}).one_or_none()
    if row is None:
        return Progress(None)
    return Progress(row.last_key, row.rows, row.finished_at is not None)


def _fill(session: Session, wanted: Backfill, pace: Pace, still_held: Callable[[], None]) -> str:
    with session.engine.connect() as connection:
        for _ in range(PASSES + 1):
            with connection.begin():
                progress = read_progress(connection, wanted.name)
                if not wanted.change.is_missing(connection):
                    _finish(connection, wanted.name)
                    return f"{wanted.name}: every row has it; backfilled: {progress.rows}"
            if progress.after is not None:
                session.say(f"{wanted.name}: going on after {progress.rows} rows")
            _pass(session, connection, wanted, pace, still_held)
    raise MigrateError(
        f"{wanted.name}: rows without it come in behind the backfill, so some writer goes past "
        "the trigger that fills it: look at the newest rows, then run this again"
    )


def _pass(
    session: Session,
    connection: Connection,
    wanted: Backfill,
    pace: Pace,
    still_held: Callable[[], None],
) -> None:
    """Go over the table once, from where the noted progress is to the end."""
    told = time.monotonic()
    is_end = False
    while not is_end:
        still_held()
        is_end = retrying(
            wanted.name, lambda: _batch(connection, wanted, pace.batch), session.say, pace.sleep
        )
        if time.monotonic() - told > TELL_SECONDS:
            with connection.begin():
                rows = read_progress(connection, wanted.name).rows
            session.say(f"{wanted.name}: {rows} rows")
            told = time.monotonic()
        wait_for_replicas(session, connection, pace.sleep)
        pace.sleep(pace.pause)


def _batch(connection: Connection, wanted: Backfill, size: int) -> bool:
    """Change one range of rows and note it, in one transaction; returns whether it was the last."""
    with connection.begin():
        progress = read_progress(connection, wanted.name)
        end = wanted.change.next_end(connection, progress.after, size)
        rows = progress.rows + wanted.change.apply(connection, progress.after, end)
        _note(connection, wanted.name, end, rows)
    return end is None


def _note(connection: Connection, name: str, after: str | None, rows: int) -> None:
    connection.execute(
        text(
            "INSERT INTO backfills (name, last_key, rows) VALUES (:name, :after, :rows) "
            "ON CONFLICT (name) DO UPDATE SET last_key = :after, rows = :rows, "
            "updated_at = now(), finished_at = NULL"
        ),
        {"name": name, "after": after, "rows": rows},
    )


def _finish(connection: Connection, name: str) -> None:
    connection.execute(
        text(
            "INSERT INTO backfills (name, finished_at) VALUES (:name, now()) "
            "ON CONFLICT (name) DO UPDATE SET last_key = NULL, "
            "finished_at = coalesce(backfills.finished_at, now())"
        ),
        {"name": name},
    )
