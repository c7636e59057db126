"""What stands against a rotation, and what the application says of its sessions, both asked."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ops import names
from ops.hold import Hold
from ops.journal import ClusterJournal
from ops.operations import Operations, parse
from ops.release.entry import KEPT as RELEASE
from ops.release.entry import Release
from ops.release.step import Step
from ops.restore import journal as restore
from ops.rotation.sessions import Sessions
from ops.rotation.surroundings import against
from ops.shift.entry import KEPT as SHIFT
from ops.shift.entry import Shift
from tests.unit.fake_application import PASSWORD, TOKEN, FakeApplication, serving
from tests.unit.rollback_cluster import BLUE, GREEN, RollbackCluster
from tests.unit.test_restore_journal import entry
from tests.unit.test_stack import FACTS

CONFIG = {
    "legal-ai:activeColor": "blue",
    "legal-ai:serial": "9",
    "legal-ai:blue": {"version": "v1.0.0"},
}


def facts(**changes: Any) -> Operations:
    return parse({"operations": {**FACTS, **changes}}, "local")


def found(cluster: RollbackCluster, **config: Any) -> str:
    return "; ".join(against(cluster, {**CONFIG, **config}, facts))


@pytest.fixture
def cluster() -> RollbackCluster:
    return RollbackCluster()


def test_nothing_stands_against_it_where_all_is_deployed_and_nobody_is_at_work(
    cluster: RollbackCluster,
) -> None:
    assert found(cluster) == ""


def test_what_is_configured_and_not_deployed_would_come_along(cluster: RollbackCluster) -> None:
    assert "activeColor is green" in found(cluster, **{"legal-ai:activeColor": "green"})


def test_a_stale_checkout_has_older_secrets_too(cluster: RollbackCluster) -> None:
    route = cluster.objects["HTTPRoute", "legal-ai"]
    route["metadata"]["annotations"][names.SERIAL] = "10"
    assert "10" in found(cluster)


def test_a_hold_is_acknowledged_first(cluster: RollbackCluster) -> None:
    held = Hold(GREEN, BLUE, "errors", "2026-01-01T00:00:00+00:00", "agent")
    cluster.put("ConfigMap", names.HOLD, {"metadata": {}, "data": held.to_data()})
    assert "emergency_rollback.py --acknowledge" in found(cluster)


def test_a_release_a_shift_and_a_restore_are_finished_first(cluster: RollbackCluster) -> None:
    begun = {"by": "me", "started": "2026-01-01T00:00:00Z"}
    release = Release(id="r", version="v2", color=GREEN, step=Step.DEPLOY, **begun)
    shift = Shift(id="s", target=GREEN, version="v2", switch_seconds=1, **begun)
    ClusterJournal(cluster, RELEASE).write(release)
    ClusterJournal(cluster, SHIFT).write(shift)
    restore.in_cluster(cluster).write(entry())
    told = found(cluster)
    for command in ("release.py --resume", "canary.py --status", "restore_production_db.py --stat"):
        assert command in told


def sessions(cluster: RollbackCluster, url: str) -> Sessions:
    secret = base64.b64encode(PASSWORD.encode()).decode()
    for color in (BLUE, GREEN):
        body = {"metadata": {}, "data": {"SMOKE_PASSWORD": secret}}
        cluster.put("Secret", f"app-{color}", body)
    there = facts(previewUrls={"blue": url, "green": url}, versions={"green": "v1.1.0"})
    return Sessions(cluster, lambda: there)


def test_the_application_is_asked_on_the_colors_own_host(cluster: RollbackCluster) -> None:
    with serving(FakeApplication()) as url:
        asked = sessions(cluster, url)
        assert asked.begin(GREEN) == TOKEN
        assert asked.accepts(GREEN, TOKEN)
        assert not asked.accepts(GREEN, TOKEN + "x")


def test_colors_without_pods_are_not_asked(cluster: RollbackCluster) -> None:
    asked = sessions(cluster, "http://127.0.0.1:1")
    assert asked.running() == [BLUE, GREEN]
    for service in ("backend", "frontend"):
        cluster.deploy(service, GREEN, replicas=0)
    assert asked.running() == [BLUE]
