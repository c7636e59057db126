"""Whether a thousand refused webhooks slow a real one, from its arrival to the route's change.

Two agents at the local stack's API server, in a namespace that goes away again. Prints a table and
writes `bench/results/webhooks.json`. Both runs are on one machine, side by side: compare them.

    source .local/env && python -m bench.webhooks --rounds 5
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from agent.webhook import MAX_BYTES
from bench import machine
from ops.rollback.journal import Step
from tests.integration.agents import TOKEN, Agent, Place, place
from tests.unit.webhooks import alert, body
from tests.waiting import until

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results" / "webhooks.json"
REFUSED: Final = 1000
RATE: Final = 200.0
THREADS: Final = 4
CALM_REQUESTS: Final = 200
"""Refused ones that have to be answered before the real one is sent."""
GOAL_SECONDS: Final = 1.0
"""From the webhook to the route, where the other color is ready."""
BEARER: Final = {"Authorization": f"Bearer {TOKEN}"}

console = Console()
app = typer.Typer(add_completion=False)


@dataclass
class Storm:
    """Refused webhooks at a constant rate, one kind after the other; `answers` has the statuses."""

    agent: Agent
    answers: list[int] = field(default_factory=list)

    def send(self, first: int, begin: float) -> None:
        """One thread's part."""
        kinds = itertools.cycle(_refused())
        for number in range(first, REFUSED, THREADS):
            time.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            headers, content = next(kinds)
            self.answers.append(_post(self.agent.port, content, headers))


@dataclass(frozen=True)
class Round:
    """Seconds from the real webhook to its answer, and to the route's change."""

    kept: float
    moved: float
    refused: int


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Rounds of each kind.")] = 5,
) -> None:
    """Measure a rollback's own time, with and without a storm of refused webhooks."""
    found: dict[str, list[Round]] = {"quiet": [], "storm": []}
    for number, kind in itertools.product(range(1, rounds + 1), found):
        console.print(f"round {number} of {rounds}, {kind}")
        with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as made:
            found[kind].append(measure(made, is_storm=kind == "storm"))
    figures = summarize(found)
    show(figures)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    if figures["storm_moved_seconds"] > GOAL_SECONDS:
        raise typer.Exit(1)


def measure(made: Place, *, is_storm: bool) -> Round:
    """One rollback in a fresh namespace, blue already up."""
    made.cluster.patch("Deployment", "backend-blue", {"spec": {"replicas": 1}})
    leader = made.start_leader()
    made.start()
    until(lambda: _is_available(made), "blue is ready")
    with storm(leader) if is_storm else nullcontext(Storm(leader)) as refusals:
        sent, begin = time.time(), time.monotonic()
        status = _post(leader.port, made.webhook(), BEARER)
        kept = time.monotonic() - begin
        until(made.done, f"the rollback is over\n{made.logs()}")
    (operation,) = made.done()
    moved = datetime.fromisoformat(operation.times[Step.SEE]).timestamp() - sent
    if status != 200 or any(answer < 400 for answer in refusals.answers):
        raise typer.BadParameter(f"answered {status}; the others {set(refusals.answers)}")
    return Round(kept, moved, len(refusals.answers))


@contextmanager
def storm(agent: Agent) -> Iterator[Storm]:
    """A storm that has begun, and is over when this is left."""
    made, begin = Storm(agent), time.monotonic()
    threads = [threading.Thread(target=made.send, args=(i, begin)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    until(lambda: len(made.answers) >= CALM_REQUESTS, "the storm has begun")
    yield made
    for thread in threads:
        thread.join()


def summarize(found: dict[str, list[Round]]) -> dict[str, Any]:
    """Medians, and the slowest."""
    figures: dict[str, Any] = {
        **machine.facts(),
        "rounds": len(found["quiet"]),
        "refused_a_round": max(each.refused for each in found["storm"]),
        "refused_a_second": RATE,
    }
    for kind, rounds in found.items():
        for name in ("kept", "moved"):
            values = [getattr(each, name) for each in rounds]
            figures[f"{kind}_{name}_seconds"] = round(statistics.median(values), 3)
            figures[f"{kind}_{name}_seconds_most"] = round(max(values), 3)
    return figures


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title=f"a real webhook, {figures['rounds']} rounds, seconds: median (most)")
    for heading in ("", "quiet", f"{figures['refused_a_round']} refused ones"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, told in (("kept", "until it is kept"), ("moved", "until the route is changed")):
        cells = (
            f"{figures[f'{kind}_{name}_seconds']} ({figures[f'{kind}_{name}_seconds_most']})"
            for kind in ("quiet", "storm")
        )
        table.add_row(told, *cells)
    console.print(table)
    console.print(f"goal: the route is changed within {GOAL_SECONDS:g} s")


def _refused() -> list[tuple[dict[str, str], bytes]]:
    return [
        ({"Authorization": "Bearer wrong"}, body()),
        (BEARER, b"x" * (MAX_BYTES + 1)),
        (BEARER, b"<html>garbage</html>"),
        (BEARER, body(alert(stack="somebody-elses"))),
    ]


def _post(port: int, content: bytes, headers: dict[str, str]) -> int:
    """The status; 413 where the agent hung up on a body that is too long."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/webhook", body=content, headers=headers)
        return connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        return 413
    finally:
        connection.close()


def _is_available(made: Place) -> bool:
    found = made.cluster.get("Deployment", "backend-blue") or {}
    return bool((found.get("status") or {}).get("availableReplicas"))


if __name__ == "__main__":
    app()
