#!/usr/bin/env python3
"""Ask a running application the runbook's eight questions, and for its page.

Example: scripts/smoke_tests.py https://green.HOST --stack production

Without a stack: SMOKE_PASSWORD=… scripts/smoke_tests.py https://HOST

One color and version must answer everything. What is uploaded is deleted again. Ends with 0 when
all is good, 1 when something is bad, 2 for wrong options, 3 when it could not be found out.
"""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops.application.user import NAME, VARIABLE
from ops.smoke_suite import CHECKS, Suite
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
    time_factor: FactorOption = 1.0,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """See the module's text."""
    require(time_factor, report)
    visitor, who = choose(Options(url, stack, color, version, user, password_env))
    if dry_run:
        lines = [
            f"{each.name}: time-out {each.timeout * time_factor:g} s, "
            f"budget {each.budget * time_factor:g} s"
            for each in CHECKS
        ]
        show({"would": lines}, as_json=as_json, text="\n".join(["would check:", *lines]))
        return
    began = datetime.now(UTC)
    with closing(visitor):
        found = Suite(visitor, who, say, time_factor).run()
    finish("smoke tests", found, began, report, as_json=as_json)


if __name__ == "__main__":
    main(app)
