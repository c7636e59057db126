"""The report of a release: one file, escaped, that says what happened though Prometheus is gone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from ops.checklist import Line
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.journal import KEPT as HISTORY
from ops.journal import ClusterJournal
from ops.metrics import Series
from ops.operations import Operations, parse
from ops.release import procedure, report
from ops.release.deploying import changed
from ops.release.entry import FAILED, KEPT, MOST_RUNS, NAME, Release, Run
from ops.release.links import links
from ops.release.measured import QUANTITIES, Plot, measure
from ops.release.step import Step
from tests.releases import a_release
from tests.unit.release_world import GREEN, ReleaseWorld
from tests.unit.rollback_cluster import RollbackCluster
from tests.unit.stranger import OUTPUTS
from tests.unit.test_release_procedure import V2

END = 1_760_407_200.0
AT = "2025-10-14T02:00:00Z"


class FakePrometheus:
    """Green has two points of everything, blue none; what `fails` names is not answered."""

    def __init__(self, fails: str = "nothing") -> None:
        self.fails, self.asked = fails, list[str]()

    def range(self, query: str, seconds: float, step: float, end: float) -> list[Series]:
        self.asked.append(query)
        if self.fails in query:
            raise CouldNotFindOut(f"Prometheus can't answer <{self.fails}>")
        points = ((END - 60, 0.5), (END - 58, 0.25))
        return [Series({"color": "green"}, points), Series({"color": ""}, points)]


def measured(fails: str = "nothing") -> list[Plot]:
    fake = FakePrometheus(fails)
    return measure(lambda: cast(Any, fake), "legal-ai", END - 100, END)


@pytest.fixture
def failed() -> Release:
    world = ReleaseWorld()
    world.fails["smoke"] = Refused("login: <script>alert(1)</script>")
    with pytest.raises(Refused):
        procedure.run(world.release_tools(), V2)
    return world.reports[-1]


def drawn(release: Release, plots: Sequence[Plot] = ()) -> str:
    return report.draw(release, plots, {"public": "https://legal-ai.example"}, END)


def deployed(**changes: Any) -> Operations:
    """The facts of a stack; by default nothing of it is outside but the application."""
    return parse({"operations": OUTPUTS["operations"] | changes}, "production")


def test_every_step_that_was_begun_stands_in_it_with_what_it_said(failed: Release) -> None:
    html = drawn(failed)
    for step in list(Step)[: Step.SMOKE.number + 1]:
        assert f">{step}</td>" in html
    assert f">{Step.BROWSER}</td>" not in html
    assert "backup backup-1" in html
    assert "stands at smoke" in html


def test_the_whole_checklist_stands_in_it() -> None:
    world = ReleaseWorld()
    names = [f"line-{number}" for number in range(40)]
    world.lines = [Line(name, "good", "seen to") for name in names]
    procedure.run(world.release_tools(), V2)
    html = drawn(world.reports[-1])
    assert all(f"{name}: seen to" in html for name in names)


def test_the_fullest_journal_fits_into_a_config_map() -> None:
    release = a_release(started=AT)
    steps = itertools.cycle(Step)
    for _ in range(MOST_RUNS):
        release = release.updated(step=next(steps)).begun(AT)
        release = release.ended(AT, FAILED, ["x" * 1000] * 100).updated(reason="x" * 2000)
    cluster = RollbackCluster()
    journal = ClusterJournal(cluster, KEPT)
    for _ in range(HISTORY):
        journal.write(release)
        journal.close(release.brief())
    journal.write(release)
    size = sum(len(text.encode()) for text in (cluster.data(NAME) or {}).values())
    assert size < 0.75 * 2**20


def test_of_a_step_that_is_done_once_more_the_last_run_keeps_what_it_said() -> None:
    release = a_release(started=AT)
    for _ in range(2):
        release = release.begun(AT).ended(AT, FAILED, ["one", "two"])
    assert [run.lines for run in release.runs] == [("two",), ("one", "two")]


def test_what_pulumi_changed_and_how_long_it_took_is_said() -> None:
    world = ReleaseWorld()
    printed = "Resources:\n    + 2 created\n    ~ 1 updated\n    77 unchanged\n\nDuration: 1m12s"
    up = world.up

    def shown(show: Callable[[str], None], *, seconds: float = 0.0) -> None:
        up(show, seconds=seconds)
        for line in printed.splitlines():
            show(line)

    world.up = shown  # type: ignore[method-assign]
    procedure.run(world.release_tools(), V2)
    deploy = world.reports[-1].run_of(Step.DEPLOY)
    assert deploy is not None
    assert deploy.lines[0] == "pulumi up: + 2 created, ~ 1 updated, 77 unchanged, in 1m12s"
    assert changed(["no summary"]) == []


def test_it_leads_to_what_is_configured_and_to_nothing_else() -> None:
    assert links(deployed(monitoring=None, release={}, previewUrls={}), "v2") == {
        "public": OUTPUTS["operations"]["publicUrl"]
    }
    sentry = {"url": "https://sentry.io", "organization": "us", "project": "web", "token": "t"}
    outside = {"repository": "we/app", "gitHost": "https://api.github.com", "sentry": sentry}
    found = links(deployed(release=outside), "v2")
    assert found["code of this tag"] == "https://github.com/we/app/tree/v2"
    assert found["errors in Sentry"] == "https://sentry.io/organizations/us/releases/v2/"
    assert found["Prometheus"].startswith("http://prometheus-operated")
    assert {"Alertmanager", "preview of blue"} <= found.keys()


def test_a_password_in_an_address_is_in_no_link() -> None:
    host = "https://ops:s3cret@git.example/api/v3"
    sentry = {"url": "https://ops:s3cret@sentry.example", "organization": "us", "project": "web"}
    outside = {"repository": "we/app", "gitHost": host, "sentry": {**sentry, "token": "t"}}
    facts = deployed(release=outside).reached_by(
        "https://ops:s3cret@prom.example", "https://s3cret@alerts.example/a"
    )
    found = links(facts, "v2")
    assert not [url for url in found.values() if "s3cret" in url]
    assert found["Prometheus"] == "https://prom.example"
    assert found["Alertmanager"] == "https://alerts.example/a"
    assert found["code of this tag"] == "https://git.example/we/app/tree/v2"
    assert found["errors in Sentry"].startswith("https://sentry.example/")


@pytest.mark.parametrize(
    ("host", "version", "url"),
    [
        ("https://git.example/api/v3", "v2", "https://git.example/we/app/tree/v2"),
        ("https://git.example/api", "v2", None),
        ("https://api.github.com", "sha256:ab", None),
    ],
)
def test_code_is_linked_where_its_page_is_known(host: str, version: str, url: str | None) -> None:
    facts = deployed(release={"repository": "we/app", "gitHost": host})
    assert links(facts, version).get("code of this tag") == url


def test_what_steps_and_people_say_is_escaped(failed: Release) -> None:
    html = drawn(failed.updated(notes=("<b>&",)), measured("p95"))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;b&gt;&amp;" in html


def test_nothing_is_loaded_from_anywhere(failed: Release) -> None:
    html = drawn(failed, measured())
    assert not re.search(r"<(link|script|img)|src\s*=|url\(|@import", html)
    assert "default-src 'none'" in html


def test_each_quantity_has_a_plot_of_the_colors_that_have_data() -> None:
    plots = measured()
    assert [each.name for each in plots] == [quantity.name for quantity in QUANTITIES]
    assert all(list(each.paths) == [GREEN] for each in plots)
    assert all(each.paths[GREEN].startswith("M") for each in plots)


def test_what_prometheus_does_not_know_is_said_in_its_place(failed: Release) -> None:
    plots = measured("latency_p95")
    assert [bool(each.problem) for each in plots] == [False, True, False, False]
    assert "can&#39;t answer" in drawn(failed, plots)


def test_a_stack_that_is_not_watched_gets_its_report_all_the_same(
    failed: Release, tmp_path: Path
) -> None:
    said: list[str] = []
    report.write(failed, deployed(monitoring=None), tmp_path / "reports", said.append)
    assert "says nothing of monitoring" in (tmp_path / "reports" / "v2.html").read_text()
    assert said == [f"report: {tmp_path}/reports/v2.html"]


def test_a_report_that_can_not_be_written_fails_nothing(failed: Release, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    said: list[str] = []
    report.write(failed, deployed(monitoring=None), tmp_path / "reports", said.append)
    assert "can't be written" in said[0]


def test_a_digest_makes_a_name_that_every_file_system_takes(
    failed: Release, tmp_path: Path
) -> None:
    facts = deployed(monitoring=None)
    report.write(failed.updated(version="sha256:ab"), facts, tmp_path, lambda _: None)
    assert [file.name for file in tmp_path.iterdir()] == ["sha256-ab.html"]


def test_the_timeline_has_each_step_where_and_as_long_as_it_was() -> None:
    runs = (
        Run(step=Step.BACKUP, began="2025-10-14T02:00:00Z", ended="2025-10-14T02:01:30Z"),
        Run(step=Step.VERIFY, began="2025-10-14T02:01:30Z"),
    )
    release = Release(
        id="1",
        version="v2",
        color=Color.GREEN,
        by="somebody",
        started="2025-10-14T02:00:00Z",
        step=Step.VERIFY,
        runs=runs,
    )
    now = END + 180
    found = [(bar.left, bar.width, bar.lasted) for bar in report.bars(release, now)]
    assert found == [(0.0, 50.0, "1 min 30 s"), (50.0, 50.0, "1 min 30 s")]
