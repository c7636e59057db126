"""A stack's status: what differs, what stands open, and what could not be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops import names, schema
from ops.alerts import series
from ops.maintenance import Notice
from ops.stack_lock import Lock, Owner
from ops.status.lock import Standing
from tests.unit.status_world import BLUE, GREEN, OF_GREEN, StatusWorld, of, told


@pytest.fixture
def world() -> StatusWorld:
    return StatusWorld()


def test_a_stack_in_order_has_nothing_to_say_against_it(world: StatusWorld) -> None:
    status = world.status()
    assert told(status) == {}
    assert status.verdict == "good"
    assert of(status, "traffic", GREEN).live == "100 %, active"
    assert of(status, "P95", GREEN).live == "40 ms"


def test_traffic_that_somebody_moved_by_hand_differs_for_both_colors(world: StatusWorld) -> None:
    world.cluster.route(GREEN, weight=10)
    wrong = told(world.status())
    assert wrong["traffic of blue"] == "configured 0 %, live 10 %"
    assert wrong["traffic of green"] == "configured 100 %, active, live 90 %, active"


def test_another_version_than_configured_differs(world: StatusWorld) -> None:
    for service in ("backend", "frontend"):
        world.cluster.deploy(service, BLUE, tag="v0")
    assert told(world.status())["version of blue"] == "configured v1, live v0"


def test_two_versions_in_one_color_are_both_told(world: StatusWorld) -> None:
    world.cluster.deploy("backend", BLUE, tag="v0")
    assert of(world.status(), "version", BLUE).live == "v0, v1"


@pytest.mark.parametrize("replicas", [3, {"backend": 3, "frontend": 2}])
def test_replicas_are_compared_however_they_are_configured(
    world: StatusWorld, replicas: object
) -> None:
    world.config["legal-ai:blue"]["replicas"] = replicas
    assert told(world.status())["backend of blue"] == "configured 3, live 2"


def test_a_service_that_is_not_named_has_one_replica(world: StatusWorld) -> None:
    world.config["legal-ai:blue"]["replicas"] = {"backend": 2}
    assert told(world.status()) == {"frontend of blue": "configured 1, live 2"}


def test_a_color_that_is_not_ready_is_told_with_the_reason(world: StatusWorld) -> None:
    world.cluster.ready_at["backend-blue"] = 60
    assert "0 of 2 ready: probe failed" in told(world.status())["backend of blue"]


def test_a_color_without_a_version_that_nobody_deployed_is_in_order(world: StatusWorld) -> None:
    del world.config["legal-ai:blue"]
    del world.deployed["versions"]["blue"]
    for service in ("backend", "frontend"):
        world.cluster.delete("Deployment", f"{service}-blue")
    assert told(world.status()) == {}


def test_what_is_configured_and_not_applied_is_told_apart_from_drift(world: StatusWorld) -> None:
    world.config["legal-ai:blue"]["version"] = "v3"
    wrong = told(world.status())
    assert "blue v3 (applied: v1). `pulumi up`" in wrong["configuration"]
    assert "version of blue" in wrong


def test_a_stale_checkout_is_told(world: StatusWorld) -> None:
    route = world.cluster.objects["HTTPRoute", "legal-ai"]
    route["metadata"]["annotations"][names.SERIAL] = "9"
    assert "this checkout is stale" in told(world.status())["serial"]


def test_a_hold_is_told_with_how_to_settle_it(world: StatusWorld) -> None:
    world.hold(BLUE)
    assert "--acknowledge" in told(world.status())["hold"]


def test_a_move_that_was_not_seen_to_work_is_told(world: StatusWorld) -> None:
    data = {"since": "2026-01-01T12:00:00Z", "for": "green 100 %"}
    world.cluster.put("ConfigMap", names.UNVERIFIED, {"metadata": {}, "data": data})
    assert "green 100 % at 2026-01-01 12:00:00" in told(world.status())["traffic"]


def test_a_namespace_that_is_shut_off_is_told(world: StatusWorld) -> None:
    data = {"reason": "breach", "at": "2026-01-01T12:00:00Z", "by": "me"}
    world.cluster.put("ConfigMap", names.ISOLATION, {"metadata": {}, "data": data})
    assert "breach" in told(world.status())["isolation"]


def test_closed_writes_are_told(world: StatusWorld) -> None:
    world.notice = Notice("a restore", "2026-01-01T12:00:00Z", "me")
    assert "a restore" in told(world.status())["maintenance"]


def test_workers_in_the_color_that_is_not_the_configured_one_differ(world: StatusWorld) -> None:
    world.cluster.work("Deployment", "worker", BLUE, runs=True)
    world.cluster.work("Deployment", "worker", GREEN, runs=False)
    wrong = told(world.status())
    assert wrong["workers of blue"] == "configured none, live run"
    assert wrong["workers of green"] == "configured run, live none"


def test_workers_in_both_colors_are_not_in_order(world: StatusWorld) -> None:
    for color in (BLUE, GREEN):
        world.cluster.work("Deployment", "worker", color, runs=True)
    assert "both colors run" in told(world.status())["workers"]


def test_a_color_in_traffic_that_the_schema_does_not_fit_is_not_in_order(
    world: StatusWorld,
) -> None:
    new, old = schema.Image("v2", 3, 2), schema.Image("v1", 0, 0)
    world.cluster.schema(schema.Database(1, 1, "abc"), v1=old, v2=new)
    status = world.status()
    assert "needs schema level 2" in told(status)["schema of green"]
    assert of(status, "schema", BLUE).live == "does not fit"
    assert "schema of blue" not in told(status)


def test_an_image_that_nothing_is_recorded_of_is_unknown_while_it_has_traffic(
    world: StatusWorld,
) -> None:
    world.cluster.schema(schema.Database(3, 1, "abc"), v1=schema.Image("v1", 3, 2))
    status = world.status()
    assert set(told(status)) == {"schema of green"}
    assert status.verdict == "unknown"


def test_a_backup_that_is_too_old_is_told_with_the_command(world: StatusWorld) -> None:
    world.backed_up(timedelta(days=3))
    wrong = told(world.status())
    assert set(wrong) == {"backup"}
    assert "3 days ago, at most 26 h is allowed. scripts/backup_production_db.py" in wrong["backup"]


def test_a_backup_that_was_never_proven_is_told(world: StatusWorld) -> None:
    world.backed_up(timedelta(hours=1), verified="")
    assert "scripts/verify_backup.py" in told(world.status())["proven backup"]


def test_how_old_backups_of_rds_are_is_watched_in_aws_and_not_judged_here(
    world: StatusWorld,
) -> None:
    world.deployed["database"]["engine"] = "rds"
    world.backed_up(timedelta(days=3))
    assert told(world.status()) == {}
    world.backed_up(timedelta(days=8))
    assert set(told(world.status())) == {"proven backup"}


def test_a_lock_of_a_command_at_work_is_in_order_and_one_left_behind_is_not(
    world: StatusWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lock = Standing(Lock((Owner("elsewhere", 7),)), "2026-01-01T12:00:00Z")
    assert told(world.status()) == {}
    monkeypatch.setattr(Lock, "is_left_behind", True)
    assert "pulumi cancel --yes --stack production" in told(world.status())["pulumi lock"]


def test_too_few_requests_are_shown_and_not_judged(world: StatusWorld) -> None:
    world.prometheus.known |= {
        series.REQUESTS_COUNT: [(OF_GREEN, 3)],
        series.ERRORS_RATIO: [(OF_GREEN, 0.5)],
    }
    status = world.status()
    assert told(status) == {}
    assert of(status, "errors", GREEN).live == "50.00 %"


def test_errors_above_the_limit_are_not_in_order_before_any_alert_fires(
    world: StatusWorld,
) -> None:
    world.prometheus.known[series.ERRORS_RATIO] = [(OF_GREEN, 0.05)]
    assert "above 1 %" in told(world.status())["errors of green"]
