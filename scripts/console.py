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

from ops.errors import OpsError, UsageError
from ops.stack import Stack

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
ClearLockOption = Annotated[
    bool,
    typer.Option(
        "--clear-lock", help="clear the stack's lock, if the command that took it is certainly dead"
    ),
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


def confirmer(stack: Stack, given: str | None, option: str) -> Callable[[str], bool]:
    """What shows a text and says whether a person agreed, by typing the stack's name.

    `given` is what `option` already gave: then nobody is asked. Raises UsageError for another name,
    and, when asked, where nobody is there to answer.
    """
    names = (stack.name, stack.short_name)
    if given is not None and given not in names:
        raise UsageError(f"{option} {given}: the stack is {stack.short_name}. Nothing was changed")

    def confirm(text: str) -> bool:
        say(text)
        if given is not None:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                f"nobody is here to ask: add {option} {stack.short_name}, if that is meant"
            )
        return str(typer.prompt("type the stack's name to go on", err=True)) in names

    return confirm


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

    A CI job that is cancelled sends SIGTERM, a terminal that is closed SIGHUP: each ends a script
    as ^C does, tidied up. What is to be ignored (`nohup`) stays ignored.
    """
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is signal.SIG_DFL:
            signal.signal(ending, signal.default_int_handler)
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
