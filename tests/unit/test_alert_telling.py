"""Who is told: one source for Alertmanager's own configuration and for the operator's object."""

import re
from collections.abc import Mapping
from typing import Any

from components import alert_plan
from ops.alerts import alertmanager, alertmanager_config, telling
from ops.alerts.names import ROLLBACK_ALERTS
from tests.unit.configs import AGENT_TOKEN, WATCHED, loaded

SLACK = "https://hooks.slack.test/services/do-not-show"
PAGER_DUTY = "pager-duty-key-do-not-show"
MAIL = {
    "server": "smtp.legal-ai.test",
    "sender": "deploy@legal-ai.test",
    "to": ["on-call@legal-ai.test", "second@legal-ai.test"],
    "user": "deploy",
    "password": "mail-password-do-not-show",
}
TOLD: Mapping[str, Any] = {
    "notifications.slackWebhook": SLACK,
    "notifications.pagerDutyKey": PAGER_DUTY,
    "notifications.webhook": "https://elsewhere.test/do-not-show",
    "notifications.email": MAIL,
}
URL = "http://10.96.0.17:8080/webhook"


def contacts(changes: Mapping[str, Any] | None = None) -> telling.Contacts:
    return alert_plan.contacts(loaded(changes, base=WATCHED), URL)


def receiver(body: Mapping[str, Any], name: str) -> Any:
    (found,) = (each for each in body["receivers"] if each["name"] == name)
    return found


def test_the_agent_is_told_with_its_token_and_never_follows_a_redirect() -> None:
    (webhook,) = receiver(alertmanager.document(contacts()), "rollback-agent")["webhook_configs"]
    assert webhook["url"] == URL
    assert webhook["http_config"] == {
        "authorization": {"type": "Bearer", "credentials": AGENT_TOKEN},
        "follow_redirects": False,
    }


def test_what_asks_for_a_rollback_waits_only_as_long_as_configured() -> None:
    document = alertmanager.document(contacts({"alerts.groupWaitSeconds": 3}))
    (agent, _) = document["route"]["routes"]
    assert (agent["receiver"], agent["group_wait"]) == ("rollback-agent", "3s")
    assert agent["matchers"] == ['action="rollback"']
    assert agent["continue"] is True


def test_alerts_of_two_colors_are_never_one_message() -> None:
    assert "color" in alertmanager.document(contacts())["route"]["group_by"]


def test_phones_ring_for_what_is_critical_only() -> None:
    document = alertmanager.document(contacts(TOLD))
    assert "pagerduty_configs" in receiver(document, "on-call")
    assert "pagerduty_configs" not in receiver(document, "people")
    for name in ("on-call", "people"):
        assert {"slack_configs", "webhook_configs", "email_configs"} <= set(
            receiver(document, name)
        )


def test_with_nobody_configured_only_the_agent_is_told() -> None:
    document = alertmanager.document(contacts())
    assert receiver(document, "people") == {"name": "people"}
    assert receiver(document, "on-call") == {"name": "on-call"}


def test_mail_is_encrypted_from_the_start_on_465_and_by_starttls_elsewhere() -> None:
    for port, starttls in ((465, False), (587, True)):
        changes = {"notifications.email": {**MAIL, "port": port}}
        document = alertmanager.document(contacts(changes))
        (mail,) = receiver(document, "people")["email_configs"]
        assert mail["smarthost"] == f"smtp.legal-ai.test:{port}"
        assert mail["require_tls"] is starttls
        assert mail["to"] == "on-call@legal-ai.test, second@legal-ai.test"


def test_no_inhibition_ever_hides_an_alert_from_the_agent() -> None:
    for inhibition in telling.inhibitions():
        (target,) = inhibition.target
        assert target.name == "alertname"
        assert not [name for name in ROLLBACK_ALERTS if re.fullmatch(target.value, name)]


def test_the_operators_object_has_the_same_routes_in_its_own_spelling() -> None:
    given = contacts(TOLD)
    own, operators = alertmanager.document(given), alertmanager_config.spec(given, "rollback-agent")

    def routes(route: Mapping[str, Any], wait: str) -> list[Any]:
        below = [entry for child in route.get("routes", []) for entry in routes(child, wait)]
        return [(route["receiver"], route.get(wait), route.get("continue")), *below]

    assert routes(operators["route"], "groupWait") == routes(own["route"], "group_wait")
    assert operators["route"]["routes"][0]["matchers"] == [
        {"name": "action", "matchType": "=", "value": "rollback"}
    ]

    def kinds(body: Mapping[str, Any]) -> list[set[str]]:
        return [{key.lower().replace("_", "") for key in each} for each in body["receivers"]]

    assert kinds(operators) == kinds(own)


def test_the_operators_object_names_secrets_and_has_none() -> None:
    spec = alertmanager_config.spec(contacts(TOLD), "rollback-agent")
    assert "do-not-show" not in str(spec)
    assert AGENT_TOKEN not in str(spec)
    (agent,) = receiver(spec, "rollback-agent")["webhookConfigs"]
    assert agent["httpConfig"]["authorization"]["credentials"] == {
        "name": "rollback-agent",
        "key": "AGENT_TOKEN",
    }
    people = receiver(spec, "on-call")
    assert people["slackConfigs"][0]["apiURL"] == {"name": "rollback-agent", "key": "SLACK_WEBHOOK"}
    assert people["webhookConfigs"][0]["urlSecret"]["key"] == "NOTIFICATION_WEBHOOK"
    assert people["emailConfigs"][0]["authPassword"]["key"] == "EMAIL_PASSWORD"
    assert people["pagerdutyConfigs"][0]["routingKey"]["key"] == "PAGERDUTY_KEY"


def test_a_secret_is_never_shown_by_accident() -> None:
    assert "do-not-show" not in repr(contacts(TOLD))
