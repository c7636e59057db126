"""`scripts/status.py` on a real stack: what is configured, what lives, and Pulumi's real lock."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.route import give_all
from ops.cluster import Cluster
from tests.e2e.project import ROOT, Project, finish
from tests.waiting import until

pytestmark = pytest.mark.long

NEVER_DONE = {"backup", "proven backup"}
NOT_WATCHED = {"metrics", "alerts"}


def status(project: Project) -> dict[str, Any]:
    """The status as JSON, whatever its verdict."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "status.py", "--json", "--seconds", "60"],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def line(found: dict[str, Any], name: str) -> str:
    return next(str(each["detail"]) for each in found["lines"] if each["name"] == name)


def test_what_is_live_is_shown_beside_what_is_configured_and_a_hand_at_the_route_differs(
    settled_once: Project, cluster: Cluster
) -> None:
    found = status(settled_once)
    wrong = {each["name"] for each in found["lines"] if each["verdict"] != "good"}
    assert wrong == NEVER_DONE | NOT_WATCHED, found
    assert not [each for each in found["colors"] if each["verdict"] == "bad"], found
    live = {each["color"]: each["live"] for each in found["colors"] if each["name"] == "version"}
    assert live == {"blue": "v1.0.0", "green": "v1.1.0"}
    give_all(cluster, "green")
    differing = [each["name"] for each in status(settled_once)["colors"] if each["differs"]]
    assert differing == ["traffic", "traffic"]


def test_a_pulumi_command_at_work_is_seen_by_its_lock_and_nothing_is_kept_from_it(
    settled: Project,
) -> None:
    assert line(status(settled), "pulumi lock") == "free"
    settled.set("blue.replicas=2")
    running = settled.start("up", "--yes", "--skip-preview")
    folder = settled.folder / "state" / ".pulumi" / "locks"
    until(lambda: list(folder.rglob("*.json")) or running.poll() is not None, "a lock")
    told = line(status(settled), "pulumi lock")
    finish(running).ok()
    assert "a Pulumi command is at work" in told
    assert f"pid {running.pid}" in told
    assert line(status(settled), "pulumi lock") == "free"
