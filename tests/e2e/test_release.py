"""Whole releases on the real stack under load: done, killed, resumed, aborted, two at once."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from local.places import Places
from ops.preflight import people
from ops.release import aborting, measured
from ops.release.step import Step
from ops.ui_check.browser import find, opened
from tests.e2e import visitor
from tests.e2e.conftest import project_with, settle
from tests.e2e.project import ROOT, Project, Ran, finish
from tests.e2e.shifting import Shifting
from tests.e2e.test_data import ADMIN, script
from tests.e2e.test_switch_and_canary_scripts import forget_serial
from tests.unit.receiver import receiver
from tests.waiting import until

WATCHED: Final = (
    "agent.enabled=true",
    "alerts.delivery=files",
    "alerts.timeFactor=0.04",
    "alerts.minimumRequests=60",
    # Here the release is to act, not the agent.
    "alerts.rollback.enabled=false",
    "notifications.onCall=somebody",
)
LEASE: Final = ("--lease-seconds", "5")
TURNS: Final = 4
BRIEF: Final = (
    *("--canary-steps", "50", "--canary-minutes", "0.2"),
    *("--watch-minutes", "0.2", "--keep-minutes", "0.2"),
    *LEASE,
    # It is not this machine's speed that is tested.
    *("--time-factor", "20", "--times-worse", "20"),
)
REDIS: Final = 4
UNMEASURED: Final = (
    *("--accept", "disk=nobody measures it here"),
    *("--accept", "code=there is no Git host here"),
)


@dataclass(frozen=True)
class Releasing:
    """The project under load, and the command."""

    shifting: Shifting

    @property
    def project(self) -> Project:
        return self.shifting.project

    def release(self, *args: str, **env: str) -> Ran:
        return finish(self.shifting.project.start_script("release.py", *args, **env), seconds=600)

    def begin(self, version: str, *args: str, **env: str) -> Ran:
        """A whole release; all that people and machines check is done, where that is asked."""
        if "--from" not in args:
            ready(self.project, version)
        return self.release(version, *BRIEF, *UNMEASURED, *args, **env)

    def resume(self, **env: str) -> Ran:
        """Go on; a dead run is waited for as long as its lease lasts."""
        return self.release("--resume", *LEASE, **env)

    def abort(self, **env: str) -> Ran:
        """Go back."""
        return self.release("--abort", *LEASE, **env)

    def ended_on(self, color: str) -> None:
        """The release is done, all traffic is on the color, and configuration says so."""
        old = "blue" if color == "green" else "green"
        assert self.status()["history"][-1]["outcome"] == "done"
        assert visitor.colors(self.project.url) == visitor.everywhere(color)
        assert (self.replicas(old), self.replicas(color)) == (0, 1)
        self.project.preview("--expect-no-changes").ok()

    def is_as_before(self) -> None:
        """Blue serves everybody, green has no pods, and configuration says so."""
        assert self.status()["open"] is None
        assert self.shifting.weights() == {"blue": 100}
        assert (self.replicas("blue"), self.replicas("green")) == (1, 0)
        self.project.preview("--expect-no-changes").ok()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.release("--status", "--json").ok().text)
        return found

    def replicas(self, color: str) -> int:
        found: int = self.project.get("deployment", f"backend-{color}")["spec"]["replicas"]
        return found


def ready(project: Project, version: str) -> None:
    """The checklist ticked, the notes written, a backup proven."""
    (project.folder / "CHANGELOG.md").write_text(f"# {version}\n\nWhat is new.\n")
    file = project.folder / "releases" / f"{version}.yaml"
    if not file.exists():
        people.written(file, version)
    ticked = yaml.safe_load(file.read_text())
    for item in ticked["items"].values():
        item["by"] = "somebody"
    file.write_text(yaml.safe_dump(ticked))
    script(project, "backup_production_db.py").ok()
    script(project, "verify_backup.py", "latest").ok()


@contextmanager
def released_here(folder: Path) -> Iterator[Releasing]:
    """A project of its own: blue serves v1.0.0, green stands by at none; all is watched."""
    with project_with(folder, REDIS) as project, receiver() as on_call:
        backups = folder / "backups"
        project.set(
            *WATCHED,
            "green.replicas=0",
            f"backups.store={backups}",
            f"backups.archive={Places(ROOT).data('wal-archive')}",
        )
        admin = f"postgresql+psycopg://{ADMIN}/postgres"
        secret = ("config", "set", "--path", "--secret")
        project.pulumi(*secret, "legal-ai:database.adminUrl", admin).ok()
        project.pulumi(*secret, "legal-ai:notifications.webhook", on_call.url).ok()
        project.up().ok()
        yield Releasing(Shifting(project, REDIS))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releasing]:
    with released_here(tmp_path_factory.mktemp("release")) as found:
        yield found


@pytest.fixture
def releasing(once: Releasing) -> Releasing:
    """Blue serves v1.0.0, green stands by at none; nothing is open."""
    if once.status()["open"]:
        once.release("--abort").ok()
    journals = ("release", "traffic-shift", "rollback")
    once.project.kubectl("delete", "configmap", *journals, "--ignore-not-found").ok()
    forget_serial(once.project)
    settle(once.project)
    once.project.set("green.replicas=0")
    once.project.up().ok()
    return once


def test_a_release_moves_everything_and_loses_no_request(releasing: Releasing) -> None:
    quick = ("--no-canary", "--watch-minutes", "0.1", "--keep-minutes", "0.05")
    with releasing.shifting.load() as load:
        releasing.begin("v1.1.0", *quick, "--from", "migrate").ok()
    assert load.lost == []
    releasing.ended_on("green")


@pytest.mark.long
def test_two_releases_and_a_rename_lose_no_request_and_leave_their_reports(tmp_path: Path) -> None:
    with released_here(tmp_path) as releasing:
        releasing.project.remove("green")
        releasing.project.up().ok()
        with releasing.shifting.load() as load:
            first = releasing.begin("v1.1.0").ok()
            second = releasing.begin("v1.2.0").ok()
        print(first.text, second.text)  # noqa: T201 the time per step is wanted
        assert load.lost == []
        releasing.ended_on("blue")
        for version in ("v1.1.0", "v1.2.0"):
            require_readable(releasing.project.folder / "reports" / f"{version}.html")


def require_readable(report: Path) -> None:
    """One file that a browser has no complaint about, as wide as a desk and as a phone."""
    complaints: list[str] = []
    with opened(find()) as browser:
        for width in (1280, 360):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.on("console", lambda message: complaints.append(message.text))
            page.on("requestfailed", lambda request: complaints.append(request.url))
            page.goto(report.as_uri())
            page.screenshot(path=report.with_suffix(f".{width}.png"), full_page=True)
            assert complaints == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("#steps tr").count() == 1 + len(Step)
            assert page.locator("figure svg").count() == len(measured.QUANTITIES)
            assert page.locator("figure .bad").count() == 0
            weights = page.locator("figure", has_text="weight").locator("path")
            assert weights.count() == 2, "a line for each color"


@pytest.mark.long
@pytest.mark.parametrize("turn", range(TURNS))
def test_a_release_killed_at_one_place_after_the_other_goes_on_and_loses_no_request(
    releasing: Releasing, turn: int
) -> None:
    # All of them in one release would take longer than a test, and a load, may.
    places = every_place()[turn::TURNS]
    with releasing.shifting.load() as load:
        ran = releasing.begin("v1.1.0", FAILPOINT=places[0])
        for place, following in itertools.pairwise([*places, ""]):
            assert ran.code == -signal.SIGKILL, f"{place} was not reached\n{ran.text}"
            ran = releasing.resume(FAILPOINT=following)
    if places[-1] != "release.closed":
        ran.ok()
    assert load.lost == []
    assert releasing.status()["open"] is None
    releasing.ended_on("green")


def every_place() -> list[str]:
    """Where a release with one step of a canary journals, acts, and journals again, in order."""
    found = ["release.begun"]
    for step in Step:
        found.append(f"release.{step}.begun")
        if step is Step.SHIFT:
            found.append("shift.begun")
            parts = ("journaled", "configured", "applied", "moved", "watched")
            found += [f"shift.{number}.{part}" for number, part in itertools.product((0, 1), parts)]
            found.append("shift.done")
        found += [f"release.{step}.done", f"release.{step}"]
    return [*found, "release.closed"]


@pytest.mark.long
@pytest.mark.parametrize("step", list(Step))
def test_a_release_killed_at_any_step_is_aborted_to_what_was_before(
    releasing: Releasing, step: Step
) -> None:
    quick = ["--no-canary", "--watch-minutes", "0.1", "--keep-minutes", "0.05"]
    if step.number > Step.VERIFY.number:
        quick += ["--from", "migrate"]
    with releasing.shifting.load() as load:
        killed = releasing.begin("v1.1.0", *quick, FAILPOINT=f"release.{step}.done")
        assert killed.code == -signal.SIGKILL, killed.text
        releasing.abort().ok()
    assert load.lost == []
    releasing.is_as_before()


@pytest.mark.long
def test_an_abort_killed_at_every_place_one_after_the_other_ends_as_it_was_before(
    releasing: Releasing,
) -> None:
    places = [f"release.abort.{name}" for name in ("begun", *aborting.PARTS, "closed")]
    quick = ("--no-canary", "--watch-minutes", "0.1", "--keep-minutes", "0.05", "--from", "migrate")
    with releasing.shifting.load() as load:
        releasing.begin("v1.1.0", *quick, FAILPOINT="release.decommission.done")
        for place in places:
            killed = releasing.abort(FAILPOINT=place)
            assert killed.code == -signal.SIGKILL, f"{place} was not reached\n{killed.text}"
    assert load.lost == []
    assert releasing.status()["history"][-1]["outcome"] == "aborted"
    releasing.is_as_before()


@pytest.mark.long
def test_of_two_at_once_one_releases_and_the_other_is_told_who(releasing: Releasing) -> None:
    ready(releasing.project, "v1.1.0")
    with releasing.shifting.load():
        first = releasing.shifting.project.start_script("release.py", "v1.1.0", *BRIEF, *UNMEASURED)
        until(lambda: releasing.status()["open"] is not None, "begun")
        second = releasing.resume()
        assert second.code == 1, second.text
        second.failed("is alive", "at step")
        finish(first, seconds=600).ok()


@pytest.mark.long
def test_a_canary_that_fails_ends_with_the_old_color_and_an_abort_leaves_nothing(
    releasing: Releasing,
) -> None:
    tenth = ("--canary-steps", "10", "--from", "migrate")
    with releasing.shifting.load():
        # Well until its first visitor comes.
        releasing.begin("v1.1.0", *tenth, FAILPOINT="release.shift.begun")
        with releasing.shifting.failing("green", error_rate=0.05):
            ran = releasing.resume()
    assert ran.code == 1, ran.text
    assert releasing.shifting.weights() == {"blue": 100}
    report = (releasing.project.folder / "reports" / "v1.1.0.html").read_text()
    assert "stands at shift" in report
    releasing.abort().ok()
    releasing.is_as_before()
