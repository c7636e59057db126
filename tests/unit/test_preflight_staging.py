"""Whether a version passed staging, and whether it is the same images: by digest, not by tag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.preflight import images, staging
from ops.preflight.names import STAGING
from ops.release.entry import ABORTED, DONE, FAILED, NAME, Release, Run
from ops.release.step import Step
from tests.unit.rollback_cluster import BLUE, GREEN, SERVICES, RollbackCluster

TESTED = {service: (f"sha256:{service}-v2",) for service in SERVICES}


def release(
    version: str = "v2",
    smoke: str = DONE,
    outcome: str = DONE,
    digests: Mapping[str, tuple[str, ...]] = TESTED,
) -> Release:
    return Release(
        id="1",
        version=version,
        color=GREEN,
        by="somebody",
        started="2026-01-01T11:00:00Z",
        step=Step.NOTIFY,
        runs=(Run(step=Step.SMOKE, began="2026-01-01T11:00:00Z", outcome=smoke),),
        digests=dict(digests),
        outcome=outcome,
        finished="2026-01-01T12:00:00Z",
    )


def staged(*releases: Release) -> RollbackCluster:
    """Staging, where green v2 serves everything."""
    cluster = RollbackCluster()
    history = json.dumps([each.model_dump(mode="json") for each in releases])
    cluster.put("ConfigMap", NAME, {"metadata": {}, "data": {"history": history}})
    return cluster


def production(**digests: str) -> RollbackCluster:
    """Green has v2, from another registry."""
    cluster = RollbackCluster()
    for service in SERVICES:
        name = f"{service}-green"
        cluster.digests[name] = f"other.test/{service}@sha256:{service}-v2"
    cluster.digests |= {f"{service}-green": digest for service, digest in digests.items()}
    return cluster


def compared(here: RollbackCluster, tested: Release | None = None) -> str:
    found = staging.judge("staging", staged(tested or release()), "v2")
    running = images.running(here, GREEN, "v2")
    assert running is not None
    return staging.compare(found, running, "v2")


def with_worker(here: RollbackCluster, digest: str = "", *, runs: bool = True) -> RollbackCluster:
    """Green has a worker too, and a cron job that has not run yet."""
    here.work("Deployment", "worker", GREEN, runs=runs)
    here.work("CronJob", "report", GREEN, runs=runs)
    here.digests["worker-green"] = digest
    return here


def test_the_same_digests_from_another_registry_passed_staging() -> None:
    assert "released to staging 2026-01-01T12:00:00Z by somebody" in compared(production())


def test_a_tag_that_was_moved_after_staging_is_bad() -> None:
    with pytest.raises(Refused, match="backend v2 is another image here than the one that passed"):
        compared(production(backend="other.test/backend@sha256:other"))


def test_pods_that_do_not_say_what_they_run_are_unknown() -> None:
    with pytest.raises(CouldNotFindOut, match="backend v2 has no pod that says its digest"):
        compared(production(backend=""))


def test_one_moved_tag_is_not_hidden_by_a_pod_that_says_nothing() -> None:
    with pytest.raises(Refused, match="frontend v2 is another image"):
        compared(production(backend="", frontend="sha256:other"))


def test_a_color_with_another_version_has_nothing_to_compare_yet() -> None:
    assert images.running(production(), BLUE, "v2") is None


@pytest.mark.parametrize(
    ("releases", "said"),
    [
        ((), "staging never released v2 .it released: none"),
        ((release("v1"),), "staging never released v2 .it released: v1"),
        ((release(smoke=FAILED),), "did not pass its smoke tests"),
        ((release(outcome=ABORTED),), "did not pass its smoke tests"),
        ((release(), release(outcome=ABORTED)), "did not pass its smoke tests"),
    ],
)
def test_a_version_that_staging_did_not_release_well_is_bad(
    releases: tuple[Release, ...], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        staging.judge("staging", staged(*releases), "v2")


def test_what_staging_runs_by_now_counts_for_nothing() -> None:
    there = staged(release())
    moved = {service: f"sha256:{service}-moved" for service in SERVICES}
    there.remember(
        replace(there.history, whole={GREEN: replace(there.whole(GREEN), digests=moved)})
    )
    there.digests = {f"{service}-green": digest for service, digest in moved.items()}
    passed = staging.judge("staging", there, "v2")
    here = images.running(production(**moved), GREEN, "v2")
    assert here is not None
    with pytest.raises(Refused, match="backend, frontend v2 is another image here"):
        staging.compare(passed, here, "v2")


def test_staging_that_has_gone_on_since_still_says_what_passed() -> None:
    there = staged(release(), release("v3", digests={"backend": ("sha256:backend-v3",)}))
    assert staging.judge("staging", there, "v2").digests == TESTED


@pytest.mark.parametrize("digests", [{}, {**TESTED, "frontend": ()}])
def test_a_release_that_noted_no_digests_is_unknown(digests: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(CouldNotFindOut, match="did not note with which digest") as told:
        staging.judge("staging", staged(release(digests=digests)), "v2")
    assert "`scripts/rollback_release.py --stack staging`" in str(told.value)
    assert f"--accept {STAGING}=REASON" in str(told.value)


def test_a_workers_moved_tag_is_bad_as_soon_as_it_has_a_pod() -> None:
    tested = release(digests={**TESTED, "worker": ("sha256:worker-v2",)})
    assert "not compared: report, without" in compared(
        with_worker(production(), "other.test/worker@sha256:worker-v2"), tested
    )
    with pytest.raises(Refused, match="worker v2 is another image"):
        compared(with_worker(production(), "sha256:moved"), tested)


def test_what_has_no_pods_before_traffic_moves_is_named_and_blocks_nothing() -> None:
    tested = release(digests={**TESTED, "worker": ("sha256:worker-v2",)})
    standby = with_worker(production(), runs=False)
    assert "not compared: report, worker, without a pod here or there yet" in compared(
        standby, tested
    )


def test_what_a_journal_keeps_leaves_out_background_services_that_have_not_run() -> None:
    found = images.require_running(with_worker(production(), runs=False), GREEN, "v2")
    assert found.known == TESTED
    found = images.require_running(with_worker(production(), "sha256:w"), GREEN, "v2")
    assert found.known == {**TESTED, "worker": ("sha256:w",)}
    silent = images.require_running(production(backend=""), GREEN, "v2")
    assert silent.known == {**TESTED, "backend": ()}


def test_a_cron_jobs_last_run_says_its_digest_and_one_of_another_version_does_not() -> None:
    here = with_worker(production())
    for number, tag in enumerate(("v1", "v2")):
        here.put(
            "Pod",
            f"report-{number}",
            {
                "metadata": {"labels": {"app": "report", "color": "green"}},
                "spec": {"containers": [{"name": "report", "image": f"report:{tag}"}]},
                "status": {
                    "containerStatuses": [{"name": "report", "imageID": f"r@sha256:report-{tag}"}]
                },
            },
        )
    found = images.require_running(here, GREEN, "v2")
    assert found.digests["report"] == ("sha256:report-v2",)


@pytest.mark.parametrize(
    ("digest", "said"),
    [
        ("other.test/backend@sha256:backend-v2", "; the image that passed staging"),
        ("", "; not compared with staging: the digest of backend is not known"),
    ],
)
def test_one_pods_image_is_compared_by_itself(digest: str, said: str) -> None:
    found = staging.judge("staging", staged(release()), "v2")
    assert staging.compare_one(found, "backend", digest, "v2") == said
    with pytest.raises(Refused, match="backend v2 is another image here"):
        staging.compare_one(found, "backend", "sha256:moved", "v2")
