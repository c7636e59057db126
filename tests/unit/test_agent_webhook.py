"""What the agent takes for a webhook of its own, and with which words it refuses the rest."""

import json

import pytest

from agent import webhook
from agent.webhook import Verdict, WebhookRefused
from ops.color import Color
from tests.unit.webhooks import NAMESPACE, STACK, alert, body

TOKEN = "a-token-of-the-tests"


def refused(verdict: Verdict, status: int) -> pytest.RaisesExc[WebhookRefused]:
    """Expects a refusal of that kind."""

    def is_it(error: WebhookRefused) -> bool:
        return (error.verdict, error.status) == (verdict, status)

    return pytest.raises(WebhookRefused, check=is_it)


@pytest.mark.parametrize(
    "header",
    [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} ", f"Bearer {TOKEN[:-1]}", "Bearer é"],
)
def test_who_does_not_know_the_token_is_refused_and_not_told_it(header: str | None) -> None:
    with refused(Verdict.UNAUTHORIZED, 401) as caught:
        webhook.check_token(header, TOKEN)
    assert TOKEN not in str(caught.value)


def test_the_token_opens() -> None:
    webhook.check_token(f"Bearer {TOKEN}", TOKEN)


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    webhook.check_size(256 * 1024)
    with refused(Verdict.OVERSIZED, 413):
        webhook.check_size(256 * 1024 + 1)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        body()[:-7],
        b"[" * 100_000,
        body(version="3"),
        body(alerts=[]),
        body(alerts=[alert()] * 201),
        body(truncatedAlerts=-1),
        body(alert(status="burning")),
        body(alert(startsAt="yesterday")),
        body(alert(startsAt="2026-01-01T00:00:00")),
        body(alert(fingerprint="../traffic-hold")),
        body(alert(fingerprint="")),
        body(alert(labels={"color": ["green"]})),
    ],
)
def test_what_is_no_webhook_is_refused_as_garbage(text: bytes) -> None:
    with refused(Verdict.GARBAGE, 400):
        webhook.read(text)


def test_a_refusal_names_the_field_and_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(WebhookRefused, match=r"alerts\.0\.startsAt") as caught:
        webhook.read(body(alert(startsAt="<script>")))
    assert "script" not in str(caught.value)


def test_fields_that_a_newer_alertmanager_adds_are_let_through() -> None:
    assert webhook.read(body(alert(news=1), news=2)).alerts[0].name == "DeploymentFailure"


def test_times_a_microsecond_apart_are_told_apart() -> None:
    one, other = (
        webhook.read(body(alert(startsAt=f"2026-01-01T00:00:00.{end}Z"))).alerts[0].starts_at
        for end in ("000001999", "000002001")
    )
    assert one < other


@pytest.mark.parametrize("labels", [{"stack": "other"}, {"namespace": "other"}, {"stack": None}])
def test_a_webhook_with_an_alert_of_another_stack_is_refused_whole(
    labels: dict[str, str | None],
) -> None:
    mixed = webhook.read(body(alert(), alert(**labels)))
    with refused(Verdict.FOREIGN, 403):
        webhook.check_ours(mixed, STACK, NAMESPACE)


def test_alerts_that_do_not_ask_for_a_rollback_are_left_to_people() -> None:
    both = webhook.read(body(alert(action=None, color=None), alert(color="blue")))
    found = webhook.check_ours(both, STACK, NAMESPACE)
    assert [each.color for each in found] == [Color.BLUE]


@pytest.mark.parametrize("color", [None, "", "red", "GREEN"])
def test_a_rollback_of_no_color_is_refused(color: str | None) -> None:
    with refused(Verdict.GARBAGE, 400):
        webhook.check_ours(webhook.read(body(alert(color=color))), STACK, NAMESPACE)


def test_an_alert_without_summary_is_told_by_its_name() -> None:
    assert webhook.read(body(alert(annotations={}))).alerts[0].summary == "DeploymentFailure"


def test_the_limit_leaves_room_for_as_many_alerts_as_are_taken() -> None:
    assert len(body(*[alert()] * webhook.MAX_ALERTS)) < webhook.MAX_BYTES
    assert json.loads(body())["version"] == "4"
