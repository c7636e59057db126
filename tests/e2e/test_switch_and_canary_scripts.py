"""Switch and canary on the real stack under load: to each of their ends, by real Prometheus."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import names
from tests.e2e import visitor
from tests.e2e.project import Project, finish
from tests.e2e.shifting import Between, Shifting, broken_pulumi
from tests.waiting import until

WATCHED = (
    "agent.enabled=true",
    "alerts.delivery=files",
    "alerts.timeFactor=0.04",
    "alerts.minimumRequests=60",
    # Here the scripts are to act, not the agent.
    "alerts.rollback.enabled=false",
)
UNWATCHED = ("agent.enabled=false", "alerts.delivery=none", "alerts.rollback.enabled=true")
GONE = ("--prometheus", "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def watched(project: Project) -> Iterator[Shifting]:
    project.set(*WATCHED)
    project.up().ok()
    yield Shifting(project)
    forget_serial(project)
    project.set(*UNWATCHED, "serial=0")
    project.up().ok()


def forget_serial(project: Project) -> None:
    """Let a configuration that begins again at 0 pass for the newest."""
    annotation = f"{names.SERIAL}=0"
    project.kubectl("annotate", "--overwrite", "httproute", "legal-ai", annotation).ok()


@pytest.fixture
def forgotten(watched: Shifting) -> Shifting:
    """No shift and no rollback is open or was done."""
    forget_serial(watched.project)
    journals = ("traffic-shift", "rollback")
    watched.project.kubectl("delete", "configmap", *journals, "--ignore-not-found").ok()
    return watched


@pytest.fixture
def shifting(forgotten: Shifting, settled: Project) -> Shifting:
    """Blue serves everything, and nothing is held."""
    return forgotten


def await_weight(shifting: Shifting, color: str, running: subprocess.Popen[str]) -> None:
    until(
        lambda: color in shifting.weights(),
        lambda: f"{color} gets traffic\n{finish(running).text}",
        alive=lambda: running.poll() is None,
    )


@pytest.mark.long
def test_a_switch_is_watched_to_a_good_end_and_no_request_is_lost(shifting: Shifting) -> None:
    with shifting.load() as load:
        shifting.switch("green").ok()
    assert load.lost == []
    assert visitor.colors(shifting.project.url) == visitor.everywhere("green")
    assert shifting.configured() == ("green", "0")
    assert shifting.status()["history"][-1]["outcome"] == "done"


@pytest.mark.long
def test_a_color_that_fails_after_the_switch_is_switched_back_and_nothing_is_left_to_do(
    shifting: Shifting,
) -> None:
    with shifting.load(), shifting.failing("green", error_rate=0.05):
        ran = shifting.switch("green")
    assert ran.code == 1
    ran.failed("green answers", "blue has all traffic again")
    assert visitor.colors(shifting.project.url) == visitor.everywhere("blue")
    assert shifting.configured() == ("blue", "0")
    assert shifting.project.preview("--expect-no-changes").code == 0
    assert shifting.project.kubectl("get", "configmap", "traffic-hold").code != 0


@pytest.mark.long
def test_nothing_is_moved_without_prometheus_and_a_way_back_needs_none(shifting: Shifting) -> None:
    ran = shifting.switch("green", *GONE)
    assert ran.code == 3
    assert shifting.weights() == {"blue": 100}
    assert shifting.configured() == ("blue", "0")
    shifting.switch("green", "--no-watch", *GONE).ok()
    assert shifting.weights() == {"green": 100}


@pytest.mark.long
def test_prometheus_that_goes_away_while_watching_moves_nothing_and_leaves_a_way_back(
    shifting: Shifting,
) -> None:
    with shifting.load(), Between() as between:
        command = (*shifting.switching("green"), "--prometheus", between.url)
        running = shifting.project.start_script(*command)
        await_weight(shifting, "green", running)
        between.close()
        ran = finish(running)
    assert ran.code == 3, ran.text
    ran.failed("Nothing is moved: green keeps 100 %")
    assert shifting.weights() == {"green": 100}
    assert shifting.status()["open"]["target"] == "green"
    shifting.switch("blue", *GONE).ok()
    assert shifting.weights() == {"blue": 100}
    assert shifting.status()["open"] is None


@pytest.mark.long
def test_a_canary_grows_and_ends_with_the_switch_though_it_is_killed_on_its_way(
    shifting: Shifting,
) -> None:
    with shifting.load() as load:
        killed = shifting.canary("--steps", "20,60", FAILPOINT="shift.1.applied")
        assert killed.code == -signal.SIGKILL, killed.text
        assert shifting.status()["open"]["step"] == 1
        # Another operator's command, on another machine: it waits for the lease of the dead one.
        ran = shifting.canary("--steps", "20,60").ok()
    assert "60 %" in ran.text
    assert load.lost == []
    assert shifting.weights() == {"green": 100}
    assert shifting.configured() == ("green", "0")


@pytest.mark.long
@pytest.mark.parametrize("faults", [{"error_rate": 0.05}, {"latency_ms": 700.0}])
def test_a_canary_that_is_worse_than_the_active_color_goes_back_to_nothing(
    shifting: Shifting, faults: dict[str, float]
) -> None:
    with shifting.load(), shifting.failing("green", **faults):
        ran = shifting.canary("--steps", "30,100", "--times-worse", "3")
    assert ran.code == 1, ran.text
    ran.failed("the other color", "in the same window", "blue has all traffic again")
    assert shifting.weights() == {"blue": 100}
    assert shifting.configured() == ("blue", "0")
    assert shifting.status()["open"] is None


@pytest.mark.long
def test_what_both_colors_suffer_from_is_not_the_canarys_and_moves_nothing(
    shifting: Shifting,
) -> None:
    with (
        shifting.load(),
        shifting.failing("green", error_rate=0.3),
        shifting.failing("blue", error_rate=0.3),
    ):
        ran = shifting.canary("--steps", "50")
    assert ran.code == 3, ran.text
    assert shifting.weights() == {"blue": 50, "green": 50}
    shifting.project.script("canary.py", "--abort").ok()
    assert shifting.weights() == {"blue": 100}


@pytest.mark.long
def test_where_pulumi_fails_traffic_goes_back_without_it_and_a_hold_stands(
    shifting: Shifting, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    path = broken_pulumi(tmp_path / "bin", gone) + os.environ["PATH"]
    with shifting.load(), shifting.failing("green", error_rate=0.05):
        running = shifting.project.start_script(*shifting.switching("green"), PATH=path)
        await_weight(shifting, "green", running)
        gone.touch()
        ran = finish(running)
    assert ran.code == 1, ran.text
    ran.failed("going back without Pulumi", "emergency_rollback.py --acknowledge")
    assert visitor.colors(shifting.project.url) == visitor.everywhere("blue")
    assert shifting.project.get("configmap", "traffic-hold")["data"]["color"] == "green"


@pytest.mark.long
def test_a_second_operator_is_told_who_is_at_it_and_changes_nothing(shifting: Shifting) -> None:
    with shifting.load():
        first = shifting.project.start_script(*shifting.switching("green"))
        await_weight(shifting, "green", first)
        second = shifting.switch("green")
        assert second.code == 1, second.text
        second.failed("traffic-shift is held by", "alive")
        finish(first).ok()
    assert shifting.weights() == {"green": 100}
