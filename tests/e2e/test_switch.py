"""The main job: a config change moves live traffic, there and back, and nothing else."""

import re

from ops import web
from tests.e2e import visitor
from tests.e2e.project import Project


def test_a_switch_moves_page_and_api_together_and_back(settled: Project) -> None:
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    settled.switch("green").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")
    settled.switch("blue").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")


def test_the_application_answers_the_version_that_the_color_has(settled: Project) -> None:
    for color, version in (("blue", "v1.0.0"), ("green", "v1.1.0")):
        with web.client(settled.preview_url(color)) as client:
            for path in (visitor.PAGE, visitor.API):
                assert client.get(path).headers["X-App-Version"] == version


def test_the_preview_of_a_switch_shows_weights_and_annotations_only(settled: Project) -> None:
    settled.set("activeColor=green")
    shown = settled.preview("--diff").ok().text
    settled.set("activeColor=blue")
    assert re.search(r"~ 1 to update", shown)
    assert "green serves the public" in shown
    resources, _, _ = shown.partition("--outputs:--")
    changed = [line.strip() for line in resources.splitlines() if re.match(r"\s+[~+-] ", line)]
    leaves = [line for line in changed if "=>" in line]
    assert leaves
    for line in leaves:
        assert re.match(r"~ (weight|legal-ai-system\.com/[a-z-]+)\s*:", line), line
    assert not [line for line in changed if line.startswith(("+ ", "- "))], shown


def test_an_up_without_a_change_changes_nothing(settled: Project) -> None:
    told = settled.pulumi("up", "--yes").ok().text
    assert not re.search(r"\d+ (updated|created|deleted|replaced)", told), told
    assert settled.preview("--expect-no-changes").code == 0


def test_refresh_finds_nothing_that_drifted(settled: Project) -> None:
    told = settled.pulumi("up", "--yes", "--refresh").ok().text
    assert not re.search(r"\d+ (updated|created|deleted|replaced)", told), told


def test_a_header_picks_a_color_on_preview_hosts_only(settled: Project) -> None:
    ask_green = {"X-Deployment-Color": "green"}
    assert visitor.colors(settled.url, headers=ask_green) == visitor.everywhere("blue")
    preview = settled.preview_url("blue")
    assert visitor.colors(preview) == visitor.everywhere("blue")
    assert visitor.colors(preview, headers=ask_green) == visitor.everywhere("green")


def test_outputs_tell_where_it_is_and_who_serves(settled: Project) -> None:
    outputs = settled.outputs()
    assert outputs["publicUrl"] == settled.url
    assert outputs["previewUrls"]["green"] == settled.preview_url("green")
    assert outputs["activeColor"] == "blue"
    assert outputs["weights"] == {"blue": 100, "green": 0}
    assert outputs["versions"] == {"blue": "v1.0.0", "green": "v1.1.0"}
    assert outputs["namespace"] == settled.namespace
    assert outputs["trafficVerified"] is True
