"""What every script shares: its printing, its exit codes, and how it ends.

Progress goes to standard error; standard output has the result alone, so `--json` can be piped.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from ops.errors import OpsError

INTERRUPTED: Final = 130

progress = Console(stderr=True, highlight=False, soft_wrap=True)
result = Console(highlight=False, soft_wrap=True)

StackOption = Annotated[
    str | None, typer.Option("--stack", help="the stack; default PULUMI_STACK or the selected one")
]
JsonOption = Annotated[bool, typer.Option("--json", help="the result as JSON")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="say what would be done, change nothing")
]


def say(line: str) -> None:
    """Print a line of progress."""
    progress.print(line, markup=False)


def show(data: Any, *, as_json: bool, text: str = "") -> None:
    """Print the result: `data` as JSON, or `text`."""
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2, default=str) + "\n")
    else:
        result.print(text, markup=False)


def application(help_text: str | None) -> typer.Typer:
    """A command-line application with the project's manners; `help_text` is the script's text."""
    return typer.Typer(
        help=help_text,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        rich_markup_mode=None,
    )


def main(app: Callable[[], Any]) -> NoReturn:
    """Run a script: 0 done, 1 the thing checked is bad, 2 usage, 3 could not find out.

    A CI job that is cancelled sends SIGTERM: it ends a script as ^C does, tidied up.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except OpsError as error:
        progress.print(f"[bold red]{type(error).__name__}[/]: ", end="")
        progress.print(str(error), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted: run the same command again to go on")
        sys.exit(INTERRUPTED)
    sys.exit(0)
