"""Killed runs, and a cluster that goes away midway: the same command again ends right."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.e2e import visitor
from tests.e2e.project import ROOT, Project, finish
from tests.waiting import until


def local(*args: str) -> None:
    """Run a command of the local stack."""
    subprocess.run([sys.executable, "-m", "local", *args], cwd=ROOT, check=True, timeout=120)


def kill(running: subprocess.Popen[str]) -> None:
    """`kill -9` the CLI with its plugins."""
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)


@pytest.fixture
def _api_server_back() -> Iterator[None]:
    yield
    local("start", "apiserver")


def image(cluster: Cluster, name: str) -> str:
    deployment = cluster.get("Deployment", name)
    assert deployment is not None
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.usefixtures("_api_server_back")
@pytest.mark.long
def test_an_up_whose_api_server_stops_midway_is_finished_by_the_next(
    settled: Project, cluster: Cluster
) -> None:
    settled.set("green.version=v1.0.0")
    running = settled.start("up", "--yes", "--skip-preview")
    until(lambda: image(cluster, "backend-green").endswith("v1.0.0"), "the rollout began")
    local("stop", "apiserver")
    finish(running).failed("127.0.0.1:6443")
    local("start", "apiserver")
    settled.up().ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    settled.switch("green").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


@pytest.mark.long
def test_an_up_killed_during_a_rollout_is_finished_by_the_next(
    settled: Project, cluster: Cluster
) -> None:
    settled.set("green.version=v1.0.0")
    running = settled.start("up", "--yes", "--skip-preview")
    until(lambda: image(cluster, "backend-green").endswith("v1.0.0"), "the rollout began")
    kill(running)
    settled.pulumi("cancel", "--yes")
    settled.switch("green").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


def test_a_switch_killed_at_its_gate_is_finished_by_the_next(
    settled: Project, cluster: Cluster
) -> None:
    settled.set("activeColor=green")
    running = settled.start("up", "--yes", "--skip-preview")
    until(
        lambda: cluster.get("ConfigMap", "traffic-unverified") is not None, "the gate was reached"
    )
    kill(running)
    settled.pulumi("cancel", "--yes")
    settled.up().ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")
    assert cluster.get("ConfigMap", "traffic-unverified") is None


def test_an_up_in_which_something_fails_beside_a_running_migration_ends_by_itself(
    settled: Project,
) -> None:
    # Refused at once by the API server, while the migrations still run and have a hook to come.
    settled.kubectl("patch", "configmap", "frontend-blue-config", "-p", '{"immutable": true}').ok()
    settled.set("services.frontend.env.SHOWN=1", "migrations.timeoutSeconds=61")
    try:
        running = settled.start("up", "--yes", "--skip-preview")
        finish(running, seconds=120).failed("frontend-blue", "immutable")
    finally:
        settled.kubectl("delete", "configmap", "frontend-blue-config").ok()
        settled.remove("services.frontend.env")
        settled.set("migrations.timeoutSeconds=60")
    settled.up("--refresh").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
