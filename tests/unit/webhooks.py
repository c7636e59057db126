"""Webhooks as Alertmanager sends them, for tests."""

from __future__ import annotations

import json
from typing import Any

from agent.webhook import Alert, read

STACK, NAMESPACE = "local", "legal-ai"
T0, T1, T2 = (f"2026-01-01T00:0{minute}:00.123456789Z" for minute in range(3))


def alert(**given: Any) -> dict[str, Any]:
    """An alert that wants green rolled back; labels may be given by name, None: without it."""
    labels: dict[str, Any] = {
        "alertname": "DeploymentFailure",
        "severity": "critical",
        "action": "rollback",
        "stack": STACK,
        "namespace": NAMESPACE,
        "color": "green",
    }
    labels |= {key: given.pop(key) for key in list(given) if key in labels}
    return {
        "status": "firing",
        "labels": {key: value for key, value in labels.items() if value is not None},
        "annotations": {"summary": "green answers 5 % of requests with errors"},
        "startsAt": T1,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": "0123456789abcdef",
        **given,
    }


def body(*alerts: dict[str, Any], **given: Any) -> bytes:
    """A webhook with these alerts (default: one) as bytes."""
    return json.dumps(
        {
            "version": "4",
            "groupKey": "{}:{}",
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "rollback-agent",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager:9093",
            "alerts": list(alerts) or [alert()],
            **given,
        }
    ).encode()


def parsed(**given: Any) -> Alert:
    """One alert as the agent reads it."""
    return read(body(alert(**given))).alerts[0]
