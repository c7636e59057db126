"""`emergency_rollback.py` where nothing else works: no Pulumi, no Prometheus, nobody to be told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ops import names, routing
from ops.rollback.journal import Outcome, Step
from tests.integration.agents import BLUE, GREEN, ROOT, Place, Recorder, place
from tests.integration.faulty_api import QUICK, FaultyApi, faulty_api

SCRIPT: Final = ROOT / "scripts" / "emergency_rollback.py"
COULD_NOT_FIND_OUT: Final = 3
CLOCK: Final = """
import datetime
import time

import lightkube  # reads the objects' times, and wants them to be Python's own

real, off = time.time, datetime.timedelta(seconds={seconds})


class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + off


time.time = lambda: real() + off.total_seconds()
datetime.datetime = Shifted
"""
"""Python's own clock on the wall, as on a machine whose clock is off; loaded at its start."""


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG is needed: make up, then source .local/env")
    with faulty_api() as running:
        yield running


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Place]:
    """Green fails and has everything; blue is at zero replicas."""
    with place(tmp_path) as made:
        yield made


def roll_back(made: Place, api: FaultyApi, **env: str) -> subprocess.CompletedProcess[str]:
    """As a person calls it whose machine has a kubeconfig, and nothing else."""
    kubeconfig = api.write_kubeconfig(made.folder / "faulty-kubeconfig")
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--namespace", made.namespace, "--reason", "it hurts"],
        env={"KUBECONFIG": str(kubeconfig), "PATH": "/nowhere", "HOME": str(made.folder), **env},
        cwd=made.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def check_done(made: Place, seen: Recorder) -> None:
    """One rollback, done whole, and never traffic to what was not ready."""
    assert [each.outcome for each in made.done()] == [Outcome.ROLLED_BACK]
    assert made.operation() is None
    assert made.weights() == {BLUE: 100, GREEN: 0}
    assert made.data("traffic-hold")["color"] == "green"
    assert (made.replicas("backend-blue"), made.replicas("worker-green")) == (1, 0)
    route = made.cluster.get("HTTPRoute", routing.PUBLIC_ROUTE)
    assert route is not None
    assert seen.traffic_to_the_unready(int(route["metadata"]["resourceVersion"])) == []
    assert not seen.both_ran_workers(made.cluster)


@pytest.mark.long
def test_every_request_fails_once_and_traffic_goes_back_all_the_same(
    failing: Place, api: FaultyApi
) -> None:
    seen = Recorder(failing.namespace)
    api.each = QUICK
    done = roll_back(failing, api)
    assert done.returncode == 0, done.stderr
    check_done(failing, seen)


def is_the_move(request: str) -> bool:
    """Whether a request is the one that gives blue everything."""
    return request.startswith("PATCH") and "httproutes" in request and '"rules"' in request


@pytest.mark.long
def test_an_api_server_that_dies_at_the_move_leaves_it_to_the_same_command_later(
    failing: Place, api: FaultyApi
) -> None:
    seen = Recorder(failing.namespace)
    api.dies_at = is_the_move
    done = roll_back(failing, api)
    assert done.returncode == COULD_NOT_FIND_OUT, done.stderr
    assert "Traceback" not in done.stderr
    assert "the API server" in done.stderr
    found = failing.operation()
    assert found is not None
    assert found.step is Step.MOVE
    assert failing.weights() == {BLUE: 0, GREEN: 100}
    api.is_dead, api.dies_at = False, lambda _: False
    assert roll_back(failing, api).returncode == 0
    check_done(failing, seen)


@pytest.mark.long
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_an_hour_off_tells_the_agent_no_wrong_time(
    failing: Place, api: FaultyApi, seconds: int
) -> None:
    (failing.folder / "sitecustomize.py").write_text(CLOCK.format(seconds=seconds))
    begun = datetime.now(UTC) - timedelta(seconds=2)
    assert roll_back(failing, api, PYTHONPATH=str(failing.folder)).returncode == 0
    history = {key: json.loads(text) for key, text in failing.data(names.HISTORY).items()}
    (done,) = failing.done()
    for at in (history["gained"]["blue"], history["began"]["blue"], done.began, done.ended):
        assert begun < datetime.fromisoformat(at) < datetime.now(UTC) + timedelta(seconds=2)
