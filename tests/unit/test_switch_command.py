"""The command lines of switch and canary: what they ask for, what they print, how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.errors import CouldNotFindOut, Refused, UsageError
from ops.monitoring import MonitoringFacts
from ops.shift.connecting import Wishes, limits, prometheus
from ops.watching.judging import Kind, Limits, Verdict
from scripts import canary, shifting, switch_deployment_color
from tests.unit.shift_world import GREEN, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """What the commands act on; `wishes` is what they were given."""
    made = World()

    def connect(stack: Any, wishes: Wishes, say: Any) -> Any:
        made.wishes = wishes  # type: ignore[attr-defined]
        return made.tools()

    monkeypatch.setattr(shifting, "connect", connect)
    monkeypatch.setattr(shifting, "journal", lambda _: made.tools().journal)
    monkeypatch.setenv("PULUMI_STACK", "production")
    return made


def switch(*args: str) -> Any:
    return CliRunner().invoke(switch_deployment_color.app, [*args], standalone_mode=False)


def step(*args: str) -> Any:
    return CliRunner().invoke(canary.app, [*args], standalone_mode=False)


def test_a_switch_is_watched_for_five_minutes_unless_told_otherwise(world: World) -> None:
    assert switch("green").exception is None
    assert world.last.switch_seconds == 300
    assert world.last.target == GREEN


def test_a_way_back_without_prometheus_is_one_option(world: World) -> None:
    world.first = Verdict(Kind.SILENT, "Prometheus does not answer")
    assert isinstance(switch("green").exception, CouldNotFindOut)
    assert switch("green", "--no-watch").exception is None
    assert world.watched == []


def test_a_canary_has_the_runbooks_steps_unless_told_otherwise(world: World) -> None:
    assert step().exception is None
    assert (world.last.steps, world.last.step_seconds) == ((10, 25, 50, 100), 600)


def test_steps_and_times_are_as_typed(world: World) -> None:
    done = step("green", "--steps", "5,50", "--minutes", "2", "--watch-minutes", "0")
    assert done.exception is None
    found = world.last
    assert (found.steps, found.step_seconds, found.switch_seconds) == ((5, 50), 120, 0)


def test_what_an_operator_chose_goes_before_what_was_deployed() -> None:
    deployed = Limits(
        error_ratio=0.02, p95_seconds=4, error_noise=0.01, minimum_requests=70, minimum_errors=7
    )
    assert limits(monitoring(), Wishes()) == deployed
    chosen = limits(monitoring(), Wishes(minimum_requests=5, times_worse=3))
    assert chosen == replace(deployed, minimum_requests=5, times_worse=3)


def test_a_stack_without_rules_can_not_be_watched_and_says_what_to_set() -> None:
    unwatched = monitoring().model_copy(update={"delivery": "none"})
    with pytest.raises(UsageError, match=r"alerts\.delivery.*--no-watch"):
        prometheus(unwatched, "http://prometheus")
    assert "chosen" in prometheus(monitoring(), "http://chosen")._api.name


@pytest.mark.parametrize(
    "args",
    [
        ("--steps", "10,x"),
        ("--steps", "50,10"),
        ("--abort", "--status"),
        ("--abort", "--dry-run"),
    ],
)
def test_what_can_not_be_meant_is_a_usage_error(world: World, args: tuple[str, ...]) -> None:
    assert isinstance(step(*args).exception, UsageError)
    assert world.writes == []


@pytest.mark.parametrize("args", [(), ("red",), ("green", "--minutes", "0")])
def test_a_color_that_is_none_and_no_time_at_all_are_usage_errors(
    world: World, args: tuple[str, ...]
) -> None:
    done = CliRunner().invoke(switch_deployment_color.app, [*args])
    assert done.exit_code == 2
    assert world.writes == []


def test_a_dry_run_says_each_step_and_changes_nothing(world: World) -> None:
    done = step("--dry-run", "--json")
    assert done.exception is None
    found = json.loads(done.stdout)
    assert found["would"][0] == "10 % to green, compared with blue for 10 min"
    assert found["would"][-1] == "switch to green v2, watched for 5 min"
    assert found["against"] == []
    assert (world.writes, world.open) == ([], None)


def test_a_dry_run_ends_badly_where_something_stands_against_it(world: World) -> None:
    world.deployed[GREEN] = "v1.9"
    done = step("--dry-run")
    assert isinstance(done.exception, Refused)
    assert "deployed is v1.9" in str(done.exception)


def test_a_dry_run_of_what_is_open_says_where_it_would_go_on(world: World) -> None:
    world.verdicts = [Verdict(Kind.SILENT, "no numbers")]
    step()
    assert "watching at 10 %" in step("--dry-run").stdout


def test_status_has_what_is_open_and_what_was_done(world: World) -> None:
    switch("green")
    world.verdicts = [Verdict(Kind.SILENT, "no numbers")]
    switch("blue")
    found = json.loads(step("--status", "--json").stdout)
    assert found["open"]["target"] == "blue"
    assert [each["outcome"] for each in found["history"]] == ["done"]
    assert "nothing is open" not in step("--status").stdout


def test_abort_takes_the_traffic_back_and_says_so(world: World) -> None:
    world.verdicts = [Verdict(Kind.SILENT, "no numbers")]
    step()
    done = step("--abort")
    assert done.exception is None
    assert "went back" in done.stdout
    assert world.shares == [10, 0]


@pytest.mark.parametrize("app", [switch_deployment_color.app, canary.app])
def test_the_help_has_an_example(app: Any) -> None:
    assert "Example: scripts/" in CliRunner().invoke(app, ["--help"]).stdout


def monitoring() -> MonitoringFacts:
    levels = {"normal": 1, "alert": 2, "forMinutes": 5}
    return MonitoringFacts.model_validate(
        {
            "delivery": "files",
            "prometheusUrl": "http://prometheus",
            "alertmanagerUrl": "",
            "timeFactor": 1,
            "scrapeSeconds": 15,
            "evaluationSeconds": 15,
            "groupWaitSeconds": 0,
            "exporters": [],
            "agent": {"enabled": True, "namespace": "legal-ai"},
            "thresholds": {
                "errorRatePercent": levels,
                "p95Milliseconds": levels,
                "requestRate": {"normalDeviationPercent": 20, "alertPercentOfBaseline": 200},
                "databaseConnectionsPercent": levels,
                "memoryPercent": levels,
                "cpuPercent": levels,
                "diskFreePercent": 20,
                "replicaLagSeconds": 30,
                "minimumRequests": 70,
                "rollback": {
                    "enabled": True,
                    "errorRatePercent": 2,
                    "errorRateForMinutes": 5,
                    "p95Milliseconds": 4000,
                    "p95ForMinutes": 10,
                    "canary": {"timesWorse": 2, "minimumErrors": 7, "forMinutes": 5},
                },
            },
        }
    )
