#!/usr/bin/env python3
"""Undo a release: traffic, then the version; schema or data only if asked.

Example: scripts/rollback_release.py --reason "wrong totals in invoices"

Without --from the color that is held is meant, or that of the release which is open or was the
last. It ends at its version of before, at 0 replicas. Where Pulumi can't, traffic goes back without
it. Killed anywhere, run it again. Ends with 0 when it is done, 1 refused, 2 usage, 3 when it can't
be told. When seconds count: scripts/emergency_rollback.py, then this.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.color import Color
from ops.release.connecting import LEASE_SECONDS
from ops.release_rollback import connecting, procedure
from ops.release_rollback.wish import Wish
from ops.stack import Stack
from scripts import journals
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
from scripts.servers import AlertmanagerOption

COMMIT = "commit the stack's file now: another checkout still has the release"

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    color: Annotated[
        Color | None, typer.Option("--from", help="the color that failed", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="why, as others will read it")] = "",
    to_version: Annotated[
        str, typer.Option("--to-version", help="for that color; default: what it ran before")
    ] = "",
    version_only: Annotated[
        bool,
        typer.Option("--version-only", help="only the version of the color that has no traffic"),
    ] = False,
    schema: Annotated[
        str,
        typer.Option("--schema", metavar="REV|base", help="then a backup, and the schema back"),
    ] = "",
    data: Annotated[
        str,
        typer.Option("--data", metavar="latest|ID|TIME", help="then restore the database"),
    ] = "",
    yes: Annotated[
        str | None,
        typer.Option("--yes-rollback", metavar="NAME", help="the stack's name: no asking"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="also to a color that is held, or never served everything"),
    ] = False,
    only_status: Annotated[
        bool, typer.Option("--status", help="what is open, and what was done")
    ] = False,
    lease_seconds: Annotated[
        float, typer.Option("--lease-seconds", min=2, help="a run that fell silent is waited for")
    ] = LEASE_SECONDS,
    alertmanager: AlertmanagerOption = None,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the text above."""
    wish = Wish(color, reason, to_version, version_only, schema, data, force)
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    if only_status:
        _status(chosen, as_json=json)
        return
    confirm = confirmer(chosen, yes, "--yes-rollback")
    tools = connecting.connect(chosen, confirm, lease_seconds, say, alertmanager)
    if dry_run:
        journals.show_plan(procedure.plan(tools, wish), as_json=json)
        return
    done = procedure.run(tools, wish)
    text = "\n".join([str(done), *(f"  {note}" for note in done.notes), COMMIT])
    show(done.model_dump(mode="json"), as_json=json, text=text)


def _status(stack: Stack, *, as_json: bool) -> None:
    journal = connecting.journal(stack)
    found, history = journal.both()
    problem = f"  {found.problem}" if found and found.problem else None
    lines = [f"open: {found or 'nothing'}", problem, *(f"before: {each}" for each in history[::-1])]
    show(
        journals.told(found, history),
        as_json=as_json,
        text="\n".join(line for line in lines if line),
    )


if __name__ == "__main__":
    main(app)
