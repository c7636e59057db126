#!/usr/bin/env python3
"""Restore the stack's database: to `latest`, to a backup by its ID or label, or to a moment.

Example: scripts/restore_production_db.py 2025-10-13T23:00:00Z --dry-run

A moment is RFC 3339 (2025-10-13T23:00:00Z), or the runbook's 2025-10-13-23-00, which is UTC.
The restore goes into a new database; the old one stays, closed for writing. Writes are refused
meanwhile, reads go on. Killed or interrupted, the same command goes on. See docs/restore.md.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.errors import UsageError
from ops.restore import connecting, procedure
from ops.restore.connecting import Wishes
from ops.restore.journal import Entry
from ops.restore.plan import plan
from ops.restore.status import status
from ops.stack import Stack
from scripts.console import (
    ClearLockOption,
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    confirmer,
    main,
    say,
    show,
)

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 one parameter an option
    wanted: Annotated[
        str | None, typer.Argument(metavar="latest|ID|TIMESTAMP", help="what to go back to")
    ] = None,
    stack: StackOption = None,
    yes_restore: Annotated[
        str | None,
        typer.Option("--yes-restore", metavar="NAME", help="the stack's name: no asking"),
    ] = None,
    abort: Annotated[
        bool, typer.Option("--abort", help="go back to the old database, until the move is proven")
    ] = False,
    show_status: Annotated[
        bool, typer.Option("--status", help="what is open, closed for writing, and was done last")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="restore the same once more within an hour")
    ] = False,
    old_is_lost: Annotated[
        bool,
        typer.Option("--old-is-lost", help="the old database is gone: nothing of it can be saved"),
    ] = False,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="go on where something could not be checked")
    ] = False,
    keep: Annotated[
        str, typer.Option(help="folder or s3://bucket/prefix for the list of what is later")
    ] = "",
    clear_lock: ClearLockOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Restore, or with --abort, --status or --dry-run do what they say."""
    modes = [abort, show_status]
    if sum(modes) + (wanted is not None) != 1:
        raise UsageError("say one of: latest, a backup's ID, a TIMESTAMP, --abort, --status")
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    confirm = confirmer(chosen, yes_restore, "--yes-restore")
    tools = connecting.connect(chosen, Wishes(confirm, say, keep, accept_unknown))
    if show_status:
        found = status(tools)
        show(found.to_json(), as_json=as_json, text="\n".join(found.lines()))
    elif abort:
        if not confirm("the restore is aborted, the application goes back to the old database"):
            raise UsageError("nothing was changed")
        entry = procedure.abort(tools)
        show(_data(entry), as_json=as_json, text=f"aborted: the application is on {entry.old}")
    elif dry_run:
        planned = plan(tools, wanted or "", old_is_lost=old_is_lost)
        show(planned.to_json(), as_json=as_json, text="\n".join(planned.lines()))
    else:
        entry = procedure.run(tools, wanted or "", old_is_lost=old_is_lost, again=again)
        show(_data(entry), as_json=as_json, text="\n".join(_told(entry)))


def _data(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json")


def _told(entry: Entry) -> list[str]:
    lost = "not known, the old database was lost"
    later = lost if entry.later_rows is None else f"{entry.later_rows} rows, kept in {entry.later}"
    return [
        f"the application uses {entry.target}, restored from {entry.source}",
        f"later than {entry.at}: {later}",
        f"before: {entry.old} stays, closed for writing; as a backup {entry.saved or 'not taken'}",
        "commit the stack's configuration now: another checkout still names the old database",
    ]


if __name__ == "__main__":
    main(app)
