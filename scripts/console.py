"""What every script shares: its printing, its exit codes, and how it ends.

Progress goes to standard error; standard output has the result alone, so `--json` can be piped. A
terminal that is gone and a `| tee` that has died keep nothing from being done.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Annotated, Any, Final, NoReturn, TextIO

import typer
from rich.console import Console
from rich.text import Text

from ops.errors import OpsError, UsageError
from ops.stack import Stack

INTERRUPTED: Final = 130

NOBODY_READS: Final = {errno.EPIPE, errno.EIO}
"""What writing to a dead pipe and to a terminal that is gone ends with."""


class _Console(Console):
    """Leaves it to whoever prints what becomes of a process whose reader is gone."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError; rich would end the process."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


result = _Console(highlight=False, soft_wrap=True)

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


def say(line: str | Text) -> None:
    """Print a line of progress. Never raises: what is being done counts more than being told."""
    # One for each line: an interrupt in the middle of one must not spoil those that follow.
    progress = _Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        progress.print(line, markup=False)
    except OSError:
        _silence(sys.stderr)


def show(data: Any, *, as_json: bool, text: str = "") -> None:
    """Print the result: `data` as JSON, or `text`; nowhere if nobody reads it any more.

    Raises OSError where it can't be written for another reason, a full disk.
    """
    try:
        if as_json:
            sys.stdout.write(json.dumps(data, indent=2, default=str) + "\n")
            sys.stdout.flush()
        else:
            result.print(text, markup=False)
    except OSError as error:
        if error.errno not in NOBODY_READS:
            raise
        _silence(sys.stdout)


def _silence(stream: TextIO) -> None:
    """Let what is still written there go nowhere, and so not fail at the process' end either."""
    # What tests put in its place has no file descriptor.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
    for ending, ends in ((signal.SIGTERM, signal.default_int_handler), (signal.SIGHUP, _hung_up)):
        if signal.getsignal(ending) is signal.SIG_DFL:
            signal.signal(ending, ends)
    try:
        app()
    except OpsError as error:
        say(Text.assemble((type(error).__name__, "bold red"), f": {error}"))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:
        # Typer makes one of an interrupt.
        if ended.code == INTERRUPTED:
            _interrupted()
        raise
    sys.exit(0)


def _interrupted() -> NoReturn:
    say("interrupted: run the same command again to go on")
    sys.exit(INTERRUPTED)


def _hung_up(_signal: int, _frame: FrameType | None) -> None:
    """Once: a shell passes it on, and the kernel sends it again at the shell's end.

    The second one would cut short what the first one lets end tidily.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt
