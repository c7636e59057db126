"""The rules as a document: what is watched in which stack. promtool judges them in integration."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components import alert_plan
from ops.alerts import rules, series, spans
from ops.alerts.names import ROLLBACK_ALERTS, Alert
from ops.color import Color
from tests.unit.configs import PLACE, WATCHED, loaded

PAGE = Path(__file__).parents[2] / "docs/alerts.md"


def of(
    changes: Mapping[str, Any] | None = None, base: Mapping[str, Any] | None = None, **how: Any
) -> dict[str, Any]:
    settings = loaded(changes, base={**WATCHED, **(base or {})}, **how)
    return rules.document(alert_plan.watched("local", settings))


def each(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (rule for group in document["groups"] for rule in group["rules"])


def alerts(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [rule for rule in each(document) if "alert" in rule]


def named(document: Mapping[str, Any]) -> set[str]:
    return {rule["alert"] for rule in alerts(document)}


def test_every_alert_has_a_paragraph_of_its_name_and_every_paragraph_an_alert() -> None:
    headings = set(re.findall(r"^### (\w+)$", PAGE.read_text(), re.MULTILINE))
    assert headings == {str(alert) for alert in Alert}


def test_every_alert_leads_to_its_paragraph() -> None:
    document = of({"hosts.scheme": "https", "alerts.runbookUrl": "https://docs.test/alerts"})
    anchors = {f"https://docs.test/alerts#{alert.lower()}" for alert in Alert}
    found = {rule["annotations"]["runbook_url"] for rule in alerts(document)}
    # No replica, so no lag.
    assert found == anchors - {"https://docs.test/alerts#replicalag"}


def test_links_within_the_page_lead_somewhere() -> None:
    page = PAGE.read_text()
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", text.lower()).replace(" ", "-") for text in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert links <= anchors


def test_every_alert_says_which_stack_and_how_bad_it_is() -> None:
    for rule in alerts(of()):
        labels = rule["labels"]
        assert (labels["stack"], labels["namespace"]) == ("local", "legal-ai"), rule["alert"]
        assert labels["severity"] in ("warning", "critical")


def test_the_names_that_agent_and_silences_know_are_those_with_the_label() -> None:
    acting = {r["alert"] for r in alerts(of()) if r["labels"].get("action") == "rollback"}
    assert acting == ROLLBACK_ALERTS


def test_what_keeps_the_agent_from_acting_is_the_database_and_never_about_a_color() -> None:
    shared = [rule for rule in alerts(of()) if rule["labels"].get("scope") == "shared"]
    assert {rule["alert"] for rule in shared} == {Alert.DATABASE_DOWN, Alert.DATABASE_CONNECTIONS}
    for rule in shared:
        assert "action" not in rule["labels"]
        assert "color" not in rule["labels"]
        assert "color" not in rule["expr"]


def test_with_the_rollback_off_its_alerts_stay_and_only_tell() -> None:
    document = of({"alerts.rollback.enabled": False})
    assert named(document) >= ROLLBACK_ALERTS
    assert not [rule for rule in alerts(document) if "action" in rule["labels"]]
    (failure,) = (r for r in alerts(document) if r["alert"] == Alert.DEPLOYMENT_FAILURE)
    assert "Nobody takes traffic" in failure["annotations"]["description"]


def test_every_recorded_series_that_an_alert_asks_for_is_recorded() -> None:
    document = of({"hosts.scheme": "https"})
    recorded = {rule["record"] for rule in each(document) if "record" in rule}
    asked = {
        name for rule in each(document) for name in re.findall(r"legal_ai:[\w:]+", rule["expr"])
    }
    assert asked <= recorded


def test_every_series_that_is_named_is_recorded_where_there_is_everything() -> None:
    replica = {"kind": "rds", "replica": True, **PLACE}
    document = of(base={"database": replica})
    recorded = {rule["record"] for rule in each(document) if "record" in rule}
    constants = {value for value in vars(series).values() if str(value).startswith("legal_ai:")}
    assert recorded == constants


@pytest.mark.parametrize(
    ("exporter", "gone"),
    [
        ("kubelet", {"MemoryHigh", "CpuHigh"}),
        ("kube-state-metrics", {"CrashLoop"}),
        ("postgres", {"DatabaseDown", "DatabaseConnections"}),
        ("disk", {"DiskLow"}),
        ("blackbox", {"CertificateExpires"}),
    ],
)
def test_without_an_exporter_its_alerts_are_not_made_and_nobody_misses_it(
    exporter: str, gone: set[str]
) -> None:
    others = ["kubelet", "kube-state-metrics", "postgres", "disk", "blackbox"]
    others.remove(exporter)
    everything, less = (
        of({"hosts.scheme": "https"}),
        of({"hosts.scheme": "https", "alerts.exporters": others}),
    )
    assert named(everything) - named(less) == gone
    missed = {
        rule["labels"]["exporter"] for rule in alerts(less) if rule["alert"] == "MetricsMissing"
    }
    assert missed == set(others)


def test_an_instance_is_asked_by_cloudwatch_and_its_backups_are_watched_by_aws() -> None:
    document = of(base={"database": {"kind": "rds", "replica": True, **PLACE}}, stack="staging")
    text = str(document)
    assert 'dimension_DBInstanceIdentifier="legal-ai-local-g1"' in text
    assert "node_filesystem" not in text
    assert {"ReplicaLag", "BackupUnproven"} <= named(document)
    assert "BackupTooOld" not in named(document)


def test_a_certificate_is_watched_where_there_is_one() -> None:
    assert "CertificateExpires" not in named(of({"hosts.scheme": "http"}))
    document = of({"hosts.scheme": "https"})
    (expiry,) = (r for r in alerts(document) if r["alert"] == "CertificateExpires")
    pattern = re.search(r'instance=~"(.+)"}', expiry["expr"])
    assert pattern
    matcher = re.compile(pattern[1].replace("\\\\", "\\"))
    for target in ("legal-ai.test", "https://legal-ai.test", "https://legal-ai.test:443/health"):
        assert matcher.fullmatch(target)
    for other in ("https://legal-aixtest", "https://legal-ai.test.evil", "blue.legal-ai.test"):
        assert not matcher.fullmatch(other)


def test_workers_are_watched_for_memory_and_restarts_and_never_asked_of_the_gateway() -> None:
    document = of({"services.indexer": {"image": "legal-ai-backend", "kind": "worker"}})
    counted = {rule["expr"] for rule in each(document) if "indexer" in rule["expr"]}
    assert counted
    assert not [expr for expr in counted if "envoy" in expr]
    assert any("kube_pod_container_status_restarts_total" in expr for expr in counted)


def test_a_service_without_limit_or_request_is_not_watched_for_it() -> None:
    bare = {"services.indexer": {"image": "legal-ai-backend", "kind": "worker"}}
    text = [rule for rule in each(of(bare)) if rule["labels"].get("service") == "indexer"]
    assert {rule["record"] for rule in text} == {series.RESTARTS_COUNT}


def test_ingress_nginx_is_asked_in_its_own_words() -> None:
    document = of({"router": "ingress-nginx"})
    text = str(document)
    assert "envoy" not in text
    (ratio,) = (
        rule["expr"]
        for rule in each(document)
        if rule.get("record") == series.ERRORS_RATIO and rule["labels"]["color"] == "green"
    )
    services = 'namespace="legal-ai",service=~"backend-green|frontend-green"'
    assert f'nginx_ingress_controller_requests{{{services},status=~"5.."}}[5m]' in ratio
    assert f"nginx_ingress_controller_requests{{{services}}}[5m]" in ratio


def test_contours_clusters_are_asked_by_namespace_service_color_and_port() -> None:
    (ratio,) = (
        rule["expr"]
        for rule in each(of({"namespace": "production"}))
        if rule.get("record") == series.ERRORS_RATIO and rule["labels"]["color"] == "blue"
    )
    clusters = 'envoy_cluster_name=~"production_backend-blue_8000|production_frontend-blue_3000"'
    assert f"envoy_cluster_upstream_rq_completed{{{clusters}}}" in ratio


def test_thresholds_and_durations_are_those_of_the_configuration() -> None:
    document = of({"alerts.rollback": {"errorRatePercent": 2.5, "errorRateForMinutes": 7}})
    (failure,) = (r for r in alerts(document) if r["alert"] == Alert.DEPLOYMENT_FAILURE)
    assert "> 0.025" in failure["expr"]
    assert failure["for"] == "7m"


def test_one_factor_shortens_windows_and_durations_but_no_window_below_four_scrapes() -> None:
    document = of({"alerts.timeFactor": 0.05, "alerts.scrapeSeconds": 1})
    (failure,) = (r for r in alerts(document) if r["alert"] == Alert.DEPLOYMENT_FAILURE)
    assert failure["for"] == "15s"
    windows = {
        rule["record"]: re.findall(r"\[(\w+)\]", rule["expr"])
        for rule in each(document)
        if "record" in rule
    }
    assert set(windows[series.ERRORS_RATIO]) == {"15s"}
    assert set(windows[series.RECENT_ERRORS_RATIO]) == {"4s"}
    # Between two flushes Envoy's histograms stand still; a P95 of that is none, and resets a `for`.
    assert set(windows[series.RECENT_LATENCY_P95]) == {"15s"}
    assert set(windows[series.RECENT_SERVICE_LATENCY_P95]) == {"15s"}
    # The kubelet looks every ten seconds or so, whatever factor.
    assert set(windows[series.CPU_PERCENT]) == {"1m"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(300, "5m"), (90, "90s"), (0.6, "600ms"), (86_400, "1d"), (604_800, "1w"), (1.5, "1500ms")],
)
def test_durations_are_in_the_largest_unit_without_rest(seconds: float, text: str) -> None:
    assert spans.text(seconds) == text


def test_a_series_is_asked_for_by_what_is_known() -> None:
    assert series.query("x", "n") == 'x{namespace="n"}'
    assert series.query("x", "n", Color.GREEN) == 'x{namespace="n",color="green"}'
