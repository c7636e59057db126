#!/usr/bin/env python3
"""Send the color in standby a growing part of the traffic, compare the two, then switch to it.

Example: scripts/canary.py --steps 10,25,50,100 --minutes 10

Each step is watched against the active color in the same window; where the canary is worse, all
traffic goes back. Killed anywhere, run it again: it goes on at its step. Ends with 0 when the new
color serves and is well, 1 refused or gone back, 2 usage, 3 when it can't be told: traffic stays
then, and people are paged.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.color import Color
from ops.errors import UsageError
from ops.shift.beginning import CANARY_STEPS, STEP_SECONDS, SWITCH_SECONDS, Wish
from ops.stack import Stack
from scripts.console import (
    ClearLockOption,
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
)
from scripts.shifting import (
    MinimumOption,
    PrometheusOption,
    Wishes,
    abort,
    percentages,
    shift,
    status,
)

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    color: Annotated[
        Color | None, typer.Argument(help="whose canary; default: the color in standby")
    ] = None,
    steps: Annotated[
        str, typer.Option("--steps", metavar="PERCENT,…", help="each above the one before")
    ] = ",".join(map(str, CANARY_STEPS)),
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.01, max=1440, help="how long each step is watched")
    ] = STEP_SECONDS / 60,
    watch_minutes: Annotated[
        float, typer.Option("--watch-minutes", min=0, max=1440, help="and the switch at its end")
    ] = SWITCH_SECONDS / 60,
    times_worse: Annotated[
        float | None,
        typer.Option("--times-worse", min=1, help="errors and P95 may be; default: 1.5"),
    ] = None,
    minimum_requests: MinimumOption = None,
    prometheus: PrometheusOption = None,
    give_up: Annotated[
        bool, typer.Option("--abort", help="give the other color all traffic again, and end it")
    ] = False,
    only_status: Annotated[
        bool, typer.Option("--status", help="what is open, and what was done last")
    ] = False,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the text above."""
    if give_up + only_status + dry_run > 1:
        raise UsageError("give one of --abort, --status and --dry-run")
    wishes = Wishes(prometheus, minimum_requests, times_worse)
    wish = Wish(color, percentages("--steps", steps), minutes * 60, watch_minutes * 60)
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    if only_status:
        status(chosen, as_json=json)
        return
    if give_up:
        abort(chosen, wishes, as_json=json)
        return
    shift(chosen, wish, wishes, as_json=json, dry_run=dry_run)


if __name__ == "__main__":
    main(app)
