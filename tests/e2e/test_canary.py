"""A canary: shares as configured, and no visitor who sees two colors at once."""

import pytest

from ops import web
from tests.e2e import visitor
from tests.e2e.project import Project
from tests.waiting import until

REQUESTS = 10_000


@pytest.mark.parametrize(
    "weight",
    [10, *(pytest.param(weight, marks=pytest.mark.long) for weight in (25, 50, 100))],
)
def test_each_step_gives_the_other_color_its_share(settled: Project, weight: int) -> None:
    settled.switch("blue", weight).ok()
    seen = visitor.draw(settled.url, REQUESTS)
    share = 100 * seen["green"] / seen.total()
    assert abs(share - weight) <= 2, f"{weight} % asked, {share:.1f} % came: {seen}"


def test_a_visitor_with_cookies_never_sees_page_and_api_of_two_colors(settled: Project) -> None:
    settled.switch("blue", 50).ok()
    met = []
    for _ in range(60):
        with web.client(settled.url) as client:
            met.append(frozenset(visitor.browse(client, rounds=5)))
    assert set(met) == {frozenset({"blue"}), frozenset({"green"})}


@pytest.mark.long
def test_a_visitor_stays_where_he_is_while_the_canary_grows_and_leaves_when_it_ends(
    settled: Project,
) -> None:
    settled.switch("blue", 10).ok()
    clients = [web.client(settled.url) for _ in range(30)]
    first = [visitor.browse(client, rounds=1) for client in clients]
    settled.switch("blue", 50).ok()
    assert [visitor.browse(client, rounds=2) for client in clients] == first
    settled.switch("blue", 0).ok()
    assert [visitor.browse(client, rounds=1) for client in clients] == [{"blue"}] * 30
    for client in clients:
        client.close()


@pytest.mark.long
def test_a_cookie_picks_no_color_once_the_canary_is_over(settled: Project) -> None:
    settled.switch("blue", 50).ok()
    with web.client(settled.url) as client:

        def is_greens() -> bool:
            client.cookies.clear()
            return visitor.browse(client, rounds=1) == {"green"}

        until(is_greens, "a new visitor gets green", pause=0)
        settled.switch("blue", 0).ok()
        assert visitor.browse(client, rounds=5) == {"blue"}


def test_a_canary_at_full_weight_does_not_turn_into_its_opposite_at_the_flip(
    settled: Project,
) -> None:
    settled.switch("blue", 100).ok()
    settled.set("activeColor=green")
    settled.up().failed("legal-ai:canaryWeight", "legal-ai:activeColor=green")
    assert visitor.colors(settled.url) == visitor.everywhere("green")
    settled.switch("green", 0).ok()
    assert visitor.colors(settled.url) == visitor.everywhere("green")


def test_a_forgotten_canary_weight_is_told_in_a_sentence(settled: Project) -> None:
    settled.set("canaryWeight=10")
    assert "green keeps 10 %" in settled.preview().ok().text
