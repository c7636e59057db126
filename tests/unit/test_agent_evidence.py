"""What else fails: by Prometheus where it answers, by the webhooks where it does not."""

from __future__ import annotations

import dataclasses
from typing import cast

import pytest

from agent.evidence import gather
from agent.inbox import Entry, fold
from ops.metrics import Alert, Prometheus
from tests.unit.agent_world import BLUE, GREEN
from tests.unit.test_agent_inbox import NOW
from tests.unit.test_agent_overview import FIRING, FakePrometheus
from tests.unit.webhooks import parsed

FAILING = dataclasses.replace(FIRING, labels={**FIRING.labels, "action": "rollback"})
SHARED = dataclasses.replace(
    FIRING,
    name="DatabaseDown",
    labels={"stack": "local", "namespace": "legal-ai", "severity": "critical", "scope": "shared"},
)


def waiting(color: str) -> Entry:
    """An alert in the inbox."""
    return fold(None, parsed(color=color), NOW)[0]


def found(*alerts: Alert, entries: tuple[Entry, ...] = ()) -> tuple[set[str], list[str]]:
    prometheus = cast(Prometheus, FakePrometheus(alerts=alerts))
    evidence = gather(prometheus, list(entries), "local", "legal-ai")
    return set(evidence.failing), list(evidence.shared)


def test_what_fires_is_failing_or_shared_and_the_rest_is_no_reason_to_stay() -> None:
    too_old = dataclasses.replace(FIRING, name="BackupTooOld", labels={**FIRING.labels})
    assert found(FAILING, SHARED, too_old) == ({GREEN}, ["DatabaseDown"])


def test_both_what_prometheus_and_what_webhooks_accuse_is_failing() -> None:
    assert found(FAILING, entries=(waiting("blue"),)) == ({BLUE, GREEN}, [])


@pytest.mark.parametrize("label", ["stack", "namespace"])
def test_another_stacks_troubles_are_not_ours(label: str) -> None:
    others = [
        dataclasses.replace(each, labels={**each.labels, label: "other"})
        for each in (FAILING, SHARED)
    ]
    assert found(*others) == (set(), [])


def test_what_is_only_pending_is_no_evidence() -> None:
    assert found(dataclasses.replace(SHARED, state="pending")) == (set(), [])


def test_without_prometheus_the_webhooks_are_what_is_known() -> None:
    down = FakePrometheus()
    down.is_down = True
    for prometheus in (None, cast(Prometheus, down)):
        evidence = gather(prometheus, [waiting("green")], "local", "legal-ai")
        assert (set(evidence.failing), list(evidence.shared)) == ({GREEN}, [])
