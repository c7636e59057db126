"""Backups of the database: taken, listed, proven by a restore, restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.backups.engine import Engine
    from ops.operations import Operations


def connect(operations: Operations, stack: str) -> Engine:
    """The backups of a stack's database. Raises UsageError where its keys are not set."""
    if operations.database.engine == "rds":
        # boto3 takes a while, and is for one of the two
        from ops.backups.rds import connect as connect_rds  # noqa: PLC0415

        return connect_rds(operations, stack)
    from ops.backups.postgres import connect as connect_postgres  # noqa: PLC0415

    return connect_postgres(operations, stack)
