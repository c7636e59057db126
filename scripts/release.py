#!/usr/bin/env python3
"""Release a version: the runbook's whole procedure, from the checklist to the old color's end.

Example: scripts/release.py v1.2.0

Where it stood still or was killed: scripts/release.py --resume, or back by --abort. Each step is
journaled in the cluster, so any machine can go on. Ends with 0 when it is done, 1 where something
is bad, 2 usage, 3 when it can't be told: `--status` says where it stands.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.checklist import require_known
from ops.errors import UsageError
from ops.preflight.names import NAMES
from ops.release import connecting, procedure
from ops.release.beginning import Wish
from ops.release.connecting import LEASE_SECONDS, REPORTS, Chosen
from ops.release.entry import Options, Release
from ops.release.step import Step
from ops.shift.beginning import CANARY_STEPS
from ops.stack import Stack
from scripts import journals
from scripts.checklists import AcceptOption, ChecklistOption, reasons
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
from scripts.servers import AlertmanagerOption, PrometheusOption
from scripts.shifting import MinimumOption, Wishes, percentages

MARGIN_MINUTES = 60
"""Of the silence, for the steps that have no time of their own."""
MOST_SILENCE = 480

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    version: Annotated[
        str | None, typer.Argument(help="an image's tag, or its sha256:… digest")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with what is open")] = False,
    give_up: Annotated[bool, typer.Option("--abort", help="go back from it, safely")] = False,
    only_status: Annotated[
        bool, typer.Option("--status", help="what is open, who is at it, what was done")
    ] = False,
    first: Annotated[
        Step | None, typer.Option("--from", help="leave out what is before this step")
    ] = None,
    only: Annotated[Step | None, typer.Option("--only", help="do this step alone")] = None,
    accept: AcceptOption = None,
    checklist: ChecklistOption = None,
    canary: Annotated[
        bool, typer.Option("--canary/--no-canary", help="grow, or switch at once")
    ] = True,
    canary_steps: Annotated[
        str, typer.Option("--canary-steps", metavar="PERCENT,…", help="each above the one before")
    ] = ",".join(map(str, CANARY_STEPS)),
    canary_minutes: Annotated[
        float, typer.Option("--canary-minutes", min=0.01, max=240, help="each step is watched")
    ] = 10.0,
    watch_minutes: Annotated[
        float, typer.Option("--watch-minutes", min=0, max=240, help="then all of it")
    ] = 5.0,
    keep_minutes: Annotated[
        float, typer.Option("--keep-minutes", min=0, max=1440, help="then the old color stays")
    ] = 30.0,
    warmup_seconds: Annotated[
        float, typer.Option("--warmup-seconds", help="the longest time to warm up")
    ] = 120.0,
    time_factor: Annotated[
        float,
        typer.Option("--time-factor", min=0.1, max=100, help="what the checks allow, stretched"),
    ] = 1.0,
    minimum_requests: MinimumOption = None,
    times_worse: Annotated[
        float | None, typer.Option("--times-worse", min=1, help="as in canary.py; default: 1.5")
    ] = None,
    prometheus: PrometheusOption = None,
    alertmanager: AlertmanagerOption = None,
    browser: Annotated[
        str | None, typer.Option("--browser", metavar="PATH", help="another Chromium")
    ] = None,
    reports: Annotated[
        Path, typer.Option("--reports", metavar="FOLDER", help="where the report goes")
    ] = REPORTS,
    lease_seconds: Annotated[
        float, typer.Option("--lease-seconds", min=2, help="a run that fell silent is waited for")
    ] = LEASE_SECONDS,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the text above."""
    if sum((version is not None, resume, give_up, only_status)) != 1:
        raise UsageError("give one of VERSION, --resume, --abort and --status")
    if version is None and (first or only or dry_run):
        raise UsageError("--from, --only and --dry-run go with a VERSION")
    if first and only:
        raise UsageError("give one of --from and --only")
    accepted = reasons(accept)
    require_known(accepted, NAMES)
    if only_status:
        _status(stack, as_json=json)
        return
    chosen = Chosen(
        Wishes(prometheus, minimum_requests, times_worse, alertmanager),
        lease_seconds,
        reports,
        browser,
    )
    if version is None:
        tools = connecting.connect(Stack.chosen(stack, clear_lock=clear_lock), chosen, say)
        _show(procedure.abort(tools) if give_up else procedure.resume(tools, accepted), json)
        return
    steps = percentages("--canary-steps", canary_steps) if canary else ()
    minutes = canary_minutes * len(steps) + watch_minutes + keep_minutes + MARGIN_MINUTES
    options = Options(
        steps=steps,
        step_seconds=canary_minutes * 60,
        watch_seconds=watch_minutes * 60,
        keep_seconds=keep_minutes * 60,
        warmup_seconds=warmup_seconds,
        time_factor=time_factor,
        silence_minutes=min(MOST_SILENCE, round(minutes)),
        accept=accepted,
        checklist=str(checklist or ""),
        last=only or Step.NOTIFY,
    )
    wish = Wish(version, options, only or first or Step.PREFLIGHT)
    tools = connecting.connect(Stack.chosen(stack, clear_lock=clear_lock), chosen, say)
    if dry_run:
        journals.show_plan(procedure.plan(tools, wish), as_json=json)
        return
    _show(procedure.run(tools, wish), json)


def _show(release: Release, as_json: bool) -> None:
    lines = [str(release), *_taken(release), *release.notes]
    show(release.model_dump(mode="json"), as_json=as_json, text="\n".join(lines))


def _status(stack: str | None, *, as_json: bool) -> None:
    journal, lease = connecting.looking(Stack.chosen(stack))
    (found, history), holder = journal.both(), lease.holder()
    lines = [
        f"open: {found or 'nothing'}",
        *(_taken(found) if found else ()),
        f"at it: {holder or 'nobody'}",
        *(f"before: {each}" for each in reversed(history)),
    ]
    data: dict[str, Any] = {
        **journals.told(found, history),
        "holder": holder and vars(holder),
    }
    show(data, as_json=as_json, text="\n".join(lines))


def _taken(release: Release) -> list[str]:
    """A line for each step that was begun: how it ended, and how long it took."""
    return [f"  {run.step:<13} {run.outcome or 'under way':<9} {run.took}" for run in release.runs]


if __name__ == "__main__":
    main(app)
