"""Where a database stands: its revision, level and floor."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select

from ..tables import schema_level
from .errors import REFUSED, MigrateError


@dataclass(frozen=True)
class State:
    """What stands in the database; a `level` of None is one without the application's tables.

    `at` is when it was read, by the database's own clock: readings have one order, whoever reads.
    """

    revision: str | None
    level: int | None
    floor: int
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """As it is told to the outside."""
        at = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        numbers = {"level": self.level or 0, "floor": self.floor}
        return {**numbers, "revision": self.revision or "", "at": at}


def read_state(connection: Connection) -> State:
    """Read it. Raises MigrateError where two heads stand in the database."""
    current = MigrationContext.configure(connection).get_current_heads()
    if len(current) > 1:
        raise MigrateError(
            f"alembic_version has {len(current)} rows ({', '.join(sorted(current))}): two branches "
            "were migrated. Find out which one is right, and leave only its row",
            REFUSED,
        )
    revision = current[0] if current else None
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    row = None
    if inspect(connection).has_table(schema_level.name):
        row = connection.execute(select(schema_level.c.level, schema_level.c.floor)).one_or_none()
    return State(revision, row.level if row else None, row.floor if row else 0, at)
