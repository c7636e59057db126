"""How fast the emergency rollback is, beside a raw patch of the route in the same run.

From the command's start to the last answer of the bad color, which fails some requests by itself;
what is lost beyond those is counted. Prints a table and writes `bench/results/rollback.json`.

    make bench-rollback          # or: source .local/env && python -m bench.rollback --rounds 5
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.load import Load, Shot
from bench.route import give_all
from ops.cluster import Cluster
from ops.color import Color
from tests.e2e.conftest import project_with, settle
from tests.e2e.project import ROOT, STACK, Project, finish
from tests.e2e.shifting import Shifting

RESULTS: Final = ROOT / "bench" / "results" / "rollback.json"
SCRIPT: Final = ROOT / "scripts" / "emergency_rollback.py"
BAD, GOOD = Color.GREEN, Color.BLUE
RATE: Final = 200.0
PATHS: Final = ("/api/health", "/")
CALM_SECONDS: Final = 3.0
"""Load before and after: so the bad color is seen failing, and its last answer is the last."""
ERROR_RATE: Final = 0.05
REDIS: Final = 7
WAYS: Final = {
    "patch": "raw patch (floor)",
    "ready": "other color ready",
    "namespace": "ready, --namespace",
    "zero": "other color at zero",
}

console = Console()
app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Way:
    """One way back under load. `last`: seconds to the bad color's last answer; `command`: its end.

    `failed` requests are the bad color's own errors; `lost` are all others without a good answer.
    """

    last: float
    command: float
    requests: int
    failed: int
    lost: int


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Rounds; one more warms up.")] = 3,
) -> None:
    """Measure in a namespace of the local stack's cluster that goes away again."""
    found: dict[str, list[Way]] = {way: [] for way in WAYS}
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder, project_with(Path(folder), REDIS) as project:
        project.up().ok()
        settle(project)
        # Before it fails: the gate tries a version that never served.
        project.switch(BAD).ok()
        cluster = Cluster.connect(project.namespace, field_manager="bench")
        with Shifting(project, REDIS).failing(BAD, error_rate=ERROR_RATE):
            for number in range(rounds + 1):
                console.print(f"round {number} of {rounds}{' (warm-up)' if number == 0 else ''}")
                begin = time.monotonic()
                rollback(project, "--help")
                if number:
                    starts.append(time.monotonic() - begin)
                for way, measured in found.items():
                    one = measure(project, cluster, way)
                    if number:
                        measured.append(one)
    figures = summarize(found) | {"start_seconds": _median(starts)}
    show(figures)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    if any(figures[f"{way}_lost"] for way in WAYS):
        raise typer.Exit(1)


def measure(project: Project, cluster: Cluster, way: str) -> Way:
    """The bad color has everything, then one way back; afterwards Pulumi agrees with it."""
    project.switch(BAD).ok()
    if way == "patch":
        found = under_load(project.url, lambda: give_all(cluster, GOOD))
        give_all(cluster, BAD)
        return found
    if way == "zero":
        project.set(f"{GOOD}.replicas=0")
        project.up().ok()
    where = ["--namespace", project.namespace] if way == "namespace" else ["--stack", STACK]
    found = under_load(project.url, lambda: rollback(project, *where))
    rollback(project, "--acknowledge")
    return found


def rollback(project: Project, *args: str) -> None:
    """The script, as people start it."""
    finish(project.run([sys.executable, str(SCRIPT), *args])).ok()


def under_load(url: str, act: Callable[[], object]) -> Way:
    """Run `act` under load, and look who answered what, and when."""
    with Load(url, PATHS, rate=RATE) as load:
        time.sleep(CALM_SECONDS)
        begin = time.monotonic()
        act()
        end = time.monotonic()
        time.sleep(CALM_SECONDS)
    last = max((shot.at + shot.latency for shot in load.shots if shot.routed == BAD), default=begin)
    failed = [shot for shot in load.lost if is_its_own(shot)]
    return Way(
        last=last - begin,
        command=end - begin,
        requests=len(load.shots),
        failed=len(failed),
        lost=len(load.lost) - len(failed),
    )


def is_its_own(shot: Shot) -> bool:
    """An error that the bad color's application itself answered with."""
    return shot.status >= 500 and shot.app == BAD


def summarize(found: dict[str, list[Way]]) -> dict[str, Any]:
    """Medians over the rounds, the ratios to the raw patch, and what was lost in any of them."""
    figures: dict[str, Any] = {
        **machine.facts(),
        "rounds": len(found["patch"]),
        "rate": RATE,
        "error_rate": ERROR_RATE,
    }
    floors = [each.last for each in found["patch"]]
    for way, measured in found.items():
        ratios = [each.last / floor for each, floor in zip(measured, floors, strict=True)]
        figures |= {
            f"{way}_last_bad_answer_seconds": _median(each.last for each in measured),
            f"{way}_to_patch_ratio": _median(ratios),
            f"{way}_command_seconds": _median(each.command for each in measured),
            f"{way}_requests": sum(each.requests for each in measured),
            f"{way}_failed_by_the_bad_color": sum(each.failed for each in measured),
            f"{way}_lost": sum(each.lost for each in measured),
        }
    return figures


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title=f"rollback, {figures['rounds']} rounds, {figures['rate']:g} requests/s")
    for heading in ("", *WAYS.values()):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = {
        "last answer of the bad color, s": "last_bad_answer_seconds",
        "as a ratio to the raw patch": "to_patch_ratio",
        "end of the command, s": "command_seconds",
        "requests": "requests",
        "failed by the bad color itself": "failed_by_the_bad_color",
        "lost beyond that": "lost",
    }
    for told, key in rows.items():
        table.add_row(told, *(str(figures[f"{way}_{key}"]) for way in WAYS))
    console.print(table)
    console.print(f"of each command {figures['start_seconds']} s are Python and its imports")


if __name__ == "__main__":
    app()
