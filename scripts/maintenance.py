#!/usr/bin/env python3
"""Close the application for writing, and open it again; reads go on.

Example: scripts/maintenance.py on "we mend the invoices" --fence

`on` sets a key in Redis: each write is answered 503 with the reason. `--fence` also takes the
rights to write away in the database itself, which no session can undo. See docs/restore.md.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations
from ops.maintenance import SharedRedis
from ops.restore import closing
from ops.stack import Stack
from ops.who import me
from scripts.console import JsonOption, StackOption, application, main, say, show

app = application(__doc__)


@app.command()
def on(
    reason: Annotated[str, typer.Argument(help="why, as the application's users will read it")],
    fenced: Annotated[bool, typer.Option("--fence", help="close the database itself too")] = False,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close writes."""
    chosen = Stack.chosen(stack)
    facts = operations.read(chosen)
    notice = closing.close(facts, reason, me(), fenced=fenced, say=say)
    show(vars(notice), as_json=as_json, text=f"maintenance is on {notice}")


@app.command()
def off(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Open writes, fence included. Refused while a restore is open."""
    chosen = Stack.chosen(stack)
    stood = closing.reopen(operations.read(chosen), say=say)
    text = "maintenance is off" if stood else "maintenance was not on"
    show({"stood": stood}, as_json=as_json, text=text)


@app.command()
def status(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Whether writes are closed, and by whom."""
    notice = SharedRedis(operations.read(Stack.chosen(stack)).redis_url).notice()
    text = "maintenance is off" if notice is None else f"maintenance is on {notice}"
    show(notice and vars(notice), as_json=as_json, text=text)


if __name__ == "__main__":
    main(app)
