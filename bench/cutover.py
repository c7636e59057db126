"""How fast the switch is, beside its floor and an `up` of nothing, all in one run.

Prints a table and writes `bench/results/cutover.json`. Times are seconds of wall clock from the
start of the command; machines are noisy, so the ratios are what to compare.

    make bench          # or: source .local/env && python -m bench.cutover --rounds 5
"""

import json
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.load import Load, Shot, percentile
from bench.route import give_all
from ops.cluster import Cluster

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results" / "cutover.json"
RATE: Final = 300.0
CALM_SECONDS: Final = 4.0
"""Load before and after each switch: what "before" and "after" percentiles are taken from."""
GOAL: Final = 2.5
"""The switch within this many times an `up` of an empty program."""
PATHS: Final = ("/api/health", "/")
UP: Final = ("up", "--yes", "--skip-preview")
EMPTY: Final = """\
name: empty
runtime: {name: python, options: {virtualenv: VENV}}
"""

console = Console()


@dataclass(frozen=True)
class Switched:
    """One switch under load: seconds to the command's end and to the first new answer."""

    command: float
    first: float
    shots: list[Shot]
    begin: float
    end: float

    def slice(self, when: str) -> list[Shot]:
        """The shots before, during or after the command."""
        spans = {
            "before": lambda at: at < self.begin,
            "during": lambda at: self.begin <= at <= self.end,
            "after": lambda at: at > self.end,
        }
        return [shot for shot in self.shots if spans[when](shot.at)]


@dataclass(frozen=True)
class Round:
    """The same switch both ways, an `up` of nothing, and the seconds the gate itself took."""

    up: Switched
    raw: Switched
    nothing: float
    gate: float


app = typer.Typer(add_completion=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Rounds; one more warms up.")] = 5,
) -> None:
    """Measure the cutover of stack `local`; ends with blue serving everything again."""
    outputs = json.loads(pulumi("stack", "output", "--json"))
    url, namespace = outputs["publicUrl"], outputs["namespace"]
    cluster = Cluster.connect(namespace, field_manager="bench")
    pulumi_switch("blue")
    measured: list[Round] = []
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_project(Path(folder))
        for number in range(rounds + 1):
            console.print(f"round {number} of {rounds}{' (warm-up)' if number == 0 else ''}")
            one = measure(url, cluster, empty)
            if number:
                measured.append(one)
    figures = summarize(measured)
    show(figures)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    if figures["lost"]:
        raise typer.Exit(1)


def measure(url: str, cluster: Cluster, empty: Path) -> Round:
    """One round: the switch by `pulumi up`, the raw patch, and an `up` of nothing."""
    told: list[str] = []
    configure("green")
    up = switch(url, "green", lambda: told.append(pulumi(*UP)))
    pulumi_switch("blue")
    raw = switch(url, "green", lambda: give_all(cluster, "green"))
    give_all(cluster, "blue")
    with Load(url, PATHS, rate=RATE):
        begin = time.monotonic()
        pulumi(*UP, cwd=empty)
        nothing = time.monotonic() - begin
    gate = sum(float(seconds) for seconds in re.findall(r"gate: .* took ([0-9.]+) s", told[0]))
    return Round(up, raw, nothing, gate)


def switch(url: str, color: str, act: Callable[[], object]) -> Switched:
    """Run `act` under load and find the first answer of `color` after it started."""
    with Load(url, PATHS, rate=RATE) as load:
        time.sleep(CALM_SECONDS)
        begin = time.monotonic()
        act()
        end = time.monotonic()
        time.sleep(CALM_SECONDS)
    answered = [s.at + s.latency for s in load.shots if s.routed == color and s.at >= begin]
    return Switched(end - begin, min(answered) - begin, load.shots, begin, end)


def configure(color: str) -> None:
    """The config half of what a user types."""
    pulumi(
        "config", "set-all", "--plaintext", f"legal-ai:activeColor={color}",
        "--plaintext", "legal-ai:canaryWeight=0",
    )  # fmt: skip


def pulumi_switch(color: str) -> None:
    """What a user types, without the preview."""
    configure(color)
    pulumi(*UP)


def empty_project(folder: Path) -> Path:
    """A Pulumi project without a resource, with a stack of the same name and backend."""
    (folder / "Pulumi.yaml").write_text(EMPTY.replace("VENV", str(ROOT / ".venv")))
    (folder / "__main__.py").write_text("import pulumi\n")
    subprocess.run(["pulumi", "stack", "select", "--create", "local"], cwd=folder, check=True)
    return folder


def pulumi(*args: str, cwd: Path = ROOT) -> str:
    """Run the CLI; returns what it printed. Ends the bench, with that, if it failed."""
    done = subprocess.run(
        ["pulumi", *args, "--non-interactive"],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        console.print(done.stdout)
        raise typer.Exit(1)
    return done.stdout


def summarize(rounds: list[Round]) -> dict[str, Any]:
    """Medians over the rounds, and every request that was lost in any of them."""
    median = statistics.median
    command = median(r.up.command for r in rounds)
    nothing = median(r.nothing for r in rounds)
    figures: dict[str, Any] = {
        **machine.facts(),
        "pulumi": pulumi("version").strip(),
        "rounds": len(rounds),
        "rate": RATE,
        "up_seconds": round(command, 2),
        "empty_up_seconds": round(nothing, 2),
        "up_to_empty_ratio": round(median(r.up.command / r.nothing for r in rounds), 2),
        "up_without_gate_to_empty_ratio": round(
            median((r.up.command - r.gate) / r.nothing for r in rounds), 2
        ),
        "gate_seconds": round(median(r.gate for r in rounds), 2),
        "first_answer_up_seconds": round(median(r.up.first for r in rounds), 2),
        "first_answer_patch_seconds": round(median(r.raw.first for r in rounds), 2),
        "requests": sum(len(s.shots) for r in rounds for s in (r.up, r.raw)),
        "lost": sum(shot.is_lost for r in rounds for s in (r.up, r.raw) for shot in s.shots),
    }
    for way in ("up", "raw"):
        for when in ("before", "during", "after"):
            slices = [getattr(r, way).slice(when) for r in rounds]
            p99 = median(percentile(shots, 99) for shots in slices)
            figures[f"p99_{way}_{when}_ms"] = round(1000 * p99, 1)
    return figures


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table(title=f"cutover, {figures['rounds']} rounds, {figures['rate']:g} requests/s")
    for heading in ("", "pulumi up", "raw patch (floor)"):
        table.add_column(heading, justify="left" if not heading else "right")
    first = ("first_answer_up_seconds", "first_answer_patch_seconds")
    table.add_row("first answer of the new color, s", *(str(figures[key]) for key in first))
    for when in ("before", "during", "after"):
        cells = (str(figures[f"p99_{way}_{when}_ms"]) for way in ("up", "raw"))
        table.add_row(f"p99 {when}, ms", *cells)
    console.print(table)
    console.print(
        f"lost: {figures['lost']} of {figures['requests']} requests\n"
        f"`pulumi up` {figures['up_seconds']} s, of an empty program under the same load "
        f"{figures['empty_up_seconds']} s: {figures['up_to_empty_ratio']} times; without the "
        f"gate's own checks ({figures['gate_seconds']} s) "
        f"{figures['up_without_gate_to_empty_ratio']} times (goal {GOAL})"
    )


if __name__ == "__main__":
    app()
