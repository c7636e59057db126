#!/usr/bin/env python3
"""Restart a color's pods, one service after another, so that enough of them serve all the time.

Example: scripts/restart.py green --service backend

A new pod is ready before an old one ends. Where a service would be left without a pod for a while,
nothing is restarted. Killed, run it again: a restart that is under way is waited for. Ends with 0,
1 refused or not ready in time (old pods serve on), 2 usage, 3 could not be found out.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import operations, restart
from ops.color import Color
from ops.stack import Stack
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, say, show

app = application(__doc__)


@app.command(help=__doc__)
def run(
    color: Annotated[Color, typer.Argument(help="whose pods", show_default=False)],
    services: Annotated[
        list[str] | None, typer.Option("--service", help="only this one; again for more")
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="for each service's new pods")
    ] = 300.0,
    stack: StackOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    facts = operations.read(Stack.chosen(stack))
    cluster = facts.cluster()
    found = restart.targets(cluster, color, services or ())
    for target in found if not dry_run else ():
        restart.Restart(cluster, say, wait).run(target)
    did = "would restart" if dry_run else "restarted"
    text = f"{did} {', '.join(f'{each.name} ({each.replicas} pods)' for each in found)}"
    data = {"dryRun": dry_run, "restarted": [asdict(each) for each in found]}
    show(data, as_json=as_json, text=text)


if __name__ == "__main__":
    main(app)
