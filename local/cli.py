"""The commands of `python -m local`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local import down as stopping
from local import up as starting
from local.parts import NAMES, Part, State, all_parts
from local.places import Places
from local.problems import InterruptedByUserError, LocalStackError
from local.report import Report
from local.stack import Stack

app = typer.Typer(
    help="The local stack: everything the system needs, on this machine.",
    no_args_is_help=True,
    add_completion=False,
)
# A log file has no width; a table cut at 80 columns would be of no use there.
console = Console(width=None if sys.stdout.isatty() else 140)
PartName = Annotated[str, typer.Argument(help=f"One of: {', '.join(NAMES)}")]
STYLES = {State.HEALTHY: "green", State.UNHEALTHY: "red", State.CRASHED: "red"}


@contextmanager
def command() -> Iterator[Stack]:
    """Give a command its stack; turn errors for people into a message and an exit code."""
    try:
        yield Stack(Places.of_this_clone(), Report(console))
    except LocalStackError as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(InterruptedByUserError.exit_code) from None


@app.command()
def up(
    kube_context: Annotated[
        str, typer.Option(help="Use the existing cluster of this kubeconfig context.")
    ] = "",
    simulate_node: Annotated[
        bool, typer.Option("--simulate-node", help="Simulate the node with KWOK: no containers.")
    ] = False,
    no_deploy: Annotated[
        bool, typer.Option("--no-deploy", help="Start everything, but don't run `pulumi up`.")
    ] = False,
) -> None:
    """Build and start everything, then deploy stack `local`."""
    with command() as stack:
        if kube_context:
            starting.up_elsewhere(stack, kube_context, with_deploy=not no_deploy)
        else:
            starting.up(stack, simulate=simulate_node, with_deploy=not no_deploy)


@app.command()
def down() -> None:
    """Stop everything; data stays."""
    with command() as stack:
        stopping.down(stack)


@app.command()
def clean() -> None:
    """Stop everything and delete .local."""
    with command() as stack:
        stopping.clean(stack)


@app.command()
def status() -> None:
    """Show each part: what it does, its process, ports and log. Exit code 1 if one is amiss."""
    with command() as stack:
        table = Table("part", "state", "pid", "ports", "log", box=None, pad_edge=False)
        states = []
        for part in all_parts(stack):
            state = part.state()
            states.append(state)
            style = STYLES.get(state, "")
            log = str(part.log_file.relative_to(stack.places.root)) if part.log_file else ""
            ports = " ".join(str(port) for port in part.ports)
            shown = f"[{style}]{state}[/]" if style else str(state)
            table.add_row(part.name, shown, str(part.pid or ""), ports, log)
        console.print(table)
        if any(state not in {State.HEALTHY, State.UNUSED} for state in states):
            raise typer.Exit(1)


@app.command()
def start(part: PartName) -> None:
    """Start one part and wait until it is healthy."""
    with command() as stack:
        found = named(stack, part)
        if not found.wanted:
            raise LocalStackError(f"{part} is not used with this node ({stack.node})")
        found.start()
        stack.report.line(f"{part} is healthy")


@app.command()
def stop(part: PartName) -> None:
    """Stop one part; the others go on."""
    with command() as stack:
        ran = named(stack, part).stop()
        stack.report.line(f"stopped {part}" if ran else f"{part} was not running")


@app.command()
def images() -> None:
    """Build the sample application's images where they are stale; give them to a running node."""
    with command() as stack:
        starting.images(stack)


def named(stack: Stack, name: str) -> Part:
    """Return the part called `name`; raise LocalStackError naming those there are."""
    for part in all_parts(stack):
        if part.name == name:
            return part
    raise LocalStackError(f"There is no part {name!r}. Name one of: {', '.join(NAMES)}")
