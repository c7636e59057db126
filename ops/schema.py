"""Pure: which images fit which database. Alembic's ids have no order, so levels are counted.

An image needs a level of the database, and knows levels up to its own. A contract raises the
database's floor: images that know less than that can't run any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ops.errors import CouldNotFindOut


@dataclass(frozen=True)
class Image:
    """What an image says: its version, the level its migrations reach, the least level it needs."""

    version: str
    level: int
    needs: int


@dataclass(frozen=True)
class Database:
    """Where a database stands; `at` is the RFC 3339 time of reading, which orders readings."""

    level: int
    floor: int
    revision: str
    at: str = ""


def problem(image: Image, database: Database) -> str | None:
    """Say why the image can't run on the database; None if it can."""
    if database.level < image.needs:
        return (
            f"{image.version} needs schema level {image.needs}, the database is at "
            f"{database.level}: the schema it needs is not there yet"
        )
    if image.level < database.floor:
        return (
            f"{image.version} knows the schema up to level {image.level}, the database needs "
            f"{database.floor} at least: what it needs was contracted away"
        )
    return None


@dataclass(frozen=True)
class Fit:
    """An image by its reference, with what is known of it and of the database; None: nothing."""

    ref: str
    image: Image | None = None
    database: Database | None = None


@dataclass(frozen=True)
class Message:
    """What a migration's pod leaves behind; `database` is None where it could not be read."""

    image: Image
    database: Database | None
    result: str

    @classmethod
    def parse(cls, text: str) -> Message | None:
        """Read a termination message; None for one that is not of this kind."""
        try:
            found = json.loads(text)
            image = Image(str(found["version"]), int(found["level"]), int(found["needs"]))
            database = _database(found["database"]) if found.get("database") else None
            return cls(image, database, str(found.get("result", "")))
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Record:
    """What is known: the database, and images by their reference. Kept as ConfigMap `schema`."""

    database: Database | None = None
    images: Mapping[str, Image] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, str] | None) -> Record:
        """Read the ConfigMap's data. One that can't be understood is not an empty one."""
        given = data or {}
        try:
            database = json.loads(given.get("database", "null"))
            images = json.loads(given.get("images", "{}"))
            return cls(
                None if database is None else _database(database),
                {ref: Image(**found) for ref, found in images.items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CouldNotFindOut(
                f"the ConfigMap schema can't be understood ({type(error).__name__}: {error}). "
                "Delete it, then record it anew with `scripts/migrate.py verify`"
            ) from error

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data."""
        images = {ref: asdict(image) for ref, image in self.images.items()}
        data = {"images": json.dumps(images, sort_keys=True)}
        if self.database is not None:
            data["database"] = json.dumps(asdict(self.database))
        return data

    def with_message(self, ref: str, message: Message) -> Record:
        """The record, with what the image `ref` said; an older reading of the database is left."""
        known, said = self.database, message.database
        if known is None or (said is not None and said.at >= known.at):
            known = said
        return Record(known, {**self.images, ref: message.image})


def _database(found: Mapping[str, Any]) -> Database:
    return Database(
        level=int(found["level"]),
        floor=int(found["floor"]),
        revision=str(found["revision"]),
        at=str(found.get("at", "")),
    )
