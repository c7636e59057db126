"""The table of the runbook: what is good, unusual, bad, unknown, or nothing to judge by."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ops import vitals
from ops.alertmanager import Alertmanager, FiringAlert
from ops.alerts import series
from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.metrics import Prometheus, Sample
from ops.silences import Matcher, Silence
from ops.vitals.row import Row, enforce, table
from ops.vitals.subject import Subject
from tests.unit.monitored import monitoring

BLUE, GREEN = {"color": "blue"}, {"color": "green"}
NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)

WELL: Mapping[str, list[tuple[dict[str, str], float]]] = {
    series.ROUTE_WEIGHT: [(BLUE, 100), (GREEN, 0)],
    series.GATEWAY_SERVICES: [(BLUE, 2), (GREEN, 2)],
    series.REQUESTS_COUNT: [(BLUE, 3000), (GREEN, 0)],
    series.REQUESTS_RATE: [(BLUE, 10)],
    series.REQUESTS_BASELINE: [(BLUE, 9)],
    series.ERRORS_RATIO: [(BLUE, 0.0005)],
    series.LATENCY_P95: [(BLUE, 0.04)],
    series.MEMORY_PERCENT: [(BLUE | {"service": "backend"}, 30)],
    series.CPU_PERCENT: [(BLUE | {"service": "backend"}, 20)],
    series.DATABASE_CONNECTIONS_PERCENT: [({}, 12)],
    series.DISK_FREE_PERCENT: [({}, 60)],
    series.REPLICA_LAG: [({}, 0.5)],
}


class Known(Prometheus):
    """Knows the series it is given."""

    def __init__(self, **_: Any) -> None:
        self.known = dict(WELL)

    def vector(self, query: str) -> list[Sample]:
        (name,) = re.findall(r"legal_ai:[a-z_0-9]+:[a-z]+", query)
        return [Sample(labels, value) for labels, value in self.known.get(name, [])]


class Told(Alertmanager):
    """Knows the alerts and silences it is given; None: it does not answer."""

    def __init__(self) -> None:
        self.firing: list[FiringAlert] | None = []
        self.made: list[Silence] = []

    def alerts(self, namespace: str) -> list[FiringAlert]:
        if self.firing is None:
            raise CouldNotFindOut("Alertmanager does not answer")
        return self.firing

    def silences(self) -> list[Silence]:
        return self.made


def subject(has_replica: bool = False, **facts: Any) -> Subject:
    weights = {Color.BLUE: 100, Color.GREEN: 0}
    return Subject("local", "legal-ai", weights, has_replica, monitoring(**facts))


def rows(
    changes: Mapping[str, Any] | None = None,
    told: Alertmanager | None = None,
    of: Subject | None = None,
) -> list[Row]:
    prometheus = Known()
    prometheus.known |= changes or {}
    return vitals.rows(of or subject(), prometheus, told or Told())


def row(found: list[Row], name: str) -> Row:
    (one,) = [each for each in found if each.name == name]
    return one


def alert(name: str = "HighLatency", stack: str = "local", silenced: bool = False) -> FiringAlert:
    labels = {"alertname": name, "stack": stack, "color": "blue"}
    by = ("one",) if silenced else ()
    return FiringAlert(name, labels, {"summary": "it is slow"}, NOW, by)


def test_a_stack_that_is_well_has_no_row_that_is_not() -> None:
    found = rows()
    enforce(found)
    assert {each.verdict for each in found} == {"good", "not judged"}
    assert row(found, "Error rate").now == "0.05 %"
    assert row(found, "P95 latency").now == "40 ms"
    assert row(found, "Request rate").now == "10/s, 111 %"


@pytest.mark.parametrize(
    ("name", "which", "labels", "fine", "unusual", "bad"),
    [
        ("Error rate", series.ERRORS_RATIO, BLUE, 0.001, 0.002, 0.011),
        ("P95 latency", series.LATENCY_P95, BLUE, 0.5, 0.6, 2.1),
        ("Request rate", series.REQUESTS_BASELINE, BLUE, 9, 7, 4),
        ("Memory", series.MEMORY_PERCENT, BLUE, 70, 71, 86),
        ("CPU", series.CPU_PERCENT, BLUE, 60, 61, 81),
        ("Connections", series.DATABASE_CONNECTIONS_PERCENT, {}, 80, 81, 91),
    ],
)
def test_each_row_of_the_runbook_has_its_own_limits(
    name: str, which: str, labels: dict[str, str], fine: float, unusual: float, bad: float
) -> None:
    for value, verdict in ((fine, "good"), (unusual, "unusual"), (bad, "bad")):
        assert row(rows({which: [(labels, value)]}), name).verdict == verdict


def test_fewer_requests_than_usual_are_unusual_and_do_not_alarm() -> None:
    assert row(rows({series.REQUESTS_BASELINE: [(BLUE, 100)]}), "Request rate").verdict == "unusual"


def test_without_a_week_ago_there_is_nothing_to_compare_with() -> None:
    found = row(rows({series.REQUESTS_BASELINE: []}), "Request rate")
    assert (found.now, found.verdict) == ("10/s", "not judged")


def test_disk_that_runs_out_is_bad() -> None:
    assert row(rows({series.DISK_FREE_PERCENT: [({}, 20)]}), "Free disk").verdict == "good"
    assert row(rows({series.DISK_FREE_PERCENT: [({}, 19)]}), "Free disk").verdict == "bad"


def test_a_color_without_traffic_is_not_judged_by_it() -> None:
    found = rows({series.ERRORS_RATIO: [(BLUE, 0), (GREEN, 1)]})
    assert row(found, "Error rate").of == "blue"


def test_what_the_live_route_says_counts_and_not_what_was_deployed() -> None:
    moved = {series.ROUTE_WEIGHT: [(BLUE, 0), (GREEN, 100)], series.ERRORS_RATIO: [(GREEN, 1)]}
    found = rows(moved | {series.REQUESTS_COUNT: [(GREEN, 1000)]})
    assert (row(found, "Error rate").of, row(found, "Error rate").verdict) == ("green", "bad")


def test_unknown_weights_are_told_and_the_deployed_ones_judged() -> None:
    found = rows({series.ROUTE_WEIGHT: [(BLUE, 100)]})
    assert row(found, "Traffic").verdict == "unknown"
    assert row(found, "Error rate").of == "blue"
    with pytest.raises(CouldNotFindOut, match="live route"):
        enforce(found)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({series.GATEWAY_SERVICES: []}, "counters are missing"),
        ({series.REQUESTS_COUNT: []}, "counters are missing"),
        ({series.REQUESTS_COUNT: [(BLUE, 99)]}, "99 requests within the window, and 100"),
        ({series.ERRORS_RATIO: []}, "no data"),
    ],
)
def test_no_numbers_and_too_few_are_never_good(changes: dict[str, Any], why: str) -> None:
    found = rows(changes)
    assert row(found, "Error rate").verdict == "unknown"
    with pytest.raises(CouldNotFindOut, match=why):
        enforce(found)


def test_something_bad_weighs_more_than_something_unknown() -> None:
    found = rows({series.ERRORS_RATIO: [(BLUE, 0.5)], series.LATENCY_P95: []})
    with pytest.raises(Refused, match=r"Error rate of blue: 50 %.*\n.*P95 latency of blue"):
        enforce(found)


def test_the_fullest_service_stands_for_its_color() -> None:
    memory = [(BLUE | {"service": "backend"}, 20), (BLUE | {"service": "frontend"}, 90)]
    found = row(rows({series.MEMORY_PERCENT: memory}), "Memory")
    assert (found.of, found.verdict) == ("frontend-blue", "bad")


def test_pods_without_numbers_are_unknown_where_the_color_has_traffic() -> None:
    assert row(rows({series.CPU_PERCENT: []}), "CPU").verdict == "unknown"


def test_what_no_exporter_was_declared_for_is_not_missed() -> None:
    found = rows(of=subject(exporters=[]))
    assert {each.name for each in found} == {
        "Traffic", "Error rate", "P95 latency", "Request rate", "Alerts",
    }  # fmt: skip


def test_the_replicas_lag_is_asked_for_where_there_is_one() -> None:
    assert row(rows(of=subject(has_replica=True)), "Replica lag").verdict == "good"
    late = rows({series.REPLICA_LAG: [({}, 31)]}, of=subject(has_replica=True))
    assert row(late, "Replica lag").verdict == "bad"
    assert not [each for each in rows() if each.name == "Replica lag"]


def test_an_alert_that_fires_is_bad_unless_somebody_silenced_it() -> None:
    told = Told()
    told.firing = [alert(), alert("CpuHigh", silenced=True), alert("DiskLow", stack="other")]
    found = rows(told=told)
    assert row(found, "HighLatency").verdict == "bad"
    assert row(found, "CpuHigh").verdict == "not judged"
    assert not [each for each in found if each.name == "DiskLow"]
    with pytest.raises(Refused, match="it is slow"):
        enforce(found)


def test_a_silence_that_keeps_the_agent_from_hearing_is_bad() -> None:
    def made(state: str, *matchers: Matcher) -> Silence:
        return Silence(matchers, NOW, NOW, "somebody", "quiet please", "deaf", state)

    told = Told()
    told.made = [
        made("expired", Matcher("severity", "critical")),
        made("active", Matcher("severity", "warning")),
        made("active", Matcher("namespace", "other")),
    ]
    enforce(rows(told=told))
    told.made.append(made("pending", Matcher("severity", "critical")))
    with pytest.raises(Refused, match=r"silence_alerts\.py expire deaf"):
        enforce(rows(told=told))


def test_an_alertmanager_that_does_not_answer_hides_no_numbers() -> None:
    told = Told()
    told.firing = None
    found = rows(told=told)
    assert row(found, "Error rate").verdict == "good"
    with pytest.raises(CouldNotFindOut, match="does not answer"):
        enforce(found)


def test_the_table_has_its_columns_below_each_other() -> None:
    lines = table(rows()).splitlines()
    at = lines[0].index("verdict")
    assert all(line[at - 1] == " " and line[at] != " " for line in lines)
