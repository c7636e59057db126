#!/usr/bin/env python3
"""Do the runbook's manual checklist in a real browser, from the home page to the settings.

Example: scripts/verify_ui.py https://green.HOST --stack production

Without a stack: SMOKE_PASSWORD=… scripts/verify_ui.py https://HOST

The system's Chromium is used. What is changed is put back, what is uploaded deleted. Ends with 0
when all is good, 1 when something is bad, 2 for wrong options, 3 when it could not be found out.
"""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.application.identity import Identity
from ops.application.user import NAME, VARIABLE
from ops.ui_check import Walk
from ops.ui_check.browser import find, opened
from ops.ui_check.journey import STEPS
from ops.ui_check.put_back import PutBack
from ops.ui_check.witness import Witness
from scripts.checks import (
    ColorOption,
    FactorOption,
    JunitOption,
    Options,
    PasswordOption,
    StackOption,
    UrlArgument,
    UserOption,
    VersionOption,
    choose,
    finish,
    require,
)
from scripts.console import DryRunOption, JsonOption, application, main, say, show

PICTURES = Path("verify-ui")

app = application(__doc__)


@app.command(help=__doc__)
def run(  # noqa: PLR0913, PLR0917 typer makes an option of each
    url: UrlArgument,
    stack: StackOption = None,
    color: ColorOption = None,
    version: VersionOption = None,
    user: UserOption = NAME,
    password_env: PasswordOption = VARIABLE,
    report: JunitOption = None,
    pictures: Annotated[
        Path, typer.Option("--pictures", metavar="FOLDER", help="for pictures of what fails")
    ] = PICTURES,
    browser: Annotated[
        str | None, typer.Option("--browser", metavar="PATH", help="another Chromium")
    ] = None,
    time_factor: FactorOption = 1.0,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the module's text."""
    require(time_factor, report)
    program = find(browser)
    visitor, who = choose(Options(url, stack, color, version, user, password_env))
    if dry_run:
        steps = [step.name for step in STEPS]
        show({"would": steps}, as_json=as_json, text=f"would check: {', '.join(steps)}")
        return
    began = datetime.now(UTC)
    # The browser is another visitor than the one who puts things back: a canary may draw
    # different colors for them.
    witness = Witness(visitor.url, Identity(visitor.identity.allowed))
    with closing(visitor), opened(program) as chromium:
        lines = Walk(witness, PutBack(visitor, who), pictures, say, time_factor).run(chromium)
    finish("browser check", lines, began, report, as_json=as_json)


if __name__ == "__main__":
    main(app)
