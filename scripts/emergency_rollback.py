#!/usr/bin/env python3
"""Take all traffic from the color that fails, the fastest safe way: without `pulumi up`.

Example: scripts/emergency_rollback.py --reason "wrong totals", and later --acknowledge

Without --from the canary is meant, or the color that has everything. The other color is scaled up
and ready before it gets traffic. A hold stays behind: `pulumi up` gives the color no weight until
--acknowledge has written what is live into the configuration. Killed anywhere, run it again. Ends
with 0 when it is done, 1 refused or traffic had to stay, 2 usage, 3 when it can't be told.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import live, operations
from ops.acknowledge import acknowledge
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import OpsError, UsageError
from ops.hold import Hold
from ops.notify import Event, Notifier
from ops.operations import Operations
from ops.rollback import by_hand, known
from ops.rollback.by_hand import Wish
from ops.rollback.connecting import READY_SECONDS, connect
from ops.rollback.journal import Operation
from ops.rollback.known import Known
from ops.rollback.run import Rollback
from ops.stack import Stack
from ops.who import me
from scripts.console import (
    ClearLockOption,
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
    say,
    show,
)

PULUMI_SECONDS: Final = 15.0
"""How long each answer of Pulumi may take before one is told how to do without."""

app = application(__doc__)


@dataclass(frozen=True)
class _Place:
    """Where to act. `known` is called once traffic has moved, and not before."""

    cluster: Cluster
    known: Callable[[], Known]


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 one parameter an option
    color: Annotated[
        Color | None, typer.Option("--from", help="the color that fails", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="why, as others will read it in the hold")] = "",
    force: Annotated[
        bool,
        typer.Option("--force", help="also to a color that is held, or never served everything"),
    ] = False,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="for the other color to get ready")
    ] = READY_SECONDS,
    acknowledged: Annotated[
        bool,
        typer.Option(
            "--acknowledge", help="make the configuration say what is live, and lift the hold"
        ),
    ] = False,
    show_status: Annotated[
        bool, typer.Option("--status", help="traffic, hold, and the last rollbacks")
    ] = False,
    namespace: Annotated[
        str | None, typer.Option(help="the stack's namespace: nothing of Pulumi is asked then")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="kubeconfig context, with --namespace")
    ] = None,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    if acknowledged and (namespace or show_status):
        raise UsageError("--acknowledge writes the stack's configuration: it takes --stack alone")
    if acknowledged:
        chosen = Stack.chosen(stack, clear_lock=clear_lock)
        place = _deployed(operations.read(chosen))
        _acknowledge(chosen, place, dry_run=dry_run, as_json=as_json)
        return
    place = _given(namespace, context) if namespace else _deployed(_asked(stack))
    rollback = connect(
        place.cluster,
        live.router_of(place.cluster),
        say,
        public_url=lambda: place.known().public_url,
        ready_seconds=wait,
    )
    if show_status:
        _status(rollback, as_json=as_json)
        return
    why = reason or f"rolled back by {me()}"
    wish = Wish(color, why, me(), force)
    if dry_run:
        _, decision, _ = by_hand.considered(rollback, wish)
        show(vars(decision), as_json=as_json, text=f"would be done: {decision.reason}")
        return
    done = by_hand.roll_back(rollback, wish)
    if not isinstance(done, Operation):
        show(vars(done), as_json=as_json, text=done.reason)
        return
    for note in done.notes:
        say(f"look at this: {note}")
    _tell(place, done)
    text = (
        f"{done.target} has all traffic, and {done.color} is held. Then, without haste: "
        "`scripts/emergency_rollback.py --acknowledge`"
    )
    show(done.model_dump(mode="json"), as_json=as_json, text=text)


def _given(namespace: str, context: str | None) -> _Place:
    cluster = Cluster.connect(namespace, context=context)
    return _Place(cluster, cache(lambda: known.read(cluster, say)))


def _asked(name: str | None) -> Operations:
    """What Pulumi says of the stack; not for long, since there is a way without it."""
    say("asking Pulumi where that is; with --namespace NAME --context NAME nobody waits for it")
    try:
        return operations.read(Stack.chosen(name, read_seconds=PULUMI_SECONDS))
    except OpsError as error:
        hint = "Without Pulumi, say where: --namespace NAME [--context NAME]"
        raise type(error)(f"{error}. {hint}") from error


def _deployed(facts: Operations) -> _Place:
    cluster = facts.cluster()
    return _Place(cluster, lambda: Known(facts.public_url, facts.notifications))


def _acknowledge(stack: Stack, place: _Place, *, dry_run: bool, as_json: bool) -> None:
    done = acknowledge(stack, place.cluster, say, dry_run=dry_run)
    if done is None:
        show(None, as_json=as_json, text="nothing is held: there is nothing to acknowledge")
        return
    data = {"hold": vars(done.hold), "set": done.changes.values, "removed": done.changes.removed}
    if dry_run:
        show(data, as_json=as_json, text=f"would be set: {dict(done.changes.values)}")
        return
    told = f"{done.hold.target} serves by configuration too, {done.hold.color} may be mended"
    event = Event("acknowledged", told, str(done.hold), "info", dedup=done.incident)
    Notifier(place.known().notifications, say).tell(event)
    show(data, as_json=as_json, text=f"{told}; `pulumi preview` finds nothing to change")


def _tell(place: _Place, done: Operation) -> None:
    title = f"{done.color} was rolled back to {done.target} by {done.by}"
    text = ". ".join([done.reason, *done.notes])
    event = Event("rollback", title, text, "critical", dedup=done.incident)
    Notifier(place.known().notifications, say).tell(event)


def _status(rollback: Rollback, *, as_json: bool) -> None:
    route = live.route(rollback.cluster, rollback.router)
    hold = Hold.read(rollback.cluster)
    found, done = rollback.open(), rollback.done()
    data = {
        "weights": dict(route.traffic.weights) if route else {},
        "hold": vars(hold) if hold else None,
        "open": found.model_dump(mode="json") if found else None,
        "done": [each.model_dump(mode="json") for each in done],
    }
    lines = [
        f"traffic: {route.traffic.told if route else ''}",
        f"hold: {hold or 'none'}",
        f"open: {found or 'none'}",
        *(f"done: {each}" for each in done),
    ]
    show(data, as_json=as_json, text="\n".join(lines))


if __name__ == "__main__":
    main(app)
