"""What somebody asks of a complete rollback."""

from __future__ import annotations

from dataclasses import dataclass

from ops.color import Color
from ops.errors import UsageError
from ops.release.beginning import require_version


@dataclass(frozen=True)
class Wish:
    """What somebody asks for.

    No color: the one that is held, or the one that is newer in traffic. `to_version` empty: what
    the color ran before. `revision` and `data` as `scripts/migrate.py downgrade` and
    `scripts/restore_production_db.py` take them; empty: the database stays as it is.
    """

    color: Color | None = None
    reason: str = ""
    to_version: str = ""
    is_version_only: bool = False
    revision: str = ""
    data: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        if self.to_version:
            require_version(self.to_version)
        if self.revision and self.data:
            raise UsageError(
                "give one of --schema and --data: a restore brings the schema of its time along"
            )
        if self.is_version_only and (self.revision or self.data or self.force):
            raise UsageError("--version-only touches neither traffic nor database: give it alone")
