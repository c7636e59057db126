#!/usr/bin/env python3
"""Show what pods print: of a color or of all, in the order of time, or as it comes.

Example: scripts/logs.py green --service backend --since 1h --grep ERROR

--previous: of the containers before their last restart. Each line says who printed it. Ends with 0,
1 when there is no such pod, 3 when a log could not be read whole.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import logs, operations
from ops.cluster import LogWish
from ops.color import Color
from ops.errors import Refused, UsageError
from ops.logs import Chosen, Printed, Reader
from ops.stack import Stack
from scripts.console import StackOption, application, main, say

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 one parameter an option
    color: Annotated[
        Color | None, typer.Argument(help="without: every pod", show_default=False)
    ] = None,
    services: Annotated[
        list[str] | None, typer.Option("--service", help="backend, worker …; again for more")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="SPAN", help="90s, 15m, 1h, 2d back; without: all")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="go on, with pods that come")
    ] = False,
    previous: Annotated[bool, typer.Option("--previous", help="before the last restart")] = False,
    grep: Annotated[
        str,
        typer.Option(
            metavar="PATTERN", help="only lines in which this regular expression is found"
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="each line as JSON")] = False,
    stack: StackOption = None,
) -> None:
    """See the text above."""
    if follow and previous:
        raise UsageError("--follow and --previous: what has ended can't be followed")
    pattern = _pattern(grep)
    wish = LogWish(since_seconds=logs.seconds(since) if since else None, previous=previous)
    facts = operations.read(Stack.chosen(stack))
    cluster = facts.cluster()
    chosen = Chosen(color, services or ())
    found = logs.sources(cluster, chosen)
    if not found and not follow:
        raise Refused(
            f"no pod of {' '.join([*chosen.services, color or 'any color'])} has run in "
            f"{facts.namespace}: `scripts/status.py` shows what there is"
        )
    if follow:
        _write(logs.follow(cluster, chosen, wish, say), pattern, as_json=as_json)
        return
    reader = Reader(cluster, wish)
    _write(reader.printed(found), pattern, as_json=as_json)
    reader.finish()


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"--grep {text!r} is no regular expression: {error}") from error


def _write(lines: Iterable[Printed], pattern: re.Pattern[str], *, as_json: bool) -> None:
    try:
        for each in lines:
            if pattern.search(each.line):
                sys.stdout.write(f"{_as_json(each) if as_json else _as_text(each)}\n")
                sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; what is left must not fail at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_text(each: Printed) -> str:
    return f"{each.at} {each.source.pod}/{each.source.container} {each.line}"


def _as_json(each: Printed) -> str:
    source = each.source
    data = {"at": each.at, "pod": source.pod, "container": source.container, "line": each.line}
    return json.dumps(data)


if __name__ == "__main__":
    main(app)
