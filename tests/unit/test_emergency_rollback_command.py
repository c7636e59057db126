"""`scripts/emergency_rollback.py` as typed: what goes together, and what is asked of Pulumi."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import operations
from ops.cluster import Cluster
from ops.errors import CouldNotFindOut, OpsError, UsageError
from ops.stack import Stack
from scripts.emergency_rollback import app
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> RollbackCluster:
    """The only cluster that there is, whatever its namespace and context."""
    made = RollbackCluster()
    monkeypatch.setattr(Cluster, "connect", lambda *_args, **_more: made)
    return made


def run(*args: str) -> Any:
    return CliRunner().invoke(app, args)


def refused(*args: str) -> OpsError:
    error = run(*args).exception
    assert isinstance(error, OpsError)
    return error


def test_where_a_namespace_is_given_nothing_is_asked_of_pulumi(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "chosen", lambda *_: pytest.fail("Pulumi was asked"))
    done = run("--namespace", "legal-ai", "--reason", "it hurts")
    assert done.exit_code == 0, done.output
    assert cluster.weights == {BLUE: 100}
    assert "--acknowledge" in done.output


def test_where_pulumi_does_not_answer_the_way_without_it_is_told(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: Stack) -> None:
        raise CouldNotFindOut("the state is out of reach")

    monkeypatch.setattr(Stack, "chosen", lambda *_, **__: Stack("e2e", Path()))
    monkeypatch.setattr(operations, "read", lost)
    assert "--namespace NAME" in str(refused())
    assert cluster.weights == {GREEN: 100}


def test_where_no_stack_is_named_and_pulumi_does_not_answer_the_way_without_it_is_told(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def hang(argv: list[str], **more: Any) -> None:
        waited.append(more["timeout"])
        raise subprocess.TimeoutExpired(argv, more["timeout"])

    monkeypatch.delenv("PULUMI_STACK", raising=False)
    monkeypatch.setattr(subprocess, "run", hang)
    assert "--namespace NAME" in str(refused())
    assert "--namespace NAME" in str(refused("--stack", "e2e"))
    assert waited == [15, 15]
    assert cluster.weights == {GREEN: 100}


def test_where_there_is_no_pulumi_the_way_without_it_is_told(
    cluster: RollbackCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refused()
    assert isinstance(error, UsageError)
    assert "--namespace NAME" in str(error)
    assert cluster.weights == {GREEN: 100}


def test_acknowledging_needs_the_stack_and_does_nothing_else(cluster: RollbackCluster) -> None:
    assert isinstance(refused("--acknowledge", "--namespace", "legal-ai"), UsageError)
    assert isinstance(refused("--acknowledge", "--status"), UsageError)
    assert cluster.writes == []


def test_status_and_dry_run_change_nothing(cluster: RollbackCluster) -> None:
    status = run("--namespace", "legal-ai", "--status")
    assert "green 100 %" in status.output
    dry = run("--namespace", "legal-ai", "--dry-run")
    assert "would be done: traffic goes back from green to blue" in dry.output
    assert cluster.writes == []


def test_a_color_without_traffic_has_none_to_take(cluster: RollbackCluster) -> None:
    done = run("--namespace", "legal-ai", "--from", "blue")
    assert (done.exit_code, cluster.writes) == (0, [])
    assert "blue has no traffic" in done.output
