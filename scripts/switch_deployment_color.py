#!/usr/bin/env python3
"""Send all public traffic to a color, watch it there, and switch back where it fails.

Example: scripts/switch_deployment_color.py green

By the configuration and `pulumi up`, so the gate looks first. Killed anywhere, run it again: it
goes on. Ends with 0 when the color serves and is well, 1 refused or switched back, 2 usage, 3 when
it can't be told: traffic stays then, and people are paged.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.color import Color
from ops.shift.beginning import SWITCH_SECONDS, Wish
from ops.stack import Stack
from scripts.console import (
    ClearLockOption,
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
)
from scripts.shifting import MinimumOption, PrometheusOption, Wishes, shift

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    color: Annotated[Color, typer.Argument(help="who is to serve everybody")],
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.01, max=1440, help="how long it is watched")
    ] = SWITCH_SECONDS / 60,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="don't watch: a way back without Prometheus")
    ] = False,
    minimum_requests: MinimumOption = None,
    prometheus: PrometheusOption = None,
    stack: StackOption = None,
    clear_lock: ClearLockOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the text above."""
    wish = Wish(target=color, switch_seconds=0.0 if no_watch else minutes * 60)
    chosen = Stack.chosen(stack, clear_lock=clear_lock)
    shift(chosen, wish, Wishes(prometheus, minimum_requests), as_json=json, dry_run=dry_run)


if __name__ == "__main__":
    main(app)
