"""A table changed in ranges of its primary key, each a transaction of its own."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Change:
    """`UPDATE table SET change WHERE missing`, by ranges of `key`, whose type is `key_type`.

    The parts are SQL from this program, never from outside. A row that was changed must not match
    `missing` any more, so that going over it twice does no harm.
    """

    table: str
    key: str
    key_type: str
    change: str
    missing: str

    def next_end(self, connection: Connection, after: str | None, size: int) -> str | None:
        """The key of the row `size` rows behind `after` (None: the start); None: fewer are left."""
        query = (
            f"SELECT CAST({self.key} AS text) FROM {self.table} "  # noqa: S608
            f"WHERE {self._range(after, None)} ORDER BY {self.key} OFFSET :skipped LIMIT 1"
        )
        values = {"skipped": size - 1, **_given(after, None)}
        found: str | None = connection.execute(text(query), values).scalar_one_or_none()
        return found

    def apply(self, connection: Connection, after: str | None, end: str | None) -> int:
        """Change the rows behind `after` up to `end` (None: no limit); returns how many."""
        statement = (
            f"UPDATE {self.table} SET {self.change} "  # noqa: S608
            f"WHERE {self._range(after, end)} AND ({self.missing})"
        )
        return connection.execute(text(statement), _given(after, end)).rowcount

    def is_missing(self, connection: Connection) -> bool:
        """Whether any row is left to change."""
        query = f"SELECT EXISTS (SELECT FROM {self.table} WHERE {self.missing})"  # noqa: S608
        return bool(connection.execute(text(query)).scalar_one())

    def _range(self, after: str | None, end: str | None) -> str:
        parts = []
        if after is not None:
            parts.append(f"{self.key} > CAST(:after AS {self.key_type})")
        if end is not None:
            parts.append(f"{self.key} <= CAST(:end AS {self.key_type})")
        return " AND ".join(parts) or "true"


def _given(after: str | None, end: str | None) -> dict[str, Any]:
    return {name: value for name, value in (("after", after), ("end", end)) if value is not None}
