"""Everything that a release does to a stack, under constant load, without one request lost."""

import pytest

from bench.load import Load
from tests.e2e.project import Project

RATE = 300


@pytest.mark.long
def test_a_whole_release_loses_no_request(settled: Project) -> None:
    """Switch, canary steps, switch back, a new version on the standby, decommission."""
    with Load(settled.url, ["/api/health", "/", "/health"], rate=RATE) as load:
        settled.switch("green").ok()
        settled.switch("blue").ok()
        for weight in (10, 25, 50, 100):
            settled.switch("blue", weight).ok()
        settled.switch("green", 0).ok()
        settled.set("blue.version=v1.1.0")
        settled.up().ok()
        settled.set("blue.replicas=0")
        settled.up().ok()
    assert load.lost == []
    refused = [shot for shot in load.shots if shot.status >= 400]
    assert refused == []
    assert load.colors().keys() == {"blue", "green"}
    mixed = [shot for shot in load.shots if shot.routed != shot.app]
    assert mixed == []
    assert load.shots[-1].routed == "green"
