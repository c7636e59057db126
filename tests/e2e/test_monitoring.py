"""Stack `local` as `make up` leaves it: its dashboards and checks, asked of its real Prometheus."""

import json
import subprocess
import sys
from typing import Any

import pytest

from ops import operations
from ops.cluster import Cluster
from ops.metrics import Prometheus
from ops.operations import Operations
from ops.stack import Stack
from tests.e2e import visitor
from tests.e2e.project import ROOT
from tests.waiting import until

EMPTY = {
    "Alerts that fire": "nothing fires",
    "Replica lag": "there is no replica",
    "Rollbacks": "nothing was rolled back",
    "Age of the newest backup": "none was taken",
    "Age of the last proof": "none was made",
}
"""Panels that have nothing to show in a stack that is well, and new."""
USUAL = "usual"
"""Legend of what is compared with last week's, which a new stack has not."""


@pytest.fixture(scope="module")
def deployed() -> Operations:
    return operations.read(Stack.chosen("local"))


def queries(deployed: Operations) -> dict[str, str]:
    """The dashboards' queries with their panels, as Grafana would read them."""
    cluster = Cluster.connect(deployed.namespace, context=deployed.kube_context)
    found = cluster.get("ConfigMap", "dashboards")
    assert found is not None
    return {
        target["expr"]: panel["title"]
        for text in found["data"].values()
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        if panel["title"] not in EMPTY and USUAL not in target["legendFormat"]
    }


def checked(*args: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, "scripts/check_metrics.py", "--stack", "local", "--json", *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def visit(deployed: Operations) -> None:
    for url in (deployed.public_url, *deployed.preview_urls.values()):
        for path in (visitor.PAGE, visitor.API):
            visitor.draw(url, 80, path)


def test_every_query_of_the_dashboards_has_series_once_there_was_traffic(
    deployed: Operations,
) -> None:
    prometheus = Prometheus(deployed.watched().prometheus_url)
    waiting = queries(deployed)
    assert waiting, "the dashboards have no query"

    def all_came() -> bool:
        visit(deployed)
        for query in list(waiting):
            if prometheus.range(query, seconds=60, step=5):
                del waiting[query]
        return not waiting

    until(all_came, lambda: f"series of {waiting}")


def test_the_checks_judge_the_color_that_has_traffic(deployed: Operations) -> None:

    def judged() -> dict[str, Any] | None:
        visit(deployed)
        _, rows = checked()
        found = {row["name"]: row for row in rows if row["of"] == deployed.active_color}
        return found if found.get("Error rate", {}).get("verdict") == "good" else None

    of_color = until(judged, "the active color has numbers, and is well")
    assert of_color is not None
    assert of_color["Traffic"]["now"] == "100 %"
    assert of_color["P95 latency"]["verdict"] in {"good", "unusual"}


def test_the_budget_is_of_the_intervals_that_were_deployed(deployed: Operations) -> None:
    code, cases = checked("--budget")
    assert code == 0
    failing = next(case for case in cases if case["fault"] == "all fails")
    steps = {step["name"]: step["seconds"] for step in failing["steps"]}
    facts = deployed.watched()
    assert steps["rule evaluated"] == facts.evaluation_seconds
    assert steps["rule's `for`"] >= 60 * facts.time_factor * (
        facts.thresholds.rollback.error_rate_for_minutes
    )
