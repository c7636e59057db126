#!/usr/bin/env python3
"""Say which color runs the background services (workers and cron jobs), and whether it is one.

Example: scripts/check_background.py --stack production

Ends with 0 when exactly one color runs them, or the stack is to run none; 1 when none does or both
do (so for a moment in a switch); 3 when it could not be found out.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import background, operations
from ops.stack import Stack
from ops.verdict import enforce
from scripts.console import JsonOption, StackOption, application, main, show

app = application(__doc__)


@app.command(help=__doc__)
def run(stack: StackOption = None, json: JsonOption = False) -> None:
    """See the text above."""
    facts = operations.read(Stack.chosen(stack))
    cluster = facts.cluster()
    found = background.running(cluster)
    findings = background.judge(found, is_wanted=background.wanted(cluster))
    show(
        {
            "running": {color: [str(each) for each in runners] for color, runners in found.items()},
            "problems": [finding.reason for finding in findings],
        },
        as_json=json,
        text="\n".join(
            f"{color}: {background.listed(runners) or 'nothing'}"
            for color, runners in found.items()
        ),
    )
    enforce(findings, "the background services do not run in exactly one color")


if __name__ == "__main__":
    main(app)
