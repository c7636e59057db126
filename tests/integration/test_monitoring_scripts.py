"""The monitoring's scripts and dashboards against a real Prometheus and a real Alertmanager."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from components import alert_plan
from components.dashboards import site
from components.settings import Settings
from ops.alertmanager import Alertmanager
from ops.alerts import rules, series
from ops.alerts.names import Alert
from ops.color import Color
from ops.dashboards import dashboards
from ops.metrics import NoData, Prometheus, QueryFailed
from ops.operations import Operations
from ops.silences import Matcher, Silence
from scripts import check_metrics, silence_alerts
from scripts.console import main
from tests.integration.monitors import Monitors, monitors
from tests.integration.played_stack import NAMESPACE, PlayedStack
from tests.unit.configs import loaded
from tests.unit.monitored import monitoring
from tests.unit.test_stack import FACTS
from tests.waiting import until

STACK = "local"
FACTOR = 0.0001
"""A week is a minute: the baseline is there within the test."""
REPLICA_LAG = "Replica lag"
"""The one panel that has no data here: the database is none of RDS', so it has no replica."""

pytestmark = pytest.mark.timeout(150)

Run = Callable[..., int]


def configured() -> Settings:
    alerts = {
        "delivery": "none",
        "scrapeSeconds": 1,
        "evaluationSeconds": 1,
        "timeFactor": FACTOR,
        "exporters": ["kubelet", "kube-state-metrics", "postgres", "disk"],
    }
    return loaded({"alerts": alerts})


@pytest.fixture(scope="module")
def played() -> PlayedStack:
    return PlayedStack()


@pytest.fixture(scope="module")
def running(played: PlayedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitors]:
    document = rules.document(alert_plan.watched(STACK, configured()))
    with monitors(tmp_path_factory.mktemp("monitors"), document, played.exposed) as made:
        yield made


