"""Prometheus, Alertmanager and the loader of the local stack, from a counter to a webhook.

Each test has a namespace of its own, deleted afterwards. Source .local/env first.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import httpx2
import pytest

from local.addresses import (
    ALERTMANAGER_URL,
    GATEWAY_PORT,
    LOOPBACK,
    PROMETHEUS_PORT,
    PROMETHEUS_URL,
    PUBLIC_HOST,
)
from tests.integration.kubectl import kubectl
from tests.waiting import until

PATIENCE = 60

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module", autouse=True)
def _monitoring() -> None:
    if not shutil.which("kubectl") or not os.environ.get("KUBECONFIG"):
        pytest.fail("the local stack is needed: make up, then source .local/env")
    if os.environ.get("LEGAL_AI_NODE") != "containers":
        pytest.skip("monitoring does not run where the node is simulated")


@contextmanager
def _namespace() -> Iterator[str]:
    name = f"monitored-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace of the test's own."""
    with _namespace() as name:
        yield name


@pytest.fixture
def other_namespace() -> Iterator[str]:
    """Somebody else's namespace."""
    with _namespace() as name:
        yield name


def always(namespace: str, alert: str = "Always") -> dict[str, Any]:
    """Rules with one alert that fires at once and goes on."""
    rule = {"alert": alert, "expr": "vector(1)", "labels": {"namespace": namespace}}
    return {"groups": [{"name": "test", "interval": "1s", "rules": [rule]}]}


def put_rules(namespace: str, rules: object) -> None:
    put(namespace, "ConfigMap", "rules", {"data": {"rules.yaml": json.dumps(rules)}})


def put_routes(namespace: str, document: object) -> None:
    text = json.dumps(document)
    put(namespace, "Secret", "alertmanager", {"stringData": {"alertmanager.yaml": text}})


def put(namespace: str, kind: str, monitoring: str, more: dict[str, Any]) -> None:
    labels = {"legal-ai-system.com/monitoring": monitoring}
    metadata = {"name": "test", "namespace": namespace, "labels": labels}
    kubectl(
        "apply",
        "-f",
        "-",
        stdin=json.dumps({"apiVersion": "v1", "kind": kind, "metadata": metadata} | more),
    )


def rules_of(namespace: str) -> list[str]:
    """Names of the rules in force from the namespace."""
    groups = httpx2.get(f"{PROMETHEUS_URL}/api/v1/rules").json()["data"]["groups"]
    return [
        rule["name"]
        for group in groups
        if f"/{namespace}." in group["file"]
        for rule in group["rules"]
    ]


def value(query: str) -> float | None:
    """The first value that Prometheus finds for the query; None if there is none."""
    answer = httpx2.get(f"{PROMETHEUS_URL}/api/v1/query", params={"query": query}).json()
    found = answer["data"]["result"]
    return float(found[0]["value"][1]) if found else None


@pytest.fixture
def webhook() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """A receiver on this machine: its URL, and what was sent to it."""
    received: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.put(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{LOOPBACK}:{server.server_port}/", received
    server.shutdown()
    server.server_close()


def test_rules_are_loaded_changed_and_taken_away_with_their_object(namespace: str) -> None:
    put_rules(namespace, always(namespace))
    assert until(lambda: rules_of(namespace), "the rule is there") == ["Always"]
    put_rules(namespace, always(namespace, "Later"))
    until(lambda: rules_of(namespace) == ["Later"], "the rule is changed")
    kubectl("delete", "configmap", "test", "--namespace", namespace)
    until(lambda: rules_of(namespace) == [], "the rule is gone")


def test_rules_that_promtool_refuses_leave_those_before_and_do_not_stop_others(
    namespace: str, other_namespace: str
) -> None:
    put_rules(namespace, always(namespace))
    until(lambda: rules_of(namespace), "the rule is there")
    broken = always(namespace, "Broken")
    broken["groups"][0]["rules"][0]["expr"] = "sum("
    put_rules(namespace, broken)
    put_rules(other_namespace, always(other_namespace))
    assert until(lambda: rules_of(other_namespace), "the other rule is there") == ["Always"]
    assert rules_of(namespace) == ["Always"]


def test_an_alert_reaches_the_webhook_of_its_own_namespace_and_no_other(
    namespace: str, other_namespace: str, webhook: tuple[str, Queue[dict[str, Any]]]
) -> None:
    url, received = webhook
    put_routes(
        namespace,
        {
            "route": {"receiver": "here", "group_wait": "0s", "group_by": ["alertname"]},
            "receivers": [{"name": "here", "webhook_configs": [{"url": url}]}],
        },
    )
    put_rules(other_namespace, always(other_namespace, "Elsewhere"))
    fires = f'ALERTS{{namespace="{other_namespace}",alertstate="firing"}}'
    until(lambda: value(fires), "the alert of the other namespace fires")
    put_rules(namespace, always(namespace))
    notification = received.get(timeout=PATIENCE)
    assert notification["version"] == "4"
    assert [alert["labels"] for alert in notification["alerts"]] == [
        {"alertname": "Always", "namespace": namespace}
    ]
    kubectl("delete", "secret", "test", "--namespace", namespace)

    def forgotten() -> bool:
        status = httpx2.get(f"{ALERTMANAGER_URL}/api/v2/status").json()
        return namespace not in status["config"]["original"]

    until(forgotten, "the route is gone")


@pytest.mark.parametrize(
    "query",
    [
        'envoy_cluster_upstream_rq_xx{envoy_cluster_name=~"legal-ai_backend-blue_.+"}',
        'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=~"legal-ai_frontend-blue_.+"}',
        'http_requests_total{namespace="legal-ai",service="backend",color="blue"}',
        'container_memory_working_set_bytes{namespace="legal-ai",container="backend"}',
        'container_spec_memory_limit_bytes{namespace="legal-ai",container="backend"}',
        'container_cpu_usage_seconds_total{namespace="legal-ai",container="backend"}',
        'kube_pod_container_status_restarts_total{namespace="legal-ai"}',
        'pg_settings_max_connections{namespace="legal-ai"}',
        'pg_stat_activity_count{namespace="legal-ai"}',
        'node_filesystem_avail_bytes{namespace="legal-ai"}',
    ],
)
def test_what_the_rules_are_made_of_is_there(query: str) -> None:
    # The gateway counts from the first request on.
    for path in ("/", "/api/health"):
        httpx2.get(f"http://{LOOPBACK}:{GATEWAY_PORT}{path}", headers={"Host": PUBLIC_HOST})
    until(lambda: value(query) is not None, query)


def test_nothing_that_is_scraped_is_down() -> None:
    def silent() -> list[str]:
        targets = httpx2.get(f"{PROMETHEUS_URL}/api/v1/targets").json()["data"]["activeTargets"]
        return [
            f"{one['scrapePool']} {one['scrapeUrl']}: {one['lastError']}"
            for one in targets
            # Pods of other tests come and go.
            if one["health"] != "up" and one["labels"].get("namespace", "legal-ai") == "legal-ai"
        ]

    until(lambda: not silent(), lambda: f"each target answers: {silent()}")


def test_loopback_leads_to_the_same_prometheus() -> None:
    assert httpx2.get(f"http://{LOOPBACK}:{PROMETHEUS_PORT}/-/ready").status_code == 200


@pytest.mark.parametrize("kind", ["prometheusrules", "alertmanagerconfigs", "podmonitors"])
def test_the_api_server_knows_the_types_of_the_operator(kind: str) -> None:
    kubectl("get", f"{kind}.monitoring.coreos.com", "--all-namespaces")
