"""The page: what it says of each color, and that it says so where something is not known."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import cast

import pytest

from agent import page
from agent.overview import Overview, Sources, cached, gather
from ops import plot
from ops.errors import CouldNotFindOut
from ops.hold import Hold
from ops.metrics import Alert, Prometheus, Series
from ops.plot import Span
from ops.rollback.facts import ColorFacts, Facts
from ops.rollback.journal import Operation
from tests.unit.agent_world import BLUE, GREEN, SETTINGS, facts, workload

FIRING = Alert(
    name="DeploymentFailure",
    labels={"stack": "local", "namespace": "legal-ai", "severity": "critical", "color": "green"},
    annotations={"summary": "green fails", "runbook_url": "https://docs.example/alerts#failure"},
    state="firing",
    since="2026-01-01T00:00:00.5Z",
)


class FakePrometheus:
    """Says the same to every question."""

    def __init__(self, series: Sequence[Series] = (), alerts: Sequence[Alert] = ()) -> None:
        self.series, self.firing = list(series), list(alerts)
        self.is_down = False
        self.asked: list[str] = []

    def range(self, query: str, seconds: float, step: float) -> list[Series]:
        self._ask(query)
        return self.series

    def alerts(self) -> list[Alert]:
        self._ask("alerts")
        return self.firing

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.is_down:
            raise CouldNotFindOut("Prometheus does not answer")


def points(*values: float, age: float = 0.0) -> tuple[tuple[float, float], ...]:
    """The values, a minute apart, the last one as old as that."""
    end = time.time() - age
    return tuple((end - 60 * (len(values) - 1 - i), value) for i, value in enumerate(values))


def overview(
    prometheus: FakePrometheus | None = None,
    found: Facts | CouldNotFindOut | None = None,
    operations: Sequence[Operation] = (),
) -> Overview:
    """What is gathered from these sources."""

    def read() -> Facts:
        if isinstance(found, CouldNotFindOut):
            raise found
        return found or facts()

    return gather(
        Sources(
            facts=read,
            operations=lambda: operations,
            leader=lambda: "agent-1 since 2026",
            prometheus=cast(Prometheus, prometheus or FakePrometheus()),
            stack="local",
            namespace="legal-ai",
            plot_seconds=3600,
        )
    )


def html(seen: Overview) -> str:
    """The page, spaces made one."""
    return " ".join(page.render(SETTINGS, seen).split())


def test_each_color_has_its_version_weight_replicas_and_what_it_is() -> None:
    seen = overview()
    assert seen.colors is not None
    blue, green = seen.colors
    assert (blue.version, blue.weight, green.version, green.weight) == ("v1", 0, "v2", 100)
    text = html(seen)
    assert "standby" in text
    assert "active" in text
    assert "1 of 1" in text


def test_a_replica_that_is_not_ready_is_shown_with_its_reason() -> None:
    found = facts()
    colors = {**found.colors, BLUE: ColorFacts("v1", {"backend": workload(BLUE, ready=0)})}
    text = html(overview(found=dataclasses.replace(found, colors=colors)))
    assert "0 of 1" in text
    assert "crashing" in text


def test_a_color_that_is_not_deployed_is_shown_as_that() -> None:
    found = facts()
    colors = {**found.colors, BLUE: ColorFacts("", {"backend": None})}
    assert "not deployed" in html(overview(found=dataclasses.replace(found, colors=colors)))


def test_a_hold_is_shown_with_how_to_lift_it() -> None:
    hold = Hold(GREEN, BLUE, "5 % errors", "2026-01-01T00:00:00Z", "rollback-agent", "Failure")
    text = html(overview(found=dataclasses.replace(facts(), hold=hold)))
    assert "Green is held" in text
    assert "scripts/emergency_rollback.py --acknowledge" in text


def test_a_held_color_that_still_has_traffic_is_not_said_to_have_none() -> None:
    hold = Hold(GREEN, BLUE, "errors", "2026-01-01T01:00:00+01:00", "agent")
    text = html(overview(found=dataclasses.replace(facts(), hold=hold)))
    assert "its 100 % leave as soon as blue is ready" in text
    assert "2026-01-01 00:00:00 UTC" in text


def test_firing_alerts_of_this_stack_are_listed_with_what_to_do() -> None:
    pending = dataclasses.replace(FIRING, name="Pending", state="pending")
    foreign = dataclasses.replace(FIRING, name="Foreign", labels={"stack": "production"})
    text = html(overview(FakePrometheus(alerts=[FIRING, pending, foreign])))
    assert "DeploymentFailure" in text
    assert 'href="https://docs.example/alerts#failure"' in text
    assert "Pending" not in text
    assert "Foreign" not in text


def test_nobody_writes_html_into_the_page() -> None:
    evil = "<img src=x onerror=alert(1)>"
    notes = {"summary": evil, "runbook_url": "javascript:alert(1)"}
    hold = Hold(GREEN, BLUE, evil, evil, evil, evil)
    found = dataclasses.replace(facts(), hold=hold)
    text = html(
        overview(FakePrometheus(alerts=[dataclasses.replace(FIRING, annotations=notes)]), found)
    )
    assert "<img" not in text
    assert 'href="javascript:' not in text


def test_what_could_not_be_found_out_is_said_and_never_looks_like_none() -> None:
    down = FakePrometheus()
    down.is_down = True
    text = html(overview(down, CouldNotFindOut("the API server is down")))
    assert text.count("Prometheus does not answer") == 2
    assert "the API server is down" in text
    assert "None." not in text


def test_without_prometheus_the_page_says_which_key_is_missing() -> None:
    sources = Sources(facts, lambda: (), lambda: "", None, "local", "legal-ai", 3600)
    assert "legal-ai:alerts.prometheusUrl" in html(gather(sources))


def test_a_plot_shows_the_last_value_and_both_colors_have_one_scale() -> None:
    lines = [
        Series({"color": "blue"}, points(0.001, 0.002)),
        Series({"color": "green"}, points(0.001, 0.034)),
    ]
    seen = overview(FakePrometheus(lines))
    assert seen.plots is not None
    blue, green = seen.plots[BLUE][0], seen.plots[GREEN][0]
    assert (blue.now, green.now) == ("0.2 %", "3.4 %")
    assert blue.top == green.top == "5 %"
    assert "M" in green.path


def test_an_old_value_is_not_what_is_now() -> None:
    seen = overview(FakePrometheus([Series({"color": "green"}, points(0.5, age=600))]))
    assert seen.plots is not None
    assert seen.plots[GREEN][0].now == ""
    assert "no data" in html(seen)


@pytest.mark.parametrize(
    ("highest", "least", "top"),
    [(0.0, 0.01, 0.01), (0.012, 0.01, 0.02), (0.02, 0.01, 0.02), (3.0, 1, 5), (51, 1, 100)],
)
def test_the_top_of_a_plot_is_a_round_value(highest: float, least: float, top: float) -> None:
    assert plot.top_of([[(0, highest)]], least) == pytest.approx(top)


def test_a_gap_is_not_drawn_over_and_a_point_alone_is_seen() -> None:
    span = Span(0, 100, 10, 1)
    assert plot.path([(0, 0), (10, 1), (50, 0.5), (100, 1)], span) == (
        "M0.0 60.0L30.0 0.0M150.0 30.0h1M300.0 0.0h1"
    )


def test_a_value_above_the_top_stays_inside() -> None:
    assert plot.path([(0, 7)], Span(0, 100, 10, 1)).startswith("M0.0 0.0")


def test_however_many_look_the_sources_are_asked_once() -> None:
    asked: list[float] = []
    now = [0.0]

    def read() -> float:
        asked.append(now[0])
        return now[0]

    ask = cached(read, 1.0, lambda: now[0])
    assert [ask(), ask()] == [0.0, 0.0]
    now[0] = 1.5
    assert ask() == 1.5
    assert asked == [0.0, 1.5]


def test_the_page_fits_a_phone_and_draws_itself_anew() -> None:
    text = html(overview())
    assert 'name="viewport" content="width=device-width' in text
    assert f'http-equiv="refresh" content="{SETTINGS.refresh_seconds}"' in text
