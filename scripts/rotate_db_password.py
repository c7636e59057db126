#!/usr/bin/env python3
"""Give the application a new login for its database; no request is lost.

Example: scripts/rotate_db_password.py --stack production

Two logins take turns and act as the same owner. The other one gets a new password, both colors
move to it, and the old one is closed once nobody uses it. Killed or interrupted, the same command
goes on. See docs/rotation.md.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.errors import UsageError
from ops.rotation import db_password
from ops.rotation.connecting import alone, db_password_of
from ops.stack import Stack
from scripts.console import (
    ClearLockOption,
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
    say,
)
from scripts.journals import show_journal, show_plan
from scripts.rotating import show_entry

app = application(__doc__)


@app.command(help=__doc__)
def run(
    now: Annotated[
        bool, typer.Option("--now", help="end the old login's sessions, don't wait for them")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="go back to the old login, until it is being closed")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="what is open, and was done")] = False,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rotate, or do what the option says."""
    if sum((now, abort, status, dry_run)) > 1:
        raise UsageError("say one of --now, --abort, --status, --dry-run")
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    world = db_password_of(chosen, say)
    if status:
        show_journal(*world.tools.journal.both(), as_json=as_json)
    elif dry_run:
        show_plan(db_password.would(world), as_json=as_json)
    else:
        with alone(chosen, say):
            entry = db_password.abort(world) if abort else db_password.run(world, at_once=now)
        show_entry(entry, db_password.told(entry), as_json=as_json)


if __name__ == "__main__":
    main(app)
