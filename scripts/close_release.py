#!/usr/bin/env python3
"""Close a release: the runbook's checklist for afterwards, and its two hours of watching.

Example: scripts/close_release.py v1.2.0 --watch-hours 2

Each look is journaled in the cluster: killed anywhere, the same command goes on, on any machine.
Moves no traffic. Ends with 0 when it is closed, 1 when something is bad, 2 usage, 3 when something
is unknown: people are paged where that happens while watching.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import checklist
from ops.closing import connecting, procedure
from ops.closing.entry import ITEMS
from ops.closing.lines import NAMES
from ops.preflight import people
from ops.stack import Stack
from scripts.checklists import (
    AcceptOption,
    ChecklistOption,
    VersionArgument,
    WriteOption,
    finish,
    reasons,
    write,
)
from scripts.checks import FactorOption
from scripts.console import DryRunOption, JsonOption, StackOption, application, main, say, show
from scripts.servers import AlertmanagerOption, PrometheusOption
from scripts.shifting import MinimumOption, Wishes

SCRIPT = "scripts/close_release.py"

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    version: VersionArgument,
    watch_hours: Annotated[
        float,
        typer.Option("--watch-hours", min=0, max=48, help="watch until it was well for so long"),
    ] = 0.0,
    file: ChecklistOption = None,
    accept: AcceptOption = None,
    make_file: WriteOption = False,
    minimum_requests: MinimumOption = None,
    prometheus: PrometheusOption = None,
    alertmanager: AlertmanagerOption = None,
    time_factor: FactorOption = 1.0,
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the text above."""
    ticked = file or people.file_of(version, "-closing")
    accepted = reasons(accept)
    if make_file:
        write(ticked, version, ITEMS, as_json=json)
        return
    # Before two hours of watching, not after: the file may be another version's.
    ticks = people.judge(ticked, version, ITEMS, SCRIPT)
    checklist.require_known(accepted, [*NAMES, *(tick.name for tick in ticks)])
    wishes = Wishes(prometheus, minimum_requests, alertmanager=alertmanager)
    tools = connecting.connect(Stack.chosen(stack), version, wishes, say, time_factor)
    if before := procedure.closed_before(tools, version):
        show(before.model_dump(mode="json"), as_json=json, text=f"nothing to do: {before}")
        return
    if watch_hours and not dry_run:
        procedure.watched(tools, version, watch_hours * 3600)
    found = [*procedure.look(tools, version), *people.judge(ticked, version, ITEMS, SCRIPT)]
    lines = checklist.accepted(found, accepted)
    finish(lines, f"the closing of {version}", as_json=json)
    if not dry_run:
        say(str(procedure.close(tools, version, lines)))


if __name__ == "__main__":
    main(app)
