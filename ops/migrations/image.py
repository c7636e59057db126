"""What an image says of its migrations: the answer of its command `plan --json`, read as types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops import schema
from ops.errors import CouldNotFindOut, UsageError

BASE: Final = "base"
HEAD: Final = "head"


class Phase(StrEnum):
    """What a migration does to code that knows nothing of it."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    CONTRACT = "contract"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Revision(_Told):
    """One migration. `floor` is what a contract raises the database's floor to."""

    id: Annotated[str, Field(alias="revision")]
    down: str | None
    level: int
    phase: Phase
    floor: int | None = None
    title: str = ""
    squawk_ignore: dict[str, str] = Field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id} (level {self.level}, {self.phase})"


class _Image(_Told):
    version: str
    level: int
    needs: int


class _Database(_Told):
    level: int
    floor: int
    revision: str
    at: str = ""


class _Backfill(_Told):
    name: str
    finished: bool


class _Answer(_Told):
    image: _Image
    database: _Database
    ahead: bool
    revisions: tuple[Revision, ...]
    pending: tuple[str, ...]
    sql: str
    backfills: tuple[_Backfill, ...] = ()


@dataclass(frozen=True)
class Plan:
    """An image and the database, and the migrations between the two, oldest first, with their SQL.

    `is_ahead`: a newer image made the schema, so this one has nothing to run. `unfinished` are the
    backfills that did not end yet. `digest` is what the image turned out to be, empty if not known.
    """

    image: schema.Image
    database: schema.Database
    is_ahead: bool
    revisions: Sequence[Revision]
    pending: Sequence[Revision]
    sql: str = ""
    unfinished: Sequence[str] = ()
    digest: str = ""

    def until(self, to: str) -> list[Revision]:
        """The pending ones up to `to`, a revision or `head`. Raises UsageError for an unknown."""
        wanted = self.find(to)
        if wanted is None:
            return []
        return [one for one in self.pending if one.level <= wanted.level]

    def above(self, to: str) -> list[Revision]:
        """What a downgrade to `to` takes back, newest first. Raises UsageError for an unknown."""
        wanted = self.find(to)
        least = wanted.level if wanted else 0
        done = [one for one in self.revisions if one not in self.pending]
        return [one for one in reversed(done) if one.level > least]

    @property
    def below(self) -> str | None:
        """Where a downgrade by one ends: a revision's id or `base`.

        None where the database is before the first revision, or a newer image made its schema.
        """
        done = [one for one in self.revisions if one not in self.pending]
        return (done[-1].down or BASE) if done and not self.is_ahead else None

    def one_back(self) -> str:
        """How to go back by one, for people."""
        if self.is_ahead:
            return (
                f"what lies below {self.database.revision} is known to the image that made it: "
                "`scripts/migrate.py plan` with its --color or --version"
            )
        if self.below is None:
            return "the database is before the first revision: nothing lies below"
        return (
            f"the database is at {self.database.revision}; one back from there: "
            f"`scripts/migrate.py downgrade {self.below}`"
        )

    def after(self, revision: Revision | None) -> schema.Database:
        """How the database stands once `revision` is its newest; None: before the first."""
        level = revision.level if revision else 0
        floors = [one.floor for one in self.revisions if one.level <= level and one.floor]
        return schema.Database(level, max(floors, default=1), revision.id if revision else "")

    def find(self, wanted: str) -> Revision | None:
        """A revision by an unambiguous beginning of its id, or `head`; None for `base`.

        Raises UsageError for one that the image does not have.
        """
        if wanted == BASE:
            return None
        if wanted == HEAD:
            return self.revisions[-1]
        found = [one for one in self.revisions if one.id.startswith(wanted)]
        if len(found) != 1:
            known = ", ".join(one.id for one in self.revisions)
            raise UsageError(
                f"{'no' if not found else 'more than one'} revision {wanted!r} in image "
                f"{self.image.version}; it has {known}"
            )
        return found[0]


def parse(answer: dict[str, Any]) -> Plan:
    """Read the answer. Raises CouldNotFindOut naming what is missing or wrong."""
    try:
        told = _Answer.model_validate(answer)
        by_id = {one.id: one for one in told.revisions}
        pending = [by_id[id_] for id_ in told.pending]
    except (ValidationError, KeyError) as error:
        raise CouldNotFindOut(
            f"the image's answer to `plan --json` can't be understood: {error}. See "
            "docs/migrations.md, what an image must do"
        ) from error
    return Plan(
        image=schema.Image(**told.image.model_dump()),
        database=schema.Database(**told.database.model_dump()),
        is_ahead=told.ahead,
        revisions=told.revisions,
        pending=pending,
        sql=told.sql,
        unfinished=[one.name for one in told.backfills if not one.finished],
    )
