"""The command lines of the checks: exit codes, what is refused first, where the password is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import operations
from ops.application import user
from ops.cluster import Cluster
from ops.color import Color
from ops.errors import CouldNotFindOut, OpsError, Refused, UsageError
from ops.stack import Stack
from scripts import smoke_tests, verify_ui, warmup_deployment
from tests.unit.fake_application import PASSWORD, TOKEN, FakeApplication, answering, serving
from tests.unit.test_stack import FACTS


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def url(app: FakeApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SMOKE_PASSWORD", PASSWORD)
    with serving(app) as address:
        yield address


class SecretCluster(Cluster):
    """A namespace with what the pods of a color know."""

    def __init__(self, data: dict[str, str] | None) -> None:
        self.namespace = "legal-ai"
        self.data = data

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        assert (kind, name) == ("Secret", "app-green")
        if self.data is None:
            return None
        encoded = {k: base64.b64encode(v.encode()).decode() for k, v in self.data.items()}
        return {"data": encoded}


def smoke(*args: str) -> Result:
    arguments = [*args, "--time-factor", "10"]
    return CliRunner().invoke(smoke_tests.app, arguments, standalone_mode=False)


def error(result: Result) -> OpsError:
    assert isinstance(result.exception, OpsError), result.output
    return result.exception


def test_all_good_is_printed_as_json_and_written_as_junit(
    app: FakeApplication, url: str, tmp_path: Path
) -> None:
    report = tmp_path / "smoke.xml"
    done = smoke(url, "--color", "green", "--version", "v1.1.0", "--json", "--junit", str(report))
    assert done.exception is None
    found = json.loads(done.stdout)
    assert found["verdict"] == "good"
    assert {check["name"] for check in found["checks"]} >= {"health", "AI analysis", "clean up"}
    written = report.read_text()
    assert 'failures="0"' in written
    for secret in (PASSWORD, TOKEN):
        assert secret not in written + done.output


def test_one_bad_check_ends_with_1_and_the_report_is_written_all_the_same(
    app: FakeApplication, url: str, tmp_path: Path
) -> None:
    app.instead[("GET", "/api/health/redis")] = answering({"reason": "gone"}, 503)
    report = tmp_path / "smoke.xml"
    done = smoke(url, "--junit", str(report))
    assert error(done).exit_code == 1
    assert "gone" in str(done.exception)
    assert 'failures="1"' in report.read_text()


def test_the_other_color_than_the_one_that_must_answer_ends_with_1(url: str) -> None:
    refused = error(smoke(url, "--color", "blue"))
    assert isinstance(refused, Refused)
    assert "green answered, blue has to" in str(refused)


def test_nobody_at_home_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOKE_PASSWORD", PASSWORD)
    assert error(smoke("http://127.0.0.1:1")).exit_code == 3


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["legal-ai.localhost"], "is no address"),
        (["http://127.0.0.1:1", "--password-env", "NOT_SET"], "NOT_SET is not set"),
        (["http://127.0.0.1:1", "--junit", "/nowhere/at/all.xml"], "a folder that is there"),
        (["http://127.0.0.1:1", "--time-factor", "0"], "--time-factor 0"),
    ],
)
@pytest.mark.parametrize("script", [smoke_tests, verify_ui])
def test_what_can_not_be_meant_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, script: Any, args: list[str], told: str
) -> None:
    monkeypatch.setenv("SMOKE_PASSWORD", PASSWORD)
    monkeypatch.setattr(verify_ui, "find", lambda _: "/usr/bin/true")
    done = CliRunner().invoke(script.app, args, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)


def test_a_dry_run_names_the_checks_and_sends_nothing(app: FakeApplication, url: str) -> None:
    done = smoke(url, "--dry-run")
    assert done.exception is None
    assert "AI analysis: time-out 600 s, budget 300 s" in done.stdout
    assert app.asked == []


def test_with_a_stack_the_password_is_the_deployed_pods_and_color_and_version_are_known(
    app: FakeApplication, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = FACTS | {"versions": {"green": "v1.1.0"}, "previewUrls": {"green": url}}
    monkeypatch.delenv("SMOKE_PASSWORD")
    monkeypatch.setattr(Stack, "outputs", lambda _: {operations.OUTPUT: facts})
    cluster = SecretCluster({"SMOKE_PASSWORD": PASSWORD})
    monkeypatch.setattr(Cluster, "connect", lambda *_, **__: cluster)
    assert smoke(url, "--stack", "staging").exception is None
    app.version = "v1.0.0"
    assert "v1.1.0 has to" in str(error(smoke(url, "--stack", "staging")))


@pytest.mark.parametrize(
    ("data", "told"), [(None, "is not there"), ({"JWT_SECRET": "x"}, "has no SMOKE_PASSWORD")]
)
def test_without_a_password_in_the_cluster_nothing_is_known(
    data: dict[str, str] | None, told: str
) -> None:
    with pytest.raises(CouldNotFindOut, match=told):
        user.of_cluster(SecretCluster(data), Color.GREEN)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rate", "0"], "a rate of 0"),
        (["--rate", "201"], "at most 200"),
        (["--windows", "0"], "at least 1"),
        (["--requests", "19"], "at least 20"),
        (["--deadline-seconds", "15"], "more than the 15 s"),
        (["--deadline-seconds", "1801"], "at most 1800"),
        (["--path", "api/health"], "begins with '/'"),
        (["--tolerance-percent", "-1"], "must not be negative"),
        (["--most-milliseconds", "0"], "above 0"),
    ],
)
def test_a_warm_up_that_can_not_be_is_refused_before_the_stack_is_read(
    options: list[str], told: str
) -> None:
    done = CliRunner().invoke(warmup_deployment.app, ["green", *options], standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)


def test_a_color_that_is_not_deployed_can_not_be_warmed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Stack, "outputs", lambda _: {operations.OUTPUT: FACTS})
    args = ["green", "--stack", "staging"]
    done = CliRunner().invoke(warmup_deployment.app, args, standalone_mode=False)
    assert "green is not deployed: the stack has blue" in str(error(done))


@pytest.mark.parametrize("script", [smoke_tests, verify_ui, warmup_deployment])
def test_help_shows_an_example_and_the_exit_codes(script: Any) -> None:
    told = CliRunner().invoke(script.app, ["--help"]).stdout
    assert f"scripts/{script.__name__.rpartition('.')[2]}.py " in told
    assert "Ends with 0" in told
