"""What only people know: a file for each release, with a line for each to tick.

`written` makes it, people fill in `by`, `judge` reads it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ops import invalid
from ops.checklist import Line
from ops.errors import CouldNotFindOut, UsageError

ITEMS: Final[Mapping[str, str]] = {
    "api-docs": "API documentation is updated (if the API changes)",
    "runbooks": "Runbooks are updated for new features",
    "user-docs": "User-facing documentation is updated",
    "environment-example": "All variables that the services need are in .env.example",
    "migrations-tested": "Migrations were tried up, down and up (migrate.py rehearse)",
    "staging": "These images ran on staging and passed its smoke tests",
    "approval": "Somebody who may approves of the release, after staging",
    "alerts": "Alert rules were reviewed",
    "rollback": "The rollback plan is documented and understood by who is on call",
    "window": "The window is scheduled and communicated",
    "stakeholders": "Stakeholders are told (if customers see changes)",
    "maintenance-page": "A maintenance page is ready (if downtime is expected)",
    "message-after": "The message for afterwards is written",
}
"""The runbook's lines that no machine can look at, or none by itself: docs/preflight.md."""

AFTER_STAGING: Final = frozenset({"staging", "approval"})
"""What nobody can have seen to before production: the file is one, whichever stack it is for."""

PREFLIGHT: Final = "scripts/preflight.py"


class Tick(BaseModel):
    """One line: `by` whom it was seen to; `note` where it does not apply, and why."""

    model_config = ConfigDict(extra="forbid")

    what: str = ""
    by: str = ""
    note: str = ""


class Checklist(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    version: str
    items: dict[str, Tick]


def file_of(version: str, what: str = "") -> Path:
    """Where the file of a version lies if nobody says otherwise: `releases/VERSION.yaml`."""
    return Path("releases") / f"{version.replace(':', '-')}{what}.yaml"


def written(file: Path, version: str, items: Mapping[str, str] = ITEMS) -> None:
    """Make the file with every line open. Raises UsageError if it is there: ticks are not lost."""
    fresh = Checklist(version=version, items={k: Tick(what=v) for k, v in items.items()})
    file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(fresh.model_dump(), sort_keys=False, width=120, allow_unicode=True)
    try:
        with file.open("x") as out:
            out.write("# `by`: who saw to it. Where a line does not apply, say why in `note`.\n")
            out.write(text)
    except FileExistsError as error:
        raise UsageError(f"{file} is there already: fill it in, or name another") from error


def judge(
    file: Path, version: str, items: Mapping[str, str] = ITEMS, script: str = PREFLIGHT
) -> list[Line]:
    """A line for each item. One that nobody ticked is unknown, and so is all of a missing file.

    `script` is the command that makes the file, for messages. Raises UsageError for a file that
    is none, or of another version.
    """
    try:
        found = Checklist.model_validate(yaml.safe_load(file.read_text()))
    except FileNotFoundError:
        todo = f"`{script} {version} --checklist {file} --write-checklist` makes it"
        return [Line("checklist", "unknown", f"{file} is not there: {todo}")]
    except (OSError, yaml.YAMLError) as error:
        raise CouldNotFindOut(f"{file} can't be read: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise UsageError(f"{file} is no checklist ({invalid.told(error)})") from error
    if found.version != version:
        raise UsageError(f"{file} is the checklist of {found.version}, and {version} is released")
    unknown = sorted(found.items.keys() - items.keys())
    if unknown:
        raise UsageError(f"{file} has items that are not known: {', '.join(unknown)}")
    return [_line(name, what, found.items.get(name, Tick())) for name, what in items.items()]


def _line(name: str, what: str, tick: Tick) -> Line:
    if not tick.by.strip():
        return Line(name, "unknown", f"nobody ticked it: {what}")
    note = f" ({tick.note})" if tick.note.strip() else ""
    return Line(name, "good", f"{tick.by}{note}")
