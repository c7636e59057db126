"""What the two checklists share, the one before a release and the one that closes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ops import checklist
from ops.checklist import Line
from ops.errors import UsageError
from ops.preflight import people
from scripts.console import show

VersionArgument = Annotated[str, typer.Argument(help="an image's tag, or its sha256:… digest")]
ChecklistOption = Annotated[
    Path | None,
    typer.Option("--checklist", metavar="FILE", help="what people ticked; default in releases/"),
]
WriteOption = Annotated[
    bool, typer.Option("--write-checklist", help="make that file, and look at nothing")
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="NAME=REASON", help="a line that may stay unknown"),
]


def reasons(accept: Sequence[str] | None) -> dict[str, str]:
    """Line and reason of each --accept. Raises UsageError."""
    found = {}
    for text in accept or ():
        name, _, reason = (part.strip() for part in text.partition("="))
        if not name or not reason:
            raise UsageError(f"--accept {text}: NAME=REASON, for example --accept 'disk=no metric'")
        found[name] = reason
    return found


def write(file: Path, version: str, items: Mapping[str, str], *, as_json: bool) -> None:
    """Make the file that people tick."""
    people.written(file, version, items)
    data = {"checklist": str(file), "items": list(items)}
    show(data, as_json=as_json, text=f"{file}: fill in `by` for each of its {len(items)} lines")


def finish(lines: Sequence[Line], title: str, *, as_json: bool) -> None:
    """Print the lines, and raise unless all are good."""
    verdict = checklist.worst(lines)
    text = f"{checklist.table(lines)}\n{title}: {verdict}"
    show(checklist.as_data(lines), as_json=as_json, text=text)
    checklist.enforce(lines, f"{title} is not done; --accept NAME=REASON for what is unknown")
