"""Prometheus' answers: a value, none, an error and silence are four things."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops.errors import CouldNotFindOut, UsageError
from ops.metrics import NoData, Prometheus, QueryFailed, Sample, Unreachable
from tests.unit.json_server import JsonServer, json_server

QUERY = "POST /api/v1/query"
RANGE = "POST /api/v1/query_range"


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with json_server() as served:
        yield served


def success(data: Any, **more: Any) -> tuple[int, Any]:
    return 200, {"status": "success", "data": data, **more}


def vector(*values: tuple[dict[str, str], str]) -> dict[str, Any]:
    result = [{"metric": metric, "value": [1760000000.5, value]} for metric, value in values]
    return {"resultType": "vector", "result": result}


def test_the_one_value_is_a_number(server: JsonServer) -> None:
    server.answers[QUERY] = success(vector(({}, "0.025")))
    assert Prometheus(server.url).value('x{color="green"}') == 0.025
    assert server.asked[0].body["query"] == ['x{color="green"}']


def test_a_scalar_is_a_value_too(server: JsonServer) -> None:
    server.answers[QUERY] = success({"resultType": "scalar", "result": [1760000000, "3"]})
    assert Prometheus(server.url).value("3") == 3


@pytest.mark.parametrize("data", [vector(), vector(({}, "NaN"))])
def test_nothing_and_nan_are_no_data(server: JsonServer, data: Any) -> None:
    server.answers[QUERY] = success(data)
    with pytest.raises(NoData, match="no data"):
        Prometheus(server.url).value("x")
    assert Prometheus(server.url).vector("x") == []


def test_no_data_is_never_taken_for_an_answer() -> None:
    assert issubclass(NoData, CouldNotFindOut)
    assert issubclass(QueryFailed, CouldNotFindOut)
    assert issubclass(Unreachable, CouldNotFindOut)


def test_a_share_of_something_in_nothing_is_a_value_above_any_threshold(
    server: JsonServer,
) -> None:
    server.answers[QUERY] = success(vector(({}, "+Inf")))
    assert Prometheus(server.url).value("x") > 10**9


def test_several_values_are_not_the_first_of_them(server: JsonServer) -> None:
    server.answers[QUERY] = success(vector(({"color": "blue"}, "0"), ({"color": "green"}, "1")))
    with pytest.raises(QueryFailed, match=r"2 values.*aggregate"):
        Prometheus(server.url).value("x")


def test_a_vector_has_each_series_by_its_labels_without_the_metrics_name(
    server: JsonServer,
) -> None:
    blue = {"__name__": "legal_ai:errors:ratio", "color": "blue"}
    server.answers[QUERY] = success(vector((blue, "0.5"), ({"color": "green"}, "NaN")))
    assert Prometheus(server.url).vector("x") == [Sample({"color": "blue"}, 0.5)]


def test_an_error_is_told_with_what_prometheus_said(server: JsonServer) -> None:
    error = {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected )"}
    server.answers[QUERY] = 400, error
    with pytest.raises(QueryFailed, match=r"bad_data: parse error: unexpected \)"):
        Prometheus(server.url).value("x)")


def test_an_answer_that_is_not_whole_is_none(server: JsonServer) -> None:
    partial = ["some store gateways did not answer"]
    server.answers[QUERY] = success(vector(({}, "0")), warnings=partial)
    with pytest.raises(QueryFailed, match="not whole: some store gateways"):
        Prometheus(server.url).value("x")


def test_a_remark_on_the_query_does_not_spoil_the_answer(server: JsonServer) -> None:
    remark = "PromQL info: metric might not be a counter"
    server.answers[QUERY] = success(vector(({}, "7")), warnings=[remark], infos=[remark])
    assert Prometheus(server.url).value("x") == 7


@pytest.mark.parametrize(
    "answer", [(200, "<html>Log in</html>"), (302, ""), (200, {"kind": "Status"}), (502, [])]
)
def test_another_server_on_that_address_is_not_prometheus(
    server: JsonServer, answer: tuple[int, Any]
) -> None:
    server.answers[QUERY] = answer
    with pytest.raises(Unreachable, match=r"alerts\.prometheusUrl"):
        Prometheus(server.url).value("x")


def test_a_server_that_is_not_there_is_told_by_its_address() -> None:
    with json_server() as gone:
        address = gone.url
    with pytest.raises(Unreachable, match=address):
        Prometheus(address).value("x")


def test_the_password_in_an_address_is_used_and_never_shown(server: JsonServer) -> None:
    with_password = server.url.replace("http://", "http://reader:hidden@")
    with pytest.raises(Unreachable) as raised:
        Prometheus(with_password).value("x")
    assert server.asked[0].authorization.startswith("Basic ")
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["", "prometheus:9090", "ftp://prometheus", "http://", "http://a:port", "http://[::1"]
)
def test_what_is_no_address_is_a_mistake_in_the_configuration(url: str) -> None:
    with pytest.raises(UsageError, match=r"alerts\.prometheusUrl"):
        Prometheus(url)


def test_a_prefix_in_the_address_is_kept(server: JsonServer) -> None:
    server.answers["POST /prometheus/api/v1/query"] = success(vector(({}, "1")))
    assert Prometheus(f"{server.url}/prometheus").value("x") == 1
    assert Prometheus(f"{server.url}/prometheus/").value("x") == 1


def test_a_range_leaves_gaps_and_series_without_a_point_out(server: JsonServer) -> None:
    blue = {"metric": {"color": "blue"}, "values": [[10, "1"], [20, "NaN"], [30, "3"]]}
    green = {"metric": {"color": "green"}, "values": [[10, "NaN"]]}
    server.answers[RANGE] = success({"resultType": "matrix", "result": [blue, green]})
    series = Prometheus(server.url).range("x", seconds=60, step=10)
    assert [(each.labels, each.points) for each in series] == [
        ({"color": "blue"}, ((10, 1), (30, 3)))
    ]
    asked = server.asked[0].body
    assert float(asked["end"][0]) - float(asked["start"][0]) == pytest.approx(60)
    assert float(asked["step"][0]) == 10


def test_alerts_tell_their_state_and_since_when(server: JsonServer) -> None:
    alert = {
        "labels": {"alertname": "HighErrorRate", "color": "green"},
        "annotations": {"summary": "green fails"},
        "state": "pending",
        "activeAt": "2026-11-23T18:00:00Z",
        "value": "1e+00",
    }
    server.answers["GET /api/v1/alerts"] = success({"alerts": [alert]})
    (found,) = Prometheus(server.url).alerts()
    assert (found.name, found.state, found.since) == (
        "HighErrorRate",
        "pending",
        "2026-11-23T18:00:00Z",
    )
