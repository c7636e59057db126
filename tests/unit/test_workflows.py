"""What CI runs exists: no workflow can be run here, but what it names can be looked up."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github").rglob("*.yml"))
COMMAND = re.compile(r"scripts/(\w+)\.py([^\n]*)")
TARGETS = re.compile(r"^([\w-]+):", re.MULTILINE)


def steps(file: Path) -> list[dict[str, Any]]:
    found = yaml.safe_load(file.read_text())
    jobs = found.get("jobs", {"action": found.get("runs", {})})
    return [step for job in jobs.values() for step in job["steps"]]


def runs(file: Path) -> list[str]:
    return [str(step["run"]) for step in steps(file) if "run" in step]


def test_workflows_were_found() -> None:
    assert {"checks.yml", "release.yml", "drift.yml", "action.yml"} == {f.name for f in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_action_of_ours_is_there_and_others_have_a_version(file: Path) -> None:
    for step in steps(file):
        uses = str(step.get("uses", "./.github"))
        assert (ROOT / uses / "action.yml").exists() or "@v" in uses or uses == "./.github"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_script_takes_the_options_it_is_given(file: Path) -> None:
    for name, rest in (found for text in runs(file) for found in COMMAND.findall(text)):
        script = [sys.executable, str(ROOT / "scripts" / f"{name}.py"), "--help"]
        told = subprocess.run(script, capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[\w-]+", rest):
            assert option in told, f"{name}.py has no {option}"


def test_every_make_target_exists() -> None:
    known = set(TARGETS.findall((ROOT / "Makefile").read_text()))
    asked = re.findall(r"make ([\w -]+)", "\n".join(text for file in FILES for text in runs(file)))
    assert asked
    for targets in asked:
        assert set(targets.split()) <= known


def test_a_release_is_never_cancelled_by_another_one_and_its_file_is_kept() -> None:
    told = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    assert "cancel-in-progress" not in told["concurrency"]
    for job in told["jobs"].values():
        last = job["steps"][-1]
        assert last["if"] == "always()"
        assert "git push" in last["run"]


def test_a_release_to_staging_is_not_watched_by_requests_that_nobody_sends() -> None:
    told = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    (run,) = [s["run"] for s in told["jobs"]["staging"]["steps"] if "release.py" in str(s)]
    assert "--no-canary --watch-minutes 0 --keep-minutes 0" in run


def test_a_production_release_is_gone_on_with_without_one_in_staging() -> None:
    file = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    # To YAML 1.1 `on` is a truth.
    choice = file[True]["workflow_dispatch"]["inputs"]["resume"]
    assert choice["options"] == ["nothing", "staging", "production"]
    staging, production = file["jobs"]["staging"], file["jobs"]["production"]
    assert staging["if"] == "${{ inputs.resume != 'production' }}"
    # Without a status function a job is left out when one that it needs was.
    assert production["if"] == "${{ !failure() && !cancelled() }}"
    for name, job in (("staging", staging), ("production", production)):
        assert job["env"]["WHAT"] == f"${{{{ inputs.resume == '{name}' && '--resume' || '' }}}}"
