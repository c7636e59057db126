#!/usr/bin/env python3
"""Warm a color up through its preview host, with reads at a constant rate, until p95 is steady.

Example: scripts/warmup_deployment.py green --rate 50 --deadline-seconds 300

Every pod of the color has to answer. Ends with 0 when it is warm, 1 when it is not by the deadline
or something else is bad, 2 for wrong options, 3 when it could not be found out.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations
from ops.application import identity, user
from ops.color import Color
from ops.errors import UsageError
from ops.stack import Stack
from ops.warmup import READS, Rules, Target, WarmUp
from scripts.checks import UserOption
from scripts.console import (
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
    say,
    show,
)

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    color: Annotated[Color, typer.Argument(help="the color to warm up")],
    stack: StackOption = None,
    rate: Annotated[float, typer.Option(help="requests a second")] = 20.0,
    windows: Annotated[int, typer.Option(help="how many windows have to be steady")] = 3,
    requests: Annotated[int, typer.Option(help="requests in a window")] = 100,
    deadline_seconds: Annotated[float, typer.Option(help="then it has failed")] = 120.0,
    most_milliseconds: Annotated[float, typer.Option(help="p95 that is allowed")] = 2000.0,
    tolerance_percent: Annotated[
        float, typer.Option(help="how far the windows' p95 may be apart")
    ] = 25.0,
    path: Annotated[
        list[str] | None,
        typer.Option("--path", help=f"read this instead, repeatable; default: {', '.join(READS)}"),
    ] = None,
    name: UserOption = user.NAME,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the module's text."""
    rules = Rules(
        paths=path or READS,
        rate=rate,
        seconds=deadline_seconds,
        windows=windows,
        requests=requests,
        most_seconds=most_milliseconds / 1000,
        tolerance_percent=tolerance_percent,
    )
    facts = operations.read(Stack.chosen(stack))
    url = facts.preview_urls.get(color)
    if url is None:
        raise UsageError(f"{color} is not deployed: the stack has {', '.join(facts.versions)}")
    cluster = facts.cluster()
    who = user.of_cluster(cluster, color, name)
    if dry_run:
        would = f"would send {rate:g} reads a second to {url}, for {deadline_seconds:g} s at most"
        show({"would": would}, as_json=as_json, text=would)
        return
    target = Target(color, url, identity.of_stack(facts, url), who)
    warmed = WarmUp(target, rules, cluster, say).run()
    show(warmed.as_data(), as_json=as_json, text=str(warmed))


if __name__ == "__main__":
    main(app)