@pytest.fixture
def command(running: Monitors, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a script as if the stack were deployed with these monitors; returns its exit code."""
    facts = monitoring(
        prometheusUrl=running.prometheus,
        alertmanagerUrl=running.alertmanager,
        scrapeSeconds=1,
        evaluationSeconds=1,
        timeFactor=FACTOR,
    )
    deployed = Operations.model_validate(FACTS).model_copy(update={"monitoring": facts})
    stack = SimpleNamespace(name=f"organization/legal-ai/{STACK}", short_name=STACK)
    monkeypatch.setattr("ops.operations.read", lambda stack: deployed)
    monkeypatch.setattr("ops.stack.Stack.chosen", lambda name: stack)

    def run(app: Any, *args: str) -> int:
        monkeypatch.setattr(sys, "argv", ["script", *args])
        with pytest.raises(SystemExit) as ended:
            main(app)
        return int(ended.value.code or 0)

    return run


def firing(running: Monitors) -> set[str]:
    return {alert.name for alert in Alertmanager(running.alertmanager).alerts(NAMESPACE)}


def test_every_query_of_every_dashboard_has_series(running: Monitors, played: PlayedStack) -> None:
    prometheus = Prometheus(running.prometheus)
    played.memory_share = 0.95
    until(lambda: Alert.MEMORY_HIGH in firing(running), "the alert fires")

    def empty() -> list[str]:
        return [
            f"{panel['title']}: {target['expr']}"
            for body in dashboards(site(STACK, configured())).values()
            for panel in json.loads(body)["panels"]
            for target in panel["targets"]
            if panel["title"] != REPLICA_LAG
            and not prometheus.range(target["expr"], seconds=60, step=1)
        ]

    until(lambda: not empty(), lambda: f"series of {empty()}")
    assert prometheus.vector(series.query(series.REPLICA_LAG, NAMESPACE)) == []


def test_the_checks_follow_what_happens_and_end_accordingly(
    running: Monitors, played: PlayedStack, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    played.memory_share = 0.3
    until(lambda: not firing(running), "the alerts end")
    until(lambda: command(check_metrics.app) == 0, "the stack is well")
    assert "Error rate    blue" in capsys.readouterr().out
    played.failing[Color.BLUE] = 0.2
    until(lambda: Alert.DEPLOYMENT_FAILURE in firing(running), "DeploymentFailure fires")
    capsys.readouterr()
    assert command(check_metrics.app, "--json") == 1
    told = capsys.readouterr()
    rows = {row["name"]: row for row in json.loads(told.out)}
    assert rows["Error rate"]["verdict"] == rows["DeploymentFailure"]["verdict"] == "bad"
    assert "DeploymentFailure of blue" in told.err
    played.failing.clear()
    until(lambda: not firing(running), "the alerts end")


def test_a_silence_is_made_renewed_listed_and_ended(
    running: Monitors, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("create", "severity=warning", "--comment", "release", "--json", "--minutes")
    assert command(silence_alerts.app, *create, "60") == 0
    first = json.loads(capsys.readouterr().out)
    assert command(silence_alerts.app, *create, "120") == 0
    renewed = json.loads(capsys.readouterr().out)
    assert renewed["id"] == first["id"]
    assert renewed["endsAt"] > first["endsAt"]
    assert command(silence_alerts.app, "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["state"], listed["coversRollback"]) == (
        first["id"],
        "active",
        False,
    )
    assert {"namespace=legal-ai", "stack=local", "severity=warning"} == set(listed["matchers"])
    assert command(silence_alerts.app, "expire", first["id"]) == 0
    assert command(silence_alerts.app, "expire", first["id"]) == 0
    capsys.readouterr()
    assert command(silence_alerts.app, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_silence_for_later_is_renewed_before_it_begins(
    running: Monitors, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    create = ("create", "severity=warning", "--comment", "later", "--json", "--from", begin)
    assert command(silence_alerts.app, *create, "--minutes", "60") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["state"] == "pending"
    assert command(silence_alerts.app, *create, "--minutes", "30") == 0
    assert json.loads(capsys.readouterr().out)["id"] == first["id"]
    assert command(silence_alerts.app, "expire", first["id"]) == 0


def test_a_silence_that_somebody_made_against_the_agent_is_found(
    running: Monitors, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Alertmanager(running.alertmanager)
    start = datetime.now(UTC)
    everything = (Matcher("severity", ".+", is_regex=True),)
    made = server.put(Silence(everything, start, start + timedelta(hours=1), "them", "peace"))
    assert command(check_metrics.app) == 1
    assert f"expire {made}" in capsys.readouterr().err
    assert command(silence_alerts.app, "expire", made) == 0
    until(lambda: command(check_metrics.app) == 0, "the stack is well again")


def test_a_silenced_alert_is_told_as_such(running: Monitors, played: PlayedStack) -> None:
    server = Alertmanager(running.alertmanager)
    start = datetime.now(UTC)
    memory = (Matcher("alertname", Alert.MEMORY_HIGH), Matcher("namespace", NAMESPACE))
    made = server.put(Silence(memory, start, start + timedelta(hours=1), "us", "known"))
    played.memory_share = 0.95
    found = until(
        lambda: [each for each in server.alerts(NAMESPACE) if each.silenced_by],
        "the alert is silenced",
    )
    assert found[0].silenced_by == (made,)
    played.memory_share = 0.3
    server.expire(made)
    silence = server.silence(made)
    assert silence is not None
    assert not silence.stands


def test_three_ways_of_not_knowing_are_told_apart(
    running: Monitors, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    prometheus = Prometheus(running.prometheus)
    assert prometheus.value("vector(7)") == prometheus.value("7") == 7
    for nothing in ("no_such_metric", "vector(0) / vector(0)"):
        with pytest.raises(NoData):
            prometheus.value(nothing)
    with pytest.raises(QueryFailed, match="bad_data"):
        prometheus.value("sum(")
    capsys.readouterr()
    assert command(check_metrics.app, "--prometheus", "http://127.0.0.1:9") == 3
    assert "prometheusUrl" in capsys.readouterr().err
