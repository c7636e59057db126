"""What a measurement says of the machine that it was taken on."""

import json
import platform
import re
from pathlib import Path

import pytest

from bench import machine

RESULTS = Path(__file__).parents[2] / "bench/results"
PLAIN = re.compile(r"[0-9]+ cores, [A-Za-z]+ [0-9.]+")


def test_a_kernel_is_told_without_the_name_that_its_maker_gave_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-of-a-machine")
    told = machine.facts()["machine"]
    assert PLAIN.fullmatch(told)
    assert told.endswith(" 6.1.0")


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_the_results_that_are_kept_name_no_machine(path: Path) -> None:
    assert PLAIN.fullmatch(json.loads(path.read_text())["machine"])
