"""Steps run when what they need is done, several at once, and a failure stops the rest."""

import threading

import pytest
from rich.console import Console

from local.graph import Step, check, run_steps
from local.parts import all_parts
from local.places import Places
from local.problems import InterruptedByUserError, LocalStackError
from local.report import Report
from local.stack import Stack
from local.up import Up


def test_steps_that_need_nothing_of_each_other_run_at_once() -> None:
    both = threading.Barrier(2, timeout=10)

    def meet() -> None:
        both.wait()

    run_steps([Step("a", meet), Step("b", meet)])


def test_a_step_runs_after_what_it_needs() -> None:
    order: list[str] = []
    run_steps(
        [
            Step("last", lambda: order.append("last"), ("middle",)),
            Step("middle", lambda: order.append("middle"), ("first",)),
            Step("first", lambda: order.append("first")),
        ]
    )
    assert order == ["first", "middle", "last"]


def test_after_a_failure_nothing_more_begins_and_every_failure_is_told() -> None:
    begun: list[str] = []
    both = threading.Barrier(2, timeout=10)

    def fail(message: str) -> None:
        both.wait()
        raise LocalStackError(message)

    steps = [
        Step("a", lambda: fail("no disk")),
        Step("b", lambda: fail("no network")),
        Step("c", lambda: begun.append("c"), ("a",)),
    ]
    with pytest.raises(LocalStackError) as caught:
        run_steps(steps)
    assert "a: no disk" in str(caught.value)
    assert "b: no network" in str(caught.value)
    assert begun == []


def test_what_was_ended_because_of_a_failure_is_not_told_as_one() -> None:
    stopped = threading.Event()

    def wait_for_stop() -> None:
        stopped.wait(10)
        raise InterruptedByUserError("stopped")

    def fail() -> None:
        raise LocalStackError("the cause")

    with pytest.raises(LocalStackError, match=r"^b: the cause$"):
        run_steps([Step("a", wait_for_stop), Step("b", fail)], stop=stopped.set)


def test_circles_and_unknown_needs_are_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        check([Step("a", lambda: None, ("b",)), Step("b", lambda: None, ("a",))])
    with pytest.raises(ValueError, match="no step is called"):
        check([Step("a", lambda: None, ("b",))])


def test_the_steps_of_up_fit_together_and_hold_every_part() -> None:
    stack = Stack(Places.of_this_clone(), Report(Console(quiet=True)))
    steps = Up(stack, simulate=False, with_deploy=False).steps()
    check(steps)
    in_node_step = {"network", "containerd"}
    assert {part.name for part in all_parts(stack)} - in_node_step <= {s.name for s in steps}
