"""Alertmanager's configuration, judged by its own amtool: who is told of which alert."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components import alert_plan
from ops.alerts import alertmanager, rules, telling
from tests.integration import promtool
from tests.unit.configs import WATCHED, loaded

TOLD: Mapping[str, Any] = {
    "notifications.slackWebhook": "https://hooks.slack.test/services/T0/B0/secret",
    "notifications.pagerDutyKey": "0123456789abcdef0123456789abcdef",
    "notifications.webhook": "https://elsewhere.test/secret",
    "notifications.email": {
        "server": "smtp.legal-ai.test",
        "sender": "deploy@legal-ai.test",
        "to": ["on-call@legal-ai.test", "second@legal-ai.test"],
        "user": "deploy",
        "password": "mail-password",
    },
}
WEBHOOK = "http://10.96.0.17:8080/webhook"


def alertmanager_file(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    settings = loaded(changes, base=WATCHED)
    path = folder / "alertmanager.yml"
    path.write_text(json.dumps(alertmanager.document(alert_plan.contacts(settings, WEBHOOK))))
    return path


def amtool(*arguments: str) -> str:
    command = [promtool.program("amtool"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("changes", [TOLD, {}], ids=["everybody", "nobody but the agent"])
def test_amtool_takes_the_configuration(changes: Mapping[str, Any], tmp_path: Path) -> None:
    said = amtool("check-config", str(alertmanager_file(tmp_path, changes)))
    assert "SUCCESS" in said
    assert " - 3 receivers" in said
    assert " - 2 inhibit rules" in said


def every_alert() -> list[dict[str, str]]:
    settings = loaded({"hosts.scheme": "https"}, base=WATCHED)
    document = rules.document(alert_plan.watched("local", settings))
    found = [
        {"alertname": rule["alert"], "color": "green", **rule["labels"]}
        for group in document["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert found
    return found


@pytest.mark.parametrize("labels", every_alert(), ids=lambda labels: labels["alertname"])
def test_an_alert_reaches_the_agent_if_it_asks_for_a_rollback_and_people_in_any_case(
    labels: Mapping[str, str], tmp_path: Path
) -> None:
    people = telling.ON_CALL if labels["severity"] == "critical" else telling.EVERYBODY
    agent = [telling.AGENT] if labels.get("action") == "rollback" else []
    pairs = [f"{name}={value}" for name, value in labels.items()]
    config = alertmanager_file(tmp_path, TOLD)
    said = amtool("config", "routes", "test", f"--config.file={config}", *pairs)
    assert said.strip().split(",") == [*agent, people]
