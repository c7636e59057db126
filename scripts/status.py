#!/usr/bin/env python3
"""One screen of how a stack stands: what is configured beside what lives, and what stands open.

Example: scripts/status.py --watch

Whether the public is served, and by whom; versions, replicas, traffic, errors, P95 of both colors;
hold, Pulumi's lock, workers, schema, backups, maintenance, alerts; what is under way, who did what
when. What could not be read says so, and the rest is shown. Ends with 0 when all is in order, 1
where something differs or stands open, 2 usage, 3 where something could not be read. Changes
nothing.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from rich.live import Live

from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.stack import Stack
from ops.status.gather import SECONDS, Status, gather
from ops.status.screen import screen
from ops.status.sources import Servers, Sources, of_namespace, of_stack
from scripts.console import JsonOption, StackOption, application, main, result, show
from scripts.servers import AlertmanagerOption, PrometheusOption

WIDTH = 120
"""Characters, where it goes to no terminal."""

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 one parameter an option
    watch: Annotated[bool, typer.Option("--watch", help="again and again, until ^C")] = False,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="between two, with --watch")
    ] = 5.0,
    seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="how long answers are waited for")
    ] = SECONDS,
    namespace: Annotated[
        str | None, typer.Option(help="the stack's namespace: nothing of Pulumi is asked then")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="kubeconfig context, with --namespace")
    ] = None,
    prometheus: PrometheusOption = None,
    alertmanager: AlertmanagerOption = None,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    if watch and as_json:
        raise UsageError("--json gives one status: leave out --watch, and ask again yourself")
    if namespace and stack:
        raise UsageError("give one of --stack and --namespace")
    if context and not namespace:
        raise UsageError("--context goes with --namespace: a stack knows its own")
    servers = Servers(prometheus, alertmanager)
    sources = (
        of_namespace(namespace, context, servers)
        if namespace
        else of_stack(Stack.chosen(stack), servers)
    )
    if watch:
        _watch(sources, seconds, every)
        return
    found = gather(sources, seconds)
    if as_json:
        show(found.to_json(), as_json=True)
    else:
        if not result.is_terminal:
            result.width = WIDTH
        result.print(screen(found))
    _enforce(found)


def _watch(sources: Sources, seconds: float, every: float) -> None:
    """Until ^C, which is how this is meant to end."""
    with Live(console=result, screen=result.is_terminal, auto_refresh=False) as shown:
        try:
            while True:
                shown.update(screen(gather(sources, seconds)), refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def _enforce(found: Status) -> None:
    """The screen has said it all: which lines it is about is enough."""
    told = ", ".join(each.name for each in found.wrong if each.verdict == found.verdict)
    if found.verdict == "bad":
        raise Refused(f"not in order: {told}")
    if found.verdict == "unknown":
        raise CouldNotFindOut(f"could not be found out: {told}")


if __name__ == "__main__":
    main(app)
