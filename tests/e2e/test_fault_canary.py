"""The runbook's first step of a canary, 10 %, with a version of which 5 % of the answers fail."""

from typing import Final

import pytest

from bench.load import Load
from ops.color import Color
from tests.e2e import test_switch_and_canary_scripts as scripts
from tests.e2e import visitor
from tests.e2e.shifting import Shifting

# The project that the tests of the scripts have.
watched, forgotten, shifting = scripts.watched, scripts.forgotten, scripts.shifting

RATE: Final = 300.0
"""So many requests a second that a tenth of them is enough to judge by."""


@pytest.mark.long
def test_a_canary_that_fails_5_percent_of_10_percent_goes_back_and_costs_no_more(
    shifting: Shifting,
) -> None:
    with Load(shifting.project.url, ("/api/health",), RATE) as load:
        shifting.await_numbers(Color.BLUE)
        with shifting.failing("green", error_rate=0.05):
            ran = shifting.canary("--steps", "10,100")
    assert ran.code == 1, ran.text
    ran.failed("green answers", "in the same window", "blue has all traffic again")
    assert visitor.colors(shifting.project.url) == visitor.everywhere("blue")
    assert shifting.configured() == ("blue", "0")
    assert shifting.status()["open"] is None
    assert 0 < len(load.lost) < 0.01 * len(load.shots)
