"""What the two commands that move traffic share: their options, and what they print."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops.errors import UsageError
from ops.shift import procedure
from ops.shift.beginning import Wish, prepare
from ops.shift.connecting import Wishes, connect, journal
from ops.stack import Stack
from ops.verdict import enforce
from scripts.console import say, show
from scripts.journals import show_journal
from scripts.servers import PrometheusOption

__all__ = [
    "MinimumOption",
    "PrometheusOption",
    "Wishes",
    "abort",
    "percentages",
    "shift",
    "status",
]

MinimumOption = Annotated[
    int | None,
    typer.Option(
        "--minimum-requests", min=1, help="in the window, to judge; default: alerts.minimumRequests"
    ),
]


def shift(stack: Stack, wish: Wish, wishes: Wishes, *, as_json: bool, dry_run: bool) -> None:
    """Do it, or say what would be done and what stands against it."""
    tools = connect(stack, wishes, say)
    if dry_run:
        open_one = tools.journal.read()
        if open_one is not None:
            show(_json(open_one), as_json=as_json, text=f"would go on: {open_one}")
            return
        start = prepare(tools, wish)
        lines = [f"nothing: {start.done}"] if start.done else start.lines()
        found = [str(finding) for finding in start.findings]
        show({"would": lines, "against": found}, as_json=as_json, text="\n".join(lines))
        enforce(start.findings, "this stands against it")
        return
    done = procedure.run(tools, wish)
    show(_json(done), as_json=as_json, text=str(done) if done else "nothing was to be done")


def abort(stack: Stack, wishes: Wishes, *, as_json: bool) -> None:
    """End what is open, all traffic back."""
    done = procedure.abort(connect(stack, wishes, say))
    show(_json(done), as_json=as_json, text=str(done))


def status(stack: Stack, *, as_json: bool) -> None:
    """What is open, and what was done last."""
    show_journal(*journal(stack).both(), as_json=as_json)


def percentages(option: str, text: str) -> tuple[int, ...]:
    """The steps of a canary, as an option has them. Raises UsageError."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            f"{option} {text}: percentages separated by commas are needed, such as 10,25,50,100"
        ) from error


def _json(done: Any) -> Any:
    return done and done.model_dump(mode="json")
