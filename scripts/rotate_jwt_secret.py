#!/usr/bin/env python3
"""Sign the application's session tokens with a new secret; sessions go on.

Example: scripts/rotate_jwt_secret.py --stack production

The old secret is accepted until the last session of it has expired; --finish then drops it. --now
ends all sessions at once: for a secret that somebody has. Killed or interrupted, the same command
goes on. See docs/rotation.md.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.errors import UsageError
from ops.rotation import jwt_secret
from ops.rotation.connecting import alone, jwt_secret_of
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
def run(  # noqa: PLR0913, PLR0917 one parameter an option
    now: Annotated[
        bool, typer.Option("--now", help="end all sessions: everybody logs in again")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="drop the old secret; refused while it is needed")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="drop the new secret, until something is signed with it")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="what is open, and was done")] = False,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rotate, or do what the option says."""
    if sum((now, finish, abort, status)) > 1 or (dry_run and (finish or abort or status)):
        raise UsageError("say one of --now, --finish, --abort, --status; --dry-run alone or --now")
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    world = jwt_secret_of(chosen, say)
    if status:
        show_journal(*world.tools.journal.both(), as_json=as_json)
    elif dry_run:
        show_plan(jwt_secret.would(world, at_once=now), as_json=as_json)
    else:
        with alone(chosen, say):
            if finish:
                entry = jwt_secret.finish(world)
            elif abort:
                entry = jwt_secret.abort(world)
            else:
                entry = jwt_secret.run(world, at_once=now)
        show_entry(entry, jwt_secret.told(entry), as_json=as_json)


if __name__ == "__main__":
    main(app)
