"""The whole chain with nothing mocked: a color fails, and traffic is on the other one by itself.

Requests, Envoy's counters, Prometheus' rules, Alertmanager, the agent, the route; then what people
do afterwards. Every window and `for` is a twentieth of what it is in production.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.load import Load, Shot
from ops.cluster import Cluster
from ops.rollback.journal import Operation, Outcome
from tests.e2e import visitor
from tests.e2e.conftest import project_with
from tests.e2e.project import Project
from tests.e2e.watched import Chain, Watched
from tests.waiting import until

REDIS_NUMBER = 3
PATHS = ("/api/health", "/")
SLOW_SECONDS = 0.4
LATENCY_MS = 800.0


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Blue serves, green is in standby, and both are watched."""
    folder: Path = tmp_path_factory.mktemp("watched")
    with project_with(folder, redis_number=REDIS_NUMBER) as project:
        project.set(
            "agent.enabled=true",
            "alerts.delivery=files",
            f"alerts.rollback.p95Milliseconds={SLOW_SECONDS * 1000:g}",
        )
        project.up().ok()
        yield Watched(project, Cluster.connect(project.namespace), REDIS_NUMBER)


@pytest.fixture
def calm(watched: Watched) -> Watched:
    """Blue has everything, as configured and live, and nothing is alarmed or held."""
    watched.project.script("emergency_rollback.py", "--acknowledge").ok()
    watched.project.switch("blue").ok()
    watched.await_quiet()
    return watched


def rolled_back(watched: Watched, load: Load, color: str, before: int) -> Operation:
    """Wait for the agent's rollback of `color`, and for answers without a fault after it."""
    operation = until(lambda: watched.done()[before:], "a rollback ended", 90)[0]
    assert (operation.color, operation.outcome) == (color, Outcome.ROLLED_BACK)
    seen = visitor.colors(watched.project.url)
    assert seen == visitor.everywhere("blue")
    return operation


def afterwards(watched: Watched, project: Project) -> None:
    """What people do: `up` is refused, acknowledging settles it, and nothing is left to change."""
    project.up("--refresh").failed("green is held")
    assert visitor.colors(project.url) == visitor.everywhere("blue")
    watched.project.script("emergency_rollback.py", "--acknowledge").ok()
    assert project.preview("--expect-no-changes").code == 0
    assert visitor.colors(project.url) == visitor.everywhere("blue")


def tell(
    capsys: pytest.CaptureFixture[str], watched: Watched, bad: list[Shot], ended: Operation
) -> None:
    """Print the split of the time, beside the longest that was computed from the intervals."""
    faults = {"CanaryFailure": "all of a canary fails", "DeploymentLatency": "all is too slow"}
    computed = watched.budget(faults.get(ended.alert, "all fails"))
    chain = Chain.of(bad, watched.received(ended), ended)
    with capsys.disabled():
        sys.stdout.write(f"\n  {ended.alert}: {chain}; computed at most {computed:.1f} s\n")


def test_a_color_that_fails_after_the_switch_loses_its_traffic_and_the_rollback_sticks(
    calm: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(calm.done())
    with Load(calm.project.url, PATHS, rate=60) as load:
        calm.project.switch("green").ok()
        with calm.failing("green", error_rate=1.0):
            ended = rolled_back(calm, load, "green", before)
            hold = calm.cluster.get("ConfigMap", "traffic-hold")
            assert hold is not None
            assert hold["data"] | {"color": "green", "target": "blue"} == hold["data"]
            assert hold["data"]["alert"] == ended.alert == "DeploymentFailure"
            afterwards(calm, calm.project)
    bad = [shot for shot in load.shots if shot.is_lost]
    assert {shot.routed for shot in bad} == {"green"}
    tell(capsys, calm, bad, ended)


@pytest.mark.long
def test_a_canary_that_fails_is_taken_back_and_the_active_color_is_left_alone(
    calm: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(calm.done())
    with Load(calm.project.url, PATHS, rate=120) as load:
        calm.project.switch("blue", 25).ok()
        with calm.failing("green", error_rate=1.0):
            ended = rolled_back(calm, load, "green", before)
            assert ended.kind == "abort-canary"
            afterwards(calm, calm.project)
    bad = [shot for shot in load.shots if shot.is_lost]
    assert {shot.routed for shot in bad} == {"green"}
    tell(capsys, calm, bad, ended)


@pytest.mark.long
def test_a_color_that_answers_too_slowly_after_the_switch_loses_its_traffic(
    calm: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(calm.done())
    with Load(calm.project.url, PATHS, rate=20, threads=64) as load:
        calm.project.switch("green").ok()
        with calm.failing("green", latency_ms=LATENCY_MS):
            ended = rolled_back(calm, load, "green", before)
            assert ended.alert == "DeploymentLatency"
            afterwards(calm, calm.project)
    assert load.lost == []
    slow = [shot for shot in load.shots if shot.latency > SLOW_SECONDS and shot.routed == "green"]
    tell(capsys, calm, slow, ended)
