"""Whether answers fit the weights: sampling arithmetic, and the lies that it must see through."""

import pytest

from ops.color import Color
from ops.share import MIXED, WHOLE, Answer, ask, count_for, judge
from tests.unit.json_server import json_server

BLUE, GREEN = Color.BLUE, Color.GREEN


def answers(blue: int, green: int) -> list[Answer]:
    return [Answer(200, "blue", "blue")] * blue + [Answer(200, "green", "green")] * green


def test_all_answers_of_the_color_that_has_everything_fit() -> None:
    assert judge(answers(0, WHOLE), {BLUE: 0, GREEN: 100}) == ""


def test_one_answer_of_a_color_without_weight_is_too_many() -> None:
    assert "blue gave 1 of 20" in judge(answers(1, 19), {BLUE: 0, GREEN: 100})


@pytest.mark.parametrize(("green", "fits"), [(20, True), (30, True), (70, False), (200, False)])
def test_a_share_may_be_off_by_chance_but_not_by_more(green: int, fits: bool) -> None:
    assert (judge(answers(MIXED - green, green), {BLUE: 90, GREEN: 10}) == "") is fits


def test_an_application_of_another_color_than_the_route_says_is_found() -> None:
    wrong = [Answer(200, "green", "blue")] * WHOLE
    assert "selects the wrong pods" in judge(wrong, {BLUE: 0, GREEN: 100})


def test_answers_without_a_color_fit_nothing() -> None:
    assert "does not say" in judge([Answer(404, "", "")] * WHOLE, {BLUE: 0, GREEN: 100})


def test_server_errors_and_silence_fit_nothing() -> None:
    assert "503" in judge([Answer(503, "green", "")] * WHOLE, {GREEN: 100})
    assert "refused" in judge([Answer(0, "", "", "refused")] * WHOLE, {GREEN: 100})


def test_a_color_with_weight_that_never_answers_does_not_fit() -> None:
    assert judge(answers(MIXED, 0), {BLUE: 50, GREEN: 50}) != ""


def test_no_answers_at_all_fit_nothing() -> None:
    assert judge([], {BLUE: 100}) != ""


def test_a_mix_is_judged_from_more_answers_than_a_whole() -> None:
    assert count_for({BLUE: 90, GREEN: 10}) == MIXED
    assert count_for({BLUE: 0, GREEN: 100}) == WHOLE


def test_without_the_gateways_header_the_applications_own_color_counts() -> None:
    bare = [Answer(200, "", "green")] * WHOLE
    assert judge(bare, {BLUE: 0, GREEN: 100}) == ""


def test_after_the_first_request_that_nobody_answered_no_more_are_sent() -> None:
    asked: list[None] = []
    with json_server() as server:
        gone = server.url
    found = ask(gone, ("/",), MIXED, lambda: asked.append(None))
    assert len(found) == len(asked) == 1
    assert "no answer" in judge(found, {BLUE: 50, GREEN: 50})


def test_after_the_first_answer_that_is_bad_no_more_requests_are_sent() -> None:
    with json_server() as server:
        server.answers["GET /"] = (503, "down")
        found = ask(server.url, ("/",), MIXED)
        assert len(server.asked) == 1
    assert "503" in judge(found, {BLUE: 50, GREEN: 50})
