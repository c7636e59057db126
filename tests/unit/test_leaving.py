"""Waiting until nobody is connected any more."""

from __future__ import annotations

import pytest

from ops.errors import Refused
from ops.logins import leaving
from ops.logins.leaving import Words, await_gone

WORDS = Words("leave legal_ai", "legal_ai is still in use", "End them")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "POLL_SECONDS", 0.0)


def test_it_ends_once_nobody_is_left_and_says_how_many_there_are_when_that_changes() -> None:
    looks, said = iter([["a", "b"], ["a", "b"], ["b"], []]), list[str]()
    await_gone(lambda: next(looks), 60.0, said.append, WORDS)
    assert said == [f"waiting until {number} sessions leave legal_ai" for number in (2, 1)]


def test_who_stays_is_named_with_what_to_do() -> None:
    with pytest.raises(Refused, match=r"^legal_ai is still in use after 0 s: a; b\. End them$"):
        await_gone(lambda: ["a", "b"], 0.0, lambda _: None, WORDS)
