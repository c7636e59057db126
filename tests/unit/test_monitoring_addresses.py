"""Who can't reach Prometheus and Alertmanager as pods do, gives their addresses to each command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from ops import operations
from ops.closing import connecting as closing
from ops.cluster import Cluster
from ops.incident import assess
from ops.operations import Operations
from ops.release import connecting as releasing
from ops.release.connecting import Chosen
from ops.release_rollback import connecting as undoing
from ops.shift.connecting import Wishes
from ops.stack import Stack
from scripts import diagnose, incident
from scripts.console import say
from tests.unit.json_server import JsonServer, json_server
from tests.unit.rollback_cluster import RollbackCluster
from tests.unit.scripts_table import commands
from tests.unit.stranger import OUTPUTS

STACK = Stack("production")
NOTHING = {"status": "success", "data": {"resultType": "vector", "result": []}}


@pytest.fixture
def server() -> Iterator[JsonServer]:
    """Prometheus and Alertmanager at once, by an address that no configuration has."""
    with json_server() as found:
        found.answers = {
            "GET /api/v2/silences": (200, []),
            "POST /api/v2/silences": (200, {"silenceID": "s1"}),
            "GET /api/v2/alerts": (200, []),
            "GET /api/v1/query": (200, NOTHING),
            "POST /api/v1/query": (200, NOTHING),
        }
        yield found


@pytest.fixture(autouse=True)
def facts(monkeypatch: pytest.MonkeyPatch) -> Operations:
    """A stack whose own addresses are those that only pods reach."""
    found = operations.parse(OUTPUTS, "production")
    monkeypatch.setattr(operations, "read", lambda _stack: found)
    monkeypatch.setattr(Stack, "chosen", lambda *_args, **_more: STACK)
    cluster = RollbackCluster()
    monkeypatch.setattr(cluster, "require_access", lambda: None)
    monkeypatch.setattr(Cluster, "connect", lambda *_args, **_more: cluster)
    return found


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("release", {"--prometheus", "--alertmanager"}),
        ("close_release", {"--prometheus", "--alertmanager"}),
        ("rollback_release", {"--alertmanager"}),
        ("check_metrics", {"--prometheus", "--alertmanager"}),
        ("status", {"--prometheus", "--alertmanager"}),
        ("incident assess", {"--prometheus", "--alertmanager"}),
        ("diagnose", {"--prometheus"}),
        ("preflight", {"--prometheus"}),
        ("canary", {"--prometheus"}),
        ("switch_deployment_color", {"--prometheus"}),
        ("silence_alerts create", {"--alertmanager"}),
        ("silence_alerts list", {"--alertmanager"}),
        ("silence_alerts expire", {"--alertmanager"}),
    ],
)
def test_each_command_that_asks_them_takes_their_addresses(command: str, options: set[str]) -> None:
    script, _, name = command.partition(" ")
    assert commands(script)[name] >= options


def test_a_release_silences_where_it_was_told(server: JsonServer) -> None:
    tools = releasing.connect(STACK, Chosen(Wishes(alertmanager=server.url)), say)
    assert "(s1)" in tools.silences.put("release-1", 30)


def test_the_release_that_is_undone_has_its_silence_ended_where_it_was_told(
    server: JsonServer,
) -> None:
    tools = undoing.connect(STACK, lambda _: True, 60, say, server.url)
    assert tools.release.silences.end("release-1") == "the silence had ended"


def test_a_closing_asks_both_where_it_was_told(server: JsonServer) -> None:
    wishes = Wishes(server.url, alertmanager=server.url)
    tools = closing.connect(STACK, "v1", wishes, say)
    assert tools.rows()
    assert {each.path for each in server.asked} >= {"/api/v1/query", "/api/v2/alerts"}


def test_an_assessment_asks_both_where_it_was_told(
    server: JsonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("_database", "_redis", "answers"):
        monkeypatch.setattr(assess, each, lambda _: "answers")
    args = ["assess", "--prometheus", server.url, "--alertmanager", server.url]
    done = CliRunner().invoke(incident.app, [*args, "--dependency", server.url])
    assert "nothing fires" in done.output
    assert "all targets are up" in done.output


def test_a_diagnosis_asks_prometheus_where_it_was_told(server: JsonServer) -> None:
    CliRunner().invoke(diagnose.app, ["errors", "--prometheus", server.url])
    assert "/api/v1/query" in {each.path for each in server.asked}


def test_what_is_not_given_stays_as_deployed(facts: Operations) -> None:
    before = facts.watched()
    after = facts.reached_by(None, "http://elsewhere:9093").watched()
    assert (after.prometheus_url, after.alertmanager_url) == (
        before.prometheus_url,
        "http://elsewhere:9093",
    )
    assert facts.reached_by(None, None) == facts
