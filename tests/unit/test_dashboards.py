"""Dashboards: what Grafana would refuse or show wrongly, and that both colors are alike."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from components.dashboards import site
from ops.alerts import series
from ops.dashboards import dashboards
from tests.unit.configs import loaded
from tests.unit.engine import run, stack_file

Dashboard = dict[str, Any]


def made(**changes: Any) -> dict[str, Dashboard]:
    return {
        name: json.loads(text) for name, text in dashboards(site("test", loaded(changes))).items()
    }


@pytest.fixture(params=["legal-ai-colors.json", "legal-ai-shared.json"])
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    return made()[request.param]


def queries(dashboard: Dashboard) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def titles(dashboard: Dashboard) -> list[str]:
    return [panel["title"] for panel in dashboard["panels"]]


def test_panels_have_numbers_of_their_own_and_do_not_overlap(dashboard: Dashboard) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    for place in places:
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
    for one, two in combinations(places, 2):
        beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
        below = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
        assert beside or below


def test_grafana_takes_the_dashboards_id_and_its_prometheus_is_chosen_at_the_top(
    dashboard: Dashboard,
) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard["uid"])
    assert dashboard["templating"]["list"][0]["query"] == "prometheus"
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_every_query_is_about_this_stack_alone(dashboard: Dashboard) -> None:
    assert queries(dashboard)
    for query in queries(dashboard):
        assert query.count("{") == query.count('namespace="legal-ai"'), query


def test_two_stacks_dashboards_do_not_replace_each_other() -> None:
    uids = [
        each["uid"]
        for namespace in ("legal-ai", "legal-ai-staging", "a" * 60 + "-b", "a" * 60 + "-c")
        for each in made(namespace=namespace).values()
    ]
    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= 40


def test_blue_is_on_the_left_and_green_with_the_same_queries_on_the_right() -> None:
    panels = made()["legal-ai-colors.json"]["panels"]
    for left, right in zip(panels[::2], panels[1::2], strict=True):
        assert left["gridPos"]["y"] == right["gridPos"]["y"]
        assert (left["gridPos"]["x"], right["gridPos"]["x"]) == (0, 12)
        as_green = json.dumps(left["targets"]).replace('color=\\"blue\\"', 'color=\\"green\\"')
        assert as_green == json.dumps(right["targets"])
        assert as_green != json.dumps(left["targets"])


def test_the_lines_are_the_configured_thresholds() -> None:
    errors = {"errorRatePercent": {"normal": 0.5, "alert": 2}}
    panels = made(alerts={"delivery": "none", **errors})["legal-ai-colors.json"]["panels"]
    panel = next(panel for panel in panels if panel["title"] == "Errors: green")
    defaults = panel["fieldConfig"]["defaults"]
    assert [step["value"] for step in defaults["thresholds"]["steps"]] == [None, 0.005, 0.02]
    assert defaults["unit"] == "percentunit"


def test_too_little_disk_is_red_below_its_line() -> None:
    panels = made()["legal-ai-shared.json"]["panels"]
    disk = next(panel for panel in panels if panel["title"] == "Free disk")
    steps = disk["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps == [{"color": "red", "value": None}, {"color": "green", "value": 20}]


def test_what_no_exporter_tells_of_has_no_panel() -> None:
    bare = made(alerts={"delivery": "none", "exporters": []})
    assert "Memory: blue" not in titles(bare["legal-ai-colors.json"])
    assert "Free disk" not in titles(bare["legal-ai-shared.json"])
    assert not any(series.CPU_PERCENT in query for query in queries(bare["legal-ai-colors.json"]))


def test_the_program_declares_them_where_grafanas_sidecar_looks() -> None:
    config = stack_file("local")
    config["legal-ai:database"]["url"] = "postgresql+psycopg://a:b@10.200.0.1:15432/legal_ai"
    config["legal-ai:alerts"] = {**config.get("legal-ai:alerts", {}), "delivery": "files"}
    found = run("local", config).of("ConfigMap")["dashboards"].inputs
    assert found["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert set(found["data"]) == {"legal-ai-colors.json", "legal-ai-shared.json"}
