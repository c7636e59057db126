"""A release undone whole on the real stack: under load, without Pulumi, killed, with its schema."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bench.load import Load
from ops.cluster import Cluster
from tests.e2e import visitor
from tests.e2e.conftest import NewProject
from tests.e2e.project import Project, Ran
from tests.e2e.shifting import broken_pulumi
from tests.e2e.test_data import ADMIN
from tests.e2e.test_interrupted import image, kill
from tests.e2e.test_migrations import INDEXED, run, schema
from tests.e2e.test_switch_and_canary_scripts import forget_serial
from tests.waiting import until

SCRIPT = "rollback_release.py"
JOURNALS = ("release-rollback", "traffic-shift", "rollback")
BEFORE = ("--from", "green", "--to-version", "v1.0.0")

pytestmark = pytest.mark.long


@pytest.fixture
def forgotten(project: Project) -> Project:
    """Nothing is open or was done, and a configuration may begin again at serial 0."""
    project.kubectl("delete", "configmap", *JOURNALS, "--ignore-not-found").ok()
    forget_serial(project)
    return project


@pytest.fixture
def released(forgotten: Project, settled: Project) -> Project:
    """Green serves v1.1.0, and blue is at none."""
    settled.switch("green").ok()
    settled.set("blue.replicas=0")
    settled.up().ok()
    return settled


def undo(project: Project, *args: str, **env: str) -> Ran:
    return run(project, *args, "--lease-seconds", "3", script=SCRIPT, **env)


def in_order(project: Project) -> None:
    """Blue serves, green is at its version of before and at none, and Pulumi agrees."""
    assert visitor.colors(project.url) == visitor.everywhere("blue")
    green = project.get("deployment", "backend-green")["spec"]
    assert green["replicas"] == 0
    assert green["template"]["spec"]["containers"][0]["image"].endswith(":v1.0.0")
    assert project.kubectl("get", "configmap", "traffic-hold").code == 1
    assert project.preview("--expect-no-changes").code == 0


def test_a_whole_rollback_loses_no_request_and_run_again_does_nothing(released: Project) -> None:
    with Load(released.url, ("/api/health", "/"), 100.0) as load:
        undo(released, *BEFORE).ok()
        again = undo(released).ok()
    assert load.lost == []
    assert "nothing to do" in again.text
    in_order(released)


def test_without_pulumi_traffic_goes_back_and_the_rest_once_it_is_there_again(
    released: Project, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    away.touch()
    path = broken_pulumi(tmp_path / "bin", away) + released.env["PATH"]
    with Load(released.url, ("/api/health", "/"), 100.0) as load:
        undo(released, *BEFORE, PATH=path).failed("backend does not answer", "stopped at")
        assert visitor.colors(released.url) == visitor.everywhere("blue")
        away.unlink()
        undo(released, PATH=path).ok()
    assert load.lost == []
    in_order(released)


@pytest.mark.parametrize("place", ["traffic.begun", "traffic.done", "version.begun", "closed"])
def test_killed_it_is_gone_on_with_by_the_same_command(released: Project, place: str) -> None:
    killed = undo(released, *BEFORE, FAILPOINT=f"release-rollback.{place}")
    assert killed.code == -signal.SIGKILL, killed.text
    undo(released).ok()
    in_order(released)


def test_a_lock_that_a_killed_pulumi_left_is_cleared_only_when_that_is_asked_for(
    released: Project, cluster: Cluster
) -> None:
    released.set("blue.version=v1.1.0", "blue.replicas=1")
    running = released.start("up", "--yes", "--skip-preview")
    until(lambda: image(cluster, "backend-blue").endswith("v1.1.0"), "the rollout began")
    kill(running)
    wanted = ("--version-only", "--to-version", "v1.0.0")
    refused = undo(released, *wanted)
    refused.failed("certainly dead", "--clear-lock", "pulumi cancel --yes --stack e2e")
    assert refused.code == 3
    undo(released, *wanted, "--clear-lock").ok()
    assert image(cluster, "backend-blue").endswith("v1.0.0")


def test_the_schema_goes_back_once_a_person_agrees_and_who_serves_fits(
    new_project: NewProject,
) -> None:
    project = new_project()
    project.set("blue.version=v1.1.0", "green.version=v1.2.0", f"backups.store={project.folder}/b")
    project.remove("backups.archive")
    url = f"postgresql+psycopg://{ADMIN}/{project.namespace.replace('-', '_')}"
    secret = ("config", "set", "--path", "--secret", "legal-ai:database.adminUrl", url)
    project.pulumi(*secret).ok()
    project.up().ok()
    project.switch("green").ok()
    assert schema(project) == (4, 1)
    wanted = ("--from", "green", "--to-version", "v1.1.0", "--schema", INDEXED)
    asked = undo(project, *wanted)
    asked.failed("--yes-rollback e2e")
    assert asked.code == 2
    assert visitor.colors(project.url) == visitor.everywhere("green")
    undo(project, *wanted, "--yes-rollback", "e2e").ok()
    assert schema(project) == (3, 1)
    assert visitor.colors(project.url) == visitor.everywhere("blue")
