"""Which release this image is: baked in by bake.py, never read from the environment."""

import json
from dataclasses import dataclass
from pathlib import Path

APP = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Release:
    """A version, the schema level its migrations reach, and the least level its code needs."""

    version: str
    level: int
    needs: int

    @property
    def has_summaries(self) -> bool:
        """Whether the code may use `documents.summary`, which schema level 2 added."""
        return self.needs >= 2

    @property
    def name_columns(self) -> tuple[str, ...]:
        """Columns of `users` that hold a user's name, the one to believe first.

        Schema level 4 added `display_name`; level 5 filled it everywhere, so code that needs that
        leaves `full_name` alone.
        """
        if self.needs >= 5:
            return ("display_name",)
        return ("display_name", "full_name") if self.needs == 4 else ("full_name",)

    def name_values(self, name: str) -> dict[str, str]:
        """What to write for a user's name: the same in every column that holds it."""
        return dict.fromkeys(self.name_columns, name)

    def refuses(self, level: int | None, floor: int) -> str | None:
        """Say why this release can't run on a database at `level` with `floor`; None if it can.

        A `level` of None is a database without the application's tables.
        """
        if level is None:
            return (
                "the database has no schema yet: run the migrate Job (python3 -m legal_ai.migrate)"
            )
        if level < self.needs:
            return (
                f"the database is at schema level {level}, {self.version} needs {self.needs}: "
                "run the migrate Job of this image"
            )
        if self.level < floor:
            return (
                f"the database refuses schema levels under {floor}, {self.version} knows "
                f"{self.level}: run a newer image"
            )
        return None


def read_release(app: Path = APP) -> Release:
    """Read the baked files VERSION and release.json from the folder `app`.

    Raises FileNotFoundError if the image was built without bake.py.
    """
    version = (app / "VERSION").read_text().strip()
    levels = json.loads((app / "release.json").read_text())
    return Release(version=version, level=int(levels["level"]), needs=int(levels["needs"]))
