#!/usr/bin/env python3
"""Prove a backup: restore it into a scratch, check what comes out, and take the scratch away.

Example: scripts/verify_backup.py latest --report proof.json

Ends with 0 when every check is good, 1 when one is bad, 3 when one could not be made. A good one is
tagged legal-ai:verified-at. Killed anywhere, run it again: the scratch that was left is dropped.
"""

import sys
from datetime import timedelta
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.backups.verify import Limits, enforce, verify
from ops.errors import UsageError
from scripts.backups import ArchiveOption, StoreOption, UrlOption, choose
from scripts.console import (
    DryRunOption,
    JsonOption,
    StackOption,
    application,
    main,
    say,
    show,
)

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    backup: Annotated[str, typer.Argument(help="latest, an id, or a label that only one has")],
    stack: StackOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="write the JSON report here as well")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="percent that a table's rows may differ from the source's")
    ] = 5.0,
    max_age_minutes: Annotated[
        int | None, typer.Option(help="how old it may be; default: backups.maxAgeMinutes")
    ] = None,
    database_url_env: UrlOption = None,
    store: StoreOption = None,
    archive: ArchiveOption = None,
) -> None:
    """See the text above."""
    if tolerance < 0 or (max_age_minutes is not None and max_age_minutes <= 0):
        raise UsageError("--tolerance must not be negative, and --max-age-minutes above 0")
    if report is not None and not report.absolute().parent.is_dir():
        raise UsageError(f"--report {report}: there is no folder {report.absolute().parent}")
    chosen = choose(stack, database_url_env, store, archive)
    found = chosen.engine.find(backup)
    if dry_run:
        would = f"would restore {found.id} into a scratch, check it, and drop the scratch"
        show({"would": would}, as_json=json, text=would)
        return
    max_age = timedelta(minutes=max_age_minutes) if max_age_minutes else chosen.max_age
    limits = Limits(max_age, tolerance_percent=tolerance)
    made = verify(chosen.engine, found, chosen.source_url, limits, say)
    if made.verdict == "good":
        chosen.tell("verified", made.finished_at, found.id)
    if report is not None:
        report.write_text(dumps(made.as_data(), indent=2) + "\n")
    text = "\n".join([*(str(each) for each in made.checks), f"{found.id} is {made.verdict}"])
    show(made.as_data(), as_json=json, text=text)
    enforce(made.checks, f"{found.id} is not proven")


if __name__ == "__main__":
    main(app)
