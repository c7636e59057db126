"""The operator's objects, checked by a real API server against the operator's own definitions.

A dry run: nothing is made, and no field goes unknown. Source .local/env first.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.engine import Program, run, stack_file

TOLD: Mapping[str, Any] = {
    "slackWebhook": "https://hooks.slack.test/services/T0/B0/secret",
    "pagerDutyKey": "0123456789abcdef0123456789abcdef",
    "webhook": "https://elsewhere.test/secret",
    "email": {
        "server": "smtp.legal-ai.test",
        "sender": "deploy@legal-ai.test",
        "to": ["on-call@legal-ai.test"],
        "user": "deploy",
        "password": "mail-password",
    },
}


@pytest.fixture(scope="module")
def declared() -> Program:
    if not shutil.which("kubectl") or not os.environ.get("KUBECONFIG"):
        pytest.fail("the local stack is needed: make up, then source .local/env")
    if os.environ.get("LEGAL_AI_NODE") != "containers":
        pytest.skip("the operator's definitions are not there where the node is simulated")
    config = stack_file("production")
    config["legal-ai:notifications"] = TOLD
    config["legal-ai:alerts"] = {"delivery": "operator", "labels": {"release": "monitoring"}}
    return run("production", config)


def dry_run(body: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", "create", "--dry-run=server", "--validate=strict", "--filename=-"],
        input=json.dumps(body),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PrometheusRule", "legal-ai"),
        ("AlertmanagerConfig", "legal-ai"),
        ("PodMonitor", "rollback-agent"),
    ],
)
def test_the_api_server_takes_the_operators_objects_and_knows_every_field(
    kind: str, name: str, declared: Program
) -> None:
    body = dict(declared.of(kind)[name].inputs)
    done = dry_run(body | {"metadata": {**body["metadata"], "namespace": "default"}})
    assert done.returncode == 0, done.stderr
    assert "created (server dry run)" in done.stdout


def test_a_field_that_the_operator_does_not_know_would_be_seen(declared: Program) -> None:
    body = dict(declared.of("AlertmanagerConfig")["legal-ai"].inputs)
    body |= {"metadata": {**body["metadata"], "namespace": "default"}}
    spec = body["spec"] | {"receiver_list": []}
    done = dry_run(body | {"spec": spec})
    assert done.returncode != 0
    assert "receiver_list" in done.stderr
