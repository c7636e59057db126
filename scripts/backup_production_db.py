#!/usr/bin/env python3
"""Take a backup of a stack's database, and return once it is whole.

Example: scripts/backup_production_db.py before-v1-2-0

RDS: a snapshot. Plain PostgreSQL: a dump in backups.store, and with backups.archive a base backup
where the last one is a day old. Killed anywhere, run it again: what was left is taken away.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.backups.model import Backup, require_label
from ops.backups.streams import size
from ops.times import rfc3339
from scripts.backups import ArchiveOption, StoreOption, UrlOption, choose
from scripts.console import (
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
    say,
    show,
)

app = application(__doc__)


@app.command(help=__doc__)
def run(
    label: Annotated[
        str | None, typer.Argument(help="part of the id: letters, digits, '.', '_' and '-'")
    ] = None,
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
    database_url_env: UrlOption = None,
    store: StoreOption = None,
    archive: ArchiveOption = None,
) -> None:
    """See the text above."""
    require_label(label)
    chosen = choose(stack, database_url_env, store, archive)
    if dry_run:
        would = chosen.engine.plan(label)
        show({"would": would}, as_json=json, text=would)
        return
    taken = chosen.engine.take(label, chosen.tags, say)
    chosen.tell("taken", taken.taken_at, taken.id)
    show(
        {
            "id": taken.id,
            "kind": taken.kind,
            "takenAt": rfc3339(taken.taken_at),
            "label": taken.label,
            "sizeBytes": taken.size_bytes,
            "tags": dict(taken.tags),
        },
        as_json=json,
        text=told(taken),
    )


def told(backup: Backup) -> str:
    """One line on a backup."""
    much = f", {size(backup.size_bytes)}" if backup.size_bytes is not None else ""
    return f"{backup.id}: {backup.kind} of {rfc3339(backup.taken_at)}{much}"


if __name__ == "__main__":
    main(app)
