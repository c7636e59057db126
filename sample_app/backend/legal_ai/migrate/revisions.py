"""The image's migrations, in order, with what each says of itself: level, phase, floor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from .errors import REFUSED, USAGE, MigrateError

FOLDER: Final = Path(__file__).parents[1] / "migrations"
BASE: Final = "base"
HEAD: Final = "head"
FIRST_FLOOR: Final = 1


class Phase(StrEnum):
    """What a migration does to code that knows nothing of it."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    CONTRACT = "contract"


@dataclass(frozen=True)
class Revision:
    """One migration. `floor` is what it raises the floor to; only a contract does."""

    id: str
    down: str | None
    level: int
    phase: Phase
    title: str
    floor: int | None = None
    squawk_ignore: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id} (level {self.level}, {self.phase})"

    def as_json(self) -> dict[str, Any]:
        """What `plan --json` tells of it."""
        told = {"revision": self.id, "down": self.down, "level": self.level, "phase": self.phase}
        more = {"floor": self.floor, "title": self.title, "squawk_ignore": dict(self.squawk_ignore)}
        return told | more


@dataclass(frozen=True)
class Chain:
    """All migrations, oldest first: a line without branches, so any two can be compared."""

    revisions: tuple[Revision, ...]

    @property
    def head(self) -> str:
        """The newest one's id."""
        return self.revisions[-1].id

    def find(self, wanted: str) -> Revision | None:
        """A revision by its id or an unambiguous beginning of it, or None for `base`.

        Raises MigrateError for one that this image doesn't have.
        """
        if wanted == BASE:
            return None
        if wanted == HEAD:
            return self.revisions[-1]
        found = [one for one in self.revisions if one.id.startswith(wanted)]
        if len(found) != 1:
            known = ", ".join(one.id for one in self.revisions)
            raise MigrateError(
                f"{'no' if not found else 'more than one'} revision {wanted!r} in this image; "
                f"it has {known}",
                USAGE,
            )
        return found[0]

    def knows(self, wanted: str) -> bool:
        """Whether the full id is one of these."""
        return any(one.id == wanted for one in self.revisions)

    def between(self, after: str | None, to: Revision | None) -> list[Revision]:
        """The revisions above `after` (None: above nothing), up to and with `to`; oldest first."""
        end = self.revisions.index(to) + 1 if to else 0
        return list(self.revisions[self._count(after) : end])

    def at(self, current: str | None) -> tuple[int, int]:
        """The level and the floor that a database at `current` has."""
        done = self.revisions[: self._count(current)]
        floors = [one.floor for one in done if one.floor is not None]
        return (done[-1].level if done else 0), max(floors, default=FIRST_FLOOR)

    def _count(self, current: str | None) -> int:
        ids = [one.id for one in self.revisions]
        return ids.index(current) + 1 if current else 0


def alembic_config(folder: Path = FOLDER) -> Config:
    """Return Alembic's configuration for the migrations in `folder`."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def read_chain(config: Config) -> Chain:
    """Read the migrations. Raises MigrateError naming every file that breaks a rule."""
    script = ScriptDirectory.from_config(config)
    try:
        heads = script.get_heads()
        found = list(script.walk_revisions())[::-1] if len(heads) == 1 else []
    except (CommandError, SyntaxError) as error:
        raise MigrateError(f"the migrations of this image can't be read: {error}", REFUSED) from (
            error
        )
    if len(heads) != 1:
        raise MigrateError(
            f"this image's migrations have {len(heads)} heads ({', '.join(sorted(heads))}): "
            "set down_revision of one to the other, so that there is one order, and build the "
            "image again",
            REFUSED,
        )
    modules = [(one.revision, one.module) for one in found]
    if wrong := _wrong(modules):
        raise MigrateError(f"this image's migrations break rules: {'; '.join(wrong)}", REFUSED)
    return Chain(tuple(_revision(id_, module) for id_, module in modules))


def _revision(id_: str, module: ModuleType) -> Revision:
    title = (module.__doc__ or "").strip().splitlines()
    return Revision(
        id=id_,
        down=module.down_revision,
        level=module.level,
        phase=Phase(module.phase),
        title=title[0].rstrip(".") if title else "",
        floor=getattr(module, "floor", None),
        squawk_ignore=getattr(module, "squawk_ignore", {}),
    )


def _wrong(modules: Sequence[tuple[str, ModuleType]]) -> list[str]:
    wrong = []
    floor = FIRST_FLOOR
    for number, (id_, module) in enumerate(modules, start=1):
        level, phase = getattr(module, "level", None), getattr(module, "phase", None)
        if level != number:
            wrong.append(f"{id_} has level {level}, in its place it must be {number}")
        if phase not in list(Phase):
            wrong.append(f"{id_} has phase {phase!r}, it must be one of {', '.join(Phase)}")
        raised = getattr(module, "floor", None)
        if phase == Phase.CONTRACT and not (isinstance(raised, int) and floor <= raised <= number):
            wrong.append(f"{id_} is a contract: its floor must be {floor} to {number}")
        if phase != Phase.CONTRACT and raised is not None:
            wrong.append(f"{id_} raises the floor, which only a contract may")
        floor = raised if isinstance(raised, int) else floor
    return wrong
