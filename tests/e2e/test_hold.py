"""A rollback past Pulumi sticks: during an `up`, after it, with and without `--refresh`."""

import pytest

from bench.route import give_all
from ops.cluster import Cluster
from tests.e2e import visitor
from tests.e2e.outsider import roll_back
from tests.e2e.project import Project, finish
from tests.waiting import until

REFRESH = (pytest.param((), marks=pytest.mark.long), ("--refresh",))


def test_a_rollback_that_lands_while_an_up_is_in_flight_wins(
    settled: Project, cluster: Cluster
) -> None:
    settled.set("activeColor=green")
    running = settled.start("up", "--yes", "--skip-preview")
    until(
        lambda: cluster.get("ConfigMap", "traffic-unverified") is not None,
        lambda: f"the up comes to its gate\n{finish(running).text}",
        pause=0.01,
        alive=lambda: running.poll() is None,
    )
    roll_back(cluster)
    finish(running).failed("green is held")
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    # Caught before its write, it asks for the same again; caught behind it, it has nothing to do.
    after = settled.up()
    assert after.code == 0 or "green is held" in after.text
    assert visitor.colors(settled.url) == visitor.everywhere("blue")


@pytest.mark.parametrize("refresh", REFRESH)
def test_an_up_with_unchanged_configuration_leaves_a_rollback_alone(
    settled: Project, cluster: Cluster, refresh: tuple[str, ...]
) -> None:
    settled.switch("green").ok()
    roll_back(cluster)
    ran = settled.up(*refresh)
    assert "green is held" in ran.text
    if refresh:
        ran.failed("would give green 100 % again")
    else:
        ran.ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")


@pytest.mark.parametrize("refresh", REFRESH)
def test_an_up_that_asks_for_the_held_color_is_refused(
    settled: Project, cluster: Cluster, refresh: tuple[str, ...]
) -> None:
    settled.switch("green").ok()
    roll_back(cluster)
    settled.set("canaryWeight=10")
    settled.up(*refresh).failed("green is held", "error rate 5 %", "activeColor=blue")
    assert visitor.colors(settled.url) == visitor.everywhere("blue")


@pytest.mark.long
def test_following_the_advice_of_the_refusal_makes_configuration_and_route_agree(
    settled: Project, cluster: Cluster
) -> None:
    settled.switch("green").ok()
    roll_back(cluster)
    settled.switch("blue").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    assert settled.preview("--expect-no-changes").code == 0
    cluster.delete("ConfigMap", "traffic-hold")
    settled.switch("green").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


def test_the_preview_of_a_held_color_warns_and_does_not_fail(
    settled: Project, cluster: Cluster
) -> None:
    roll_back(cluster)
    settled.set("activeColor=green")
    assert "green is held" in settled.preview().ok().text


def test_pulumi_can_write_the_route_after_an_outsider_did(
    settled: Project, cluster: Cluster
) -> None:
    give_all(cluster, "green")
    settled.set("serial=1")
    settled.up("--refresh").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    cluster.patch(
        "HTTPRoute",
        "legal-ai",
        {"metadata": {"annotations": {"legal-ai-system.com/serial": "0"}}},
    )


@pytest.mark.long
def test_a_check_that_failed_after_the_switch_fails_the_next_up_too(settled: Project) -> None:
    """Also: a Service that selects the other color's pods passes no check of headers alone."""
    settled.switch("green").ok()
    settled.switch("blue").ok()
    wrong = '{"spec":{"selector":{"color":"blue"}}}'
    settled.kubectl("patch", "service", "backend-green", "--patch", wrong).ok()
    settled.switch("green").failed("selects the wrong pods")
    settled.up().failed("selects the wrong pods")
    right = wrong.replace("blue", "green")
    settled.kubectl("patch", "service", "backend-green", "--patch", right).ok()
    settled.up().ok()
    settled.up().ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


@pytest.mark.long
def test_a_failed_check_does_not_block_the_way_back(settled: Project) -> None:
    settled.switch("green").ok()
    settled.switch("blue").ok()
    wrong = '{"spec":{"selector":{"color":"blue"}}}'
    settled.kubectl("patch", "service", "backend-green", "--patch", wrong).ok()
    settled.switch("green").failed("selects the wrong pods")
    settled.switch("blue").ok()
    assert visitor.colors(settled.url) == visitor.everywhere("blue")
    right = wrong.replace("blue", "green")
    settled.kubectl("patch", "service", "backend-green", "--patch", right).ok()
