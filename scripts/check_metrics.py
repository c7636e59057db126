#!/usr/bin/env python3
"""The runbook's monitoring checks: what is now, against what is normal and what alarms.

Example: scripts/check_metrics.py --json

Ends with 0 when nothing is bad, 1 when something alarms, 3 when something could not be found out
(no data, too few requests to judge). `--budget` prints how long a rollback may take instead.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

sys.path[0] = str(Path(__file__).resolve().parents[1])

from ops import budget as budgets
from ops import operations, vitals
from ops.alertmanager import Alertmanager
from ops.errors import UsageError
from ops.metrics import Prometheus
from ops.stack import Stack
from ops.vitals.row import enforce, table
from ops.vitals.subject import Subject
from scripts.console import JsonOption, StackOption, application, main, show
from scripts.servers import AlertmanagerOption, PrometheusOption

app = application(__doc__)


@app.command(help=__doc__)
def run(
    stack: StackOption = None,
    prometheus: PrometheusOption = None,
    alertmanager: AlertmanagerOption = None,
    budget: Annotated[
        bool, typer.Option("--budget", help="the longest time from a fault to its rollback")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """See the text above."""
    chosen = Stack.chosen(stack)
    deployed = operations.read(chosen)
    facts = deployed.watched()
    if budget:
        if not facts.acts:
            raise UsageError(
                f"nothing rolls stack {chosen.name} back by itself: agent.enabled, "
                "alerts.rollback.enabled and alerts.delivery must say so, then `pulumi up`"
            )
        cases = budgets.cases(facts)
        data = [asdict(case) | {"seconds": case.seconds} for case in cases]
        show(data, as_json=as_json, text=budgets.table(cases))
        return
    if facts.delivery == "none":
        raise UsageError(
            f"stack {chosen.name} is not watched (alerts.delivery is none): no rules, no numbers. "
            "Set it to operator or files, then `pulumi up`"
        )
    subject = Subject(
        stack=chosen.short_name,
        namespace=deployed.namespace,
        weights=deployed.weights,
        has_replica=bool(deployed.database.replica_url),
        facts=facts,
    )
    rows = vitals.rows(
        subject,
        Prometheus(prometheus or facts.prometheus_url),
        Alertmanager(alertmanager or facts.alertmanager_url),
    )
    show([asdict(row) for row in rows], as_json=as_json, text=table(rows))
    enforce(rows)


if __name__ == "__main__":
    main(app)
