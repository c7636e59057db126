"""What the bench of the rollback counts as lost, and against what it compares."""

import pytest

from bench.load import Shot
from bench.rollback import WAYS, Way, is_its_own, summarize


@pytest.mark.parametrize(
    ("status", "routed", "app", "expected"),
    [
        (500, "green", "green", True),
        (503, "green", "", False),
        (500, "blue", "blue", False),
        (0, "", "", False),
        (200, "green", "green", False),
    ],
)
def test_only_an_error_that_the_bad_application_answered_is_its_own(
    status: int, routed: str, app: str, expected: bool
) -> None:
    assert is_its_own(Shot(0.0, 0.1, status, routed, app, "/")) is expected


def test_ratios_are_to_the_raw_patch_of_the_same_round_and_a_loss_in_any_round_counts() -> None:
    slow, calm = Way(8.0, 9.0, 100, 5, 1), Way(1.0, 2.0, 100, 5, 0)
    floors = [Way(4.0, 4.0, 10, 0, 0), Way(0.1, 0.1, 10, 0, 0), Way(0.1, 0.1, 10, 0, 0)]
    found = {way: [slow, calm, calm] for way in WAYS} | {"patch": floors}
    figures = summarize(found)
    assert figures["ready_to_patch_ratio"] == 10.0
    assert figures["ready_lost"] == 1
