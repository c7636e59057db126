"""A stack's status where something could not be read: it says so, and the rest is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ops.alerts import series
from ops.errors import CouldNotFindOut, NoAccess
from ops.status.sources import Servers, of_namespace
from tests.unit.status_world import BLUE, GREEN, StatusWorld, of, told


@pytest.fixture
def world() -> StatusWorld:
    return StatusWorld()


def lost(what: str) -> Callable[[], object]:
    def fail() -> object:
        raise CouldNotFindOut(f"{what} does not answer")

    return fail


def test_without_prometheus_the_numbers_are_unknown_and_the_rest_is_shown(
    world: StatusWorld,
) -> None:
    world.breaks["prometheus"] = lost("Prometheus")
    status = world.status()
    assert told(status) == {"metrics": "Prometheus does not answer"}
    assert status.verdict == "unknown"
    assert of(status, "errors", GREEN).live == "?"
    assert of(status, "version", GREEN).live == "v2"


def test_whoever_never_answers_is_not_waited_for(world: StatusWorld) -> None:
    end = threading.Event()
    for source in ("prometheus", "alertmanager", "maintenance", "lock", "public"):
        world.breaks[source] = end.wait
    try:
        status = world.status(seconds=1.5)
        assert not end.is_set()
    finally:
        end.set()
    wrong = told(status)
    assert set(wrong) == {"metrics", "alerts", "maintenance", "pulumi lock", "public"}
    assert wrong["maintenance"] == "Redis: no answer within 1.5 s (--seconds)"


def test_what_stands_on_an_answer_that_never_came_says_which_one(world: StatusWorld) -> None:
    end = threading.Event()
    world.breaks["deployed"] = end.wait
    try:
        wrong = told(world.status(seconds=0.2))
    finally:
        end.set()
    assert wrong["outputs"] == "Pulumi's outputs: no answer within 0.2 s (--seconds)"
    assert wrong["hold"] == "for want of Pulumi's outputs"


def test_a_color_in_traffic_that_nothing_counts_is_unknown(world: StatusWorld) -> None:
    world.prometheus.known[series.GATEWAY_SERVICES] = []
    status = world.status()
    assert "counters of green are missing" in told(status)["metrics"]
    assert of(status, "requests", GREEN).live == "?"
    assert of(status, "requests", BLUE).live == "none"


def test_without_pulumis_outputs_one_line_says_why_and_what_helps(world: StatusWorld) -> None:
    world.breaks["deployed"] = lost("the bucket")
    status = world.status()
    wrong = told(status)
    assert wrong["outputs"] == "the bucket does not answer"
    assert wrong["hold"] == wrong["release"] == "for want of Pulumi's outputs"
    assert of(status, "version", BLUE).configured == "v1"


def test_with_a_namespace_the_cluster_is_shown_and_pulumi_is_not_asked(
    world: StatusWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.cluster.Cluster.connect", lambda *_args, **_more: world.cluster)
    sources = of_namespace("legal-ai", None, Servers())
    world.sources = lambda: sources  # type: ignore[method-assign]
    status = world.status()
    assert of(status, "traffic", GREEN).live == "100 %, active"
    assert of(status, "traffic", GREEN).configured == "?"
    assert "hold" not in told(status)
    assert told(status)["backup"] == "for want of Pulumi's outputs"
    assert told(status)["public"] == "for want of Pulumi's outputs"


def test_what_asking_again_would_not_mend_ends_it_at_once(world: StatusWorld) -> None:
    def forbidden() -> None:
        raise NoAccess("no rights")

    world.breaks["cluster"] = forbidden
    with pytest.raises(NoAccess, match="no rights"):
        world.status()


def test_what_is_bad_is_told_before_what_is_unknown_and_decides(world: StatusWorld) -> None:
    world.breaks["prometheus"] = lost("Prometheus")
    world.hold(BLUE)
    status = world.status()
    assert [each.name for each in status.wrong] == ["hold", "metrics"]
    assert status.verdict == "bad"
