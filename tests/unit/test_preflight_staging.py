"""Whether a version passed staging, and whether it is the same images: by digest, not by tag."""

from __future__ import annotations

import json

import pytest

from ops.errors import CouldNotFindOut, Refused
from ops.preflight import staging
from ops.release.entry import ABORTED, DONE, FAILED, NAME, Release, Run
from ops.release.step import Step
from tests.unit.rollback_cluster import BLUE, GREEN, SERVICES, RollbackCluster


def release(version: str = "v2", smoke: str = DONE, outcome: str = DONE) -> Release:
    return Release(
        id="1",
        version=version,
        color=GREEN,
        by="somebody",
        started="2026-01-01T11:00:00Z",
        step=Step.NOTIFY,
        runs=(Run(step=Step.SMOKE, began="2026-01-01T11:00:00Z", outcome=smoke),),
        outcome=outcome,
        finished="2026-01-01T12:00:00Z",
    )


def staged(*releases: Release) -> RollbackCluster:
    """Staging, where green v2 serves everything and is remembered so."""
    cluster = RollbackCluster()
    history = json.dumps([each.model_dump(mode="json") for each in releases])
    cluster.put("ConfigMap", NAME, {"metadata": {}, "data": {"history": history}})
    remembered = cluster.history
    cluster.remember(
        remembered.__class__(
            whole={**remembered.whole, GREEN: cluster.whole(GREEN)}, weights=remembered.weights
        )
    )
    return cluster


def production(**digests: str) -> RollbackCluster:
    """Green has v2, from another registry."""
    cluster = RollbackCluster()
    for service in SERVICES:
        name = f"{service}-green"
        cluster.digests[name] = f"other.test/{service}@sha256:{service}-v2"
    cluster.digests |= {f"{service}-green": digest for service, digest in digests.items()}
    return cluster


def compared(here: RollbackCluster) -> str:
    found = staging.judge("staging", staged(release()), "v2")
    running = staging.running(here, "gateway-api", GREEN, "v2")
    assert running is not None
    return staging.compare(found, running, "v2")


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
    assert staging.running(production(), "gateway-api", BLUE, "v2") is None


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


def test_staging_that_has_gone_on_since_no_longer_knows_the_digests() -> None:
    cluster = staged(release("v3"))
    with pytest.raises(CouldNotFindOut, match="no longer knows with which digests"):
        staging.judge("staging", cluster, "v3")
