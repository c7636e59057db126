"""The HTTP side: who is refused, what is answered when, and what is counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from starlette.testclient import TestClient

from agent.app import Services, make_app
from agent.inbox import Inbox
from agent.live import Live
from agent.metrics import Metrics
from agent.webhook import MAX_BYTES
from ops import routing
from ops.agent import INBOX
from tests.unit.agent_world import GREEN, SETTINGS
from tests.unit.test_agent_overview import overview
from tests.unit.test_routing import SITE, split
from tests.unit.versioned import Versioned
from tests.unit.webhooks import alert, body

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Served:
    """The application on a cluster in memory."""

    cluster: Versioned = field(default_factory=Versioned)
    woken: list[bool] = field(default_factory=list)
    problem: str = ""

    def __post_init__(self) -> None:
        live = Live(self.cluster, "gateway-api")
        services = Services(
            settings=SETTINGS,
            token=TOKEN,
            inbox=Inbox(self.cluster),
            metrics=Metrics(live, "legal-ai", lambda: True),
            overview=overview,
            wake=lambda: self.woken.append(True),
            problem=lambda: self.problem,
        )
        self.client = TestClient(make_app(services))

    def route(self) -> None:
        """Green serves everything."""
        made = routing.public_route(SITE, split(GREEN))
        made["metadata"]["resourceVersion"] = "1"
        self.cluster.objects[("HTTPRoute", "legal-ai")] = made

    def metric(self, start: str) -> str:
        """The value of the one metric that begins like that, empty if there is none."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((line.rpartition(" ")[2] for line in lines if line.startswith(start)), "")


@pytest.fixture
def served() -> Served:
    return Served()


def test_a_webhook_is_kept_before_it_is_answered_and_the_leader_is_woken(served: Served) -> None:
    answer = served.client.post("/webhook", content=body(), headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"verdicts": ["accepted"]})
    assert ("ConfigMap", INBOX) in served.cluster.objects
    assert served.woken == [True]
    assert served.metric('legal_ai_webhooks_total{verdict="accepted"}') == "1.0"


def test_a_webhook_that_could_not_be_kept_is_to_be_sent_again(served: Served) -> None:
    served.cluster.is_down = True
    answer = served.client.post("/webhook", content=body(), headers=BEARER)
    assert answer.status_code == 503
    assert served.woken == []
    assert served.metric('legal_ai_webhooks_total{verdict="unsaved"}') == "1.0"


@pytest.mark.parametrize(
    ("verdict", "status", "headers", "content"),
    [
        ("unauthorized", 401, {}, body()),
        ("unauthorized", 401, {"Authorization": "Bearer wrong"}, body()),
        ("oversized", 413, BEARER, b" " * (MAX_BYTES + 1)),
        ("garbage", 400, BEARER, b"<html>"),
        ("foreign", 403, BEARER, body(alert(stack="production"))),
    ],
)
def test_what_is_refused_asks_nobody_and_is_logged_and_counted(
    served: Served,
    caplog: pytest.LogCaptureFixture,
    verdict: str,
    status: int,
    headers: dict[str, str],
    content: bytes,
) -> None:
    served.cluster.is_down = True
    with caplog.at_level(logging.WARNING, "agent"):
        answer = served.client.post("/webhook", content=content, headers=headers)
    assert answer.status_code == status
    assert f"({verdict})" in caplog.text
    assert TOKEN not in caplog.text + answer.text
    assert served.metric(f'legal_ai_webhooks_total{{verdict="{verdict}"}}') == "1.0"
    assert served.cluster.writes == []


def test_a_body_that_hides_its_length_is_read_no_further_than_it_may_be_long(
    served: Served,
) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_BYTES:
            sent += 4096
            yield b" " * 4096

    answer = served.client.post("/webhook", content=endless(), headers=BEARER)
    assert answer.status_code == 413


def test_alerts_of_a_webhook_that_was_cut_are_taken_and_the_rest_is_counted(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    answer = served.client.post("/webhook", content=body(truncatedAlerts=2), headers=BEARER)
    assert answer.json() == {"verdicts": ["accepted"]}
    assert "max_alerts" in caplog.text
    assert served.metric('legal_ai_webhooks_total{verdict="truncated"}') == "1.0"


def test_alerts_for_people_are_counted_and_not_kept(served: Served) -> None:
    answer = served.client.post("/webhook", content=body(alert(action=None)), headers=BEARER)
    assert answer.json() == {"verdicts": []}
    assert served.metric('legal_ai_webhooks_total{verdict="ignored"}') == "1.0"
    assert served.cluster.objects == {}


def test_every_counter_is_there_from_the_start(served: Served) -> None:
    for verdict in ("accepted", "unauthorized", "oversized", "garbage", "foreign", "unsaved"):
        assert served.metric(f'legal_ai_webhooks_total{{verdict="{verdict}"}}') == "0.0"


def test_metrics_have_both_colors_weight_and_which_is_active(served: Served) -> None:
    served.route()
    labels = '{color="%s",namespace="legal-ai"}'
    for color, weight in (("green", "100.0"), ("blue", "0.0")):
        assert served.metric("legal_ai_route_weight" + labels % color) == weight
        active = "1.0" if color == "green" else "0.0"
        assert served.metric("legal_ai_route_active" + labels % color) == active
        assert served.metric("legal_ai_hold" + labels % color) == "0.0"
    assert served.metric("legal_ai_agent_leader") == "1.0"


def test_a_hold_and_backups_are_metrics(served: Served) -> None:
    served.cluster.config_map("traffic-hold", {"color": "green", "target": "blue"})
    served.cluster.config_map("backups", {"taken": "1970-01-01T00:16:40Z", "takenId": "b1"})
    assert served.metric('legal_ai_hold{color="green",namespace="legal-ai"}') == "1.0"
    assert served.metric('legal_ai_hold{color="blue",namespace="legal-ai"}') == "0.0"
    kind = 'legal_ai_backup_timestamp_seconds{kind="%s",namespace="legal-ai"}'
    assert (served.metric(kind % "taken"), served.metric(kind % "verified")) == ("1000.0", "")


def test_what_can_not_be_read_is_left_out_and_the_rest_is_told(served: Served) -> None:
    served.route()
    served.cluster.config_map("traffic-hold", {"color": "grey"})
    assert served.metric("legal_ai_hold{") == ""
    assert served.metric('legal_ai_route_weight{color="green"') == "100.0"
    served.cluster.is_down = True
    assert served.metric("legal_ai_route_weight{") == ""
    assert served.metric("legal_ai_agent_leader") == "1.0"


def test_without_a_route_no_color_has_a_weight(served: Served) -> None:
    assert served.metric("legal_ai_route_weight{") == ""


def test_a_process_whose_threads_ended_says_so_to_be_started_anew(served: Served) -> None:
    assert served.client.get("/healthz").status_code == 200
    served.problem = "these threads have ended: rounds"
    answer = served.client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, served.problem)


def test_an_api_server_that_is_down_is_no_reason_to_start_anew(served: Served) -> None:
    served.cluster.is_down = True
    assert served.client.get("/healthz").status_code == 200


def test_the_page_loads_nothing_from_elsewhere(served: Served) -> None:
    answer = served.client.get("/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for loading in ("<script", "src=", "@import", "<link"):
        assert loading not in answer.text


def test_webhooks_are_posted_and_everything_else_is_read(served: Served) -> None:
    assert served.client.get("/webhook", headers=BEARER).status_code == 405
    assert served.client.post("/", headers=BEARER).status_code == 405
    assert served.client.get("/openapi.json").status_code == 404
