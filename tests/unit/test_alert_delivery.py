"""What the program declares for Prometheus and Alertmanager, by `alerts.delivery`."""

from typing import Any

import yaml

from tests.unit.engine import Program, run, stack_file


def program(**alerts: Any) -> Program:
    config = stack_file("production")
    config["legal-ai:alerts"] = {**config.get("legal-ai:alerts", {}), **alerts}
    return run("production", config)


def test_with_files_a_config_map_and_a_secret_are_there_for_a_loader() -> None:
    declared = program(delivery="files")
    rules = declared.of("ConfigMap")["alert-rules"].inputs
    told = declared.of("Secret")["alertmanager-config"]
    assert rules["metadata"]["labels"] == {"legal-ai-system.com/monitoring": "rules"}
    assert told.inputs["metadata"]["labels"] == {"legal-ai-system.com/monitoring": "alertmanager"}
    assert yaml.safe_load(rules["data"]["rules.yaml"])["groups"]
    assert yaml.safe_load(told.inputs["stringData"]["alertmanager.yaml"])["route"]
    assert "stringData" in told.secrets
    assert not declared.of("PrometheusRule")


def test_with_the_operator_the_same_rules_are_objects_that_it_selects() -> None:
    labels = {"release": "kube-prometheus-stack"}
    declared = program(delivery="operator", labels=labels)
    rule = declared.of("PrometheusRule")["legal-ai"].inputs
    files = program(delivery="files").of("ConfigMap")["alert-rules"].inputs
    assert rule["spec"] == yaml.safe_load(files["data"]["rules.yaml"])
    for kind, name in (
        ("PrometheusRule", "legal-ai"),
        ("AlertmanagerConfig", "legal-ai"),
        ("PodMonitor", "rollback-agent"),
    ):
        found = declared.of(kind)[name].inputs
        assert found["metadata"]["labels"] == labels
        assert found["metadata"]["namespace"] == "production"
    assert "alertmanager-config" not in declared.of("Secret")


def test_without_labels_there_is_no_empty_map_that_would_be_a_difference_for_ever() -> None:
    declared = program(delivery="operator")
    assert "labels" not in declared.of("PrometheusRule")["legal-ai"].inputs["metadata"]


def test_the_agents_token_is_in_no_object_of_the_operators() -> None:
    declared = program(delivery="operator")
    config = declared.of("AlertmanagerConfig")["legal-ai"].inputs
    assert "agent-token-secret-value" not in str(config)


def test_the_agent_is_scraped_as_often_as_configured() -> None:
    declared = program(delivery="operator", scrapeSeconds=7)
    (endpoint,) = declared.of("PodMonitor")["rollback-agent"].inputs["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "7s"}


def test_with_none_nothing_is_declared() -> None:
    declared = program(delivery="none")
    assert not declared.of("PrometheusRule")
    assert "alert-rules" not in declared.of("ConfigMap")
    assert "alertmanager-config" not in declared.of("Secret")
