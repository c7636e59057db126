#!/usr/bin/env python3
"""Look through the pre-deployment checklist of a version: what machines see, what people ticked.

Example: scripts/preflight.py v1.2.0

Changes nothing. A line that is unknown blocks as one that is bad does. Ends with 0 when all is
good, 1 when something is bad, 2 usage, 3 when something is unknown.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import checklist, live, operations
from ops.cluster import Cluster
from ops.color import Color
from ops.operations import Operations
from ops.preflight import looking, people, system
from ops.preflight.line import line
from ops.preflight.looking import Subject
from ops.preflight.names import NAMES
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
from scripts.console import JsonOption, StackOption, application, main, say
from scripts.shifting import PrometheusOption

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    version: VersionArgument,
    file: ChecklistOption = None,
    accept: AcceptOption = None,
    make_file: WriteOption = False,
    staging: Annotated[
        str,
        typer.Option(
            "--staging-stack", metavar="NAME", help="default: the configured release.stagingStack"
        ),
    ] = "",
    prometheus: PrometheusOption = None,
    stack: StackOption = None,
    json: JsonOption = False,
) -> None:
    """See the text above."""
    ticked = file or people.file_of(version)
    accepted = reasons(accept)
    checklist.require_known(accepted, NAMES)
    if make_file:
        write(ticked, version, people.ITEMS, as_json=json)
        return
    chosen = Stack.chosen(stack)
    facts = operations.read(chosen)
    cluster = facts.cluster()
    color = _standby(cluster, facts)
    subject = Subject(chosen, cluster, version, color, ticked, say, staging, prometheus)
    lines = looking.look(subject)
    lines.append(line(system.BACKGROUND, lambda: system.background_is_in_one_color(cluster)))
    finish(checklist.accepted(lines, accepted), f"the checklist of {version}", as_json=json)


def _standby(cluster: Cluster, facts: Operations) -> Color:
    """The color that the version is for: the one that does not serve, by the live route."""
    route = live.route(cluster, facts.router)
    if route is None or route.traffic.active is None:
        raise live.no_active(", so there is none in standby")
    return route.traffic.active.other


if __name__ == "__main__":
    main(app)
