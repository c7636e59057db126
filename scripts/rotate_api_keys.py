#!/usr/bin/env python3
"""Put new keys of providers (OpenAI, Anthropic) into the pods of both colors.

Example: scripts/rotate_api_keys.py OPENAI_API_KEY --stack production

Make the new key at the provider first. It is asked for without being shown; or taken from the
environment (NEW_OPENAI_API_KEY), or from lines NAME=KEY on standard input. It is tried at its
provider, then written (encrypted) and rolled out. Killed, the same command goes on. See
docs/rotation.md.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.errors import UsageError
from ops.rotation import api_keys
from ops.rotation.connecting import alone, api_keys_of
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
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="variables; none: all that are given, or to go on"),
    ] = None,
    untried: Annotated[
        bool, typer.Option("--untried", help="go on where the provider could not be asked")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="what is open, and was done")] = False,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rotate, or do what the option says."""
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    world = api_keys_of(chosen, say)
    if status:
        show_journal(*world.tools.journal.both(), as_json=as_json)
        return
    if dry_run:
        show_plan(api_keys.would(world, names or []), as_json=as_json)
        return
    keys = given(names or [], _lines())
    with alone(chosen, say):
        entry = api_keys.run(world, keys, untried=untried)
    show_entry(entry, api_keys.told(entry), as_json=as_json)


def given(names: list[str], lines: list[str]) -> dict[str, str]:
    """The new keys, by variable. Raises UsageError for a line or name without one."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, equals, key = line.strip().partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"line {number} of standard input is not NAME=KEY (it is not shown)")
        found[name] = key
    if names and (unasked := sorted(found.keys() - set(names))):
        raise UsageError(f"standard input has {', '.join(unasked)}, which was not asked for")
    for name in names:
        if name not in found:
            found[name] = os.environ.get(f"NEW_{name}") or _asked(name)
    return found


def _lines() -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        return []
    return [line for line in sys.stdin.read().splitlines() if line.strip()]


def _asked(name: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            f"no new key for {name}: set NEW_{name}, or give a line {name}=KEY on standard input"
        )
    return str(typer.prompt(f"the new {name}", hide_input=True, err=True)).strip()


if __name__ == "__main__":
    main(app)
