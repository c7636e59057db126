"""Errors and slowness by what is counted: a color with traffic and no numbers is not a good one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ops.alerts import series
from ops.cluster import Cluster
from ops.color import Color
from ops.diagnosis import errors, latency
from ops.diagnosis.cause import Cause, Weight
from ops.diagnosis.counted import Counted
from ops.metrics import NoData, Prometheus, Sample

BLUE, GREEN = Color.BLUE, Color.GREEN


class Fake(Prometheus):
    """The recorded series of green, by name; nothing is known of blue."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def value(self, query: str) -> float:
        found = [value for name, value in self.values.items() if self._asks(query, name)]
        if not found:
            raise NoData("nothing")
        return found[0]

    def vector(self, query: str) -> list[Sample]:
        return [Sample({"service": "backend"}, value) for value in self.values.values()]

    def _asks(self, query: str, name: str) -> bool:
        return query == series.query(getattr(series, name), "legal-ai", GREEN)


class Quiet(Cluster):
    """A namespace without pods."""

    def __init__(self) -> None:
        self.namespace = "legal-ai"

    def list(self, kind: str, labels: Any) -> list[dict[str, Any]]:
        return []


def looked(values: Mapping[str, float], weight: int) -> list[Cause]:
    counted = Counted(Fake(**values), "legal-ai", {BLUE: 0, GREEN: weight})
    return [
        *errors.look(counted, Quiet(), Color, errors_percent=1),
        *latency.look(counted, Color, p95_milliseconds=2000),
    ]


WELL = {"GATEWAY_SERVICES": 2, "ERRORS_RATIO": 0.001, "LATENCY_P95": 0.2}


def test_a_color_that_is_well_and_one_that_nobody_asks_anything_give_no_cause() -> None:
    assert looked(WELL, 100) == []
    assert looked({}, 0) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, "the gateway's counters of it are missing"),
        # Its numbers are of the past: the window still speaks of them.
        ({"ERRORS_RATIO": 0, "LATENCY_P95": 0.1}, "the gateway's counters of it are missing"),
        ({"GATEWAY_SERVICES": 2}, "no request to it was counted"),
    ],
)
def test_a_color_with_traffic_that_nothing_is_known_of_is_unknown(
    values: dict[str, float], found: str
) -> None:
    causes = looked(values, 10)
    assert [(each.area, each.weight) for each in causes] == [
        ("errors", Weight.UNKNOWN),
        ("slowness", Weight.UNKNOWN),
    ]
    assert all(found in each.found and "green gets 10 %" in each.found for each in causes)


def test_a_color_above_a_limit_is_bad_with_or_without_traffic() -> None:
    values = WELL | {"ERRORS_RATIO": 0.05, "LATENCY_P95": 2.5}
    for weight in (0, 100):
        failing, slow = looked(values, weight)
        assert failing.weight is slow.weight is Weight.BAD
        assert "5 % of requests fail" in failing.found
        assert (slow.area, slow.found) == (
            "slowness",
            "green: 2,500 ms is the P95 (more than 2000)",
        )
        assert "backend: 2,500 ms" in slow.evidence
