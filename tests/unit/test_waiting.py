"""How tests wait: `until` gives what came, and fails once nothing can come any more."""

from collections.abc import Callable, Iterator

import pytest

from tests.waiting import until


def one_after_the_other(*values: object) -> Callable[[], object]:
    left: Iterator[object] = iter(values)
    return lambda: next(left)


def test_what_comes_at_last_is_given() -> None:
    assert until(one_after_the_other(None, "", "it"), "it came", pause=0) == "it"


def test_what_never_comes_fails_with_what_it_is() -> None:
    with pytest.raises(AssertionError, match=r"after 0 s still not: it came"):
        until(lambda: None, "it came", seconds=0, pause=0)


def test_nobody_waits_for_what_has_ended() -> None:
    with pytest.raises(AssertionError, match="it has ended, and still not: it came"):
        until(lambda: None, "it came", alive=one_after_the_other(True, False), pause=0)


def test_what_came_with_the_end_has_come() -> None:
    assert until(lambda: "it", "it came", alive=lambda: False) == "it"


def test_what_there_is_to_say_is_asked_for_when_it_failed() -> None:
    said = one_after_the_other("the last line of its log")
    with pytest.raises(AssertionError, match="still not: the last line of its log"):
        until(lambda: None, lambda: str(said()), seconds=0, pause=0)
