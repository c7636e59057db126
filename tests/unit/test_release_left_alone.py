"""A release that can't go on while the new color has traffic: people are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.errors import CouldNotFindOut, NoAccess, OpsError, UsageError
from ops.journal import TakenOver
from ops.lease import Lost
from ops.release.step import Step
from ops.release.watching import Away, Unsure
from ops.shift.entry import Shift
from ops.watching.judging import Kind, Verdict
from tests.unit.release_world import GREEN, ReleaseWorld
from tests.unit.shift_world import BAD, GOOD
from tests.unit.test_release_procedure import failed, resume

SILENT = Verdict(Kind.SILENT, "Prometheus does not answer")


@pytest.fixture
def world() -> ReleaseWorld:
    return ReleaseWorld()


def pages(world: ReleaseWorld) -> list[str]:
    return [event.text for event in world.events if event.kind == "page"]


def at_begin_of(world: ReleaseWorld, step: Step, act: Callable[[], object]) -> None:
    """When a step is said to begin."""

    class Said(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            if line == f"{step}: begun":
                act()

    world.said = Said()


@pytest.mark.parametrize("step", [Step.WATCH, Step.KEEP])
@pytest.mark.parametrize(
    "error", [CouldNotFindOut("no answer"), NoAccess("expired"), UsageError("no such file")]
)
def test_a_step_that_can_not_begin_to_watch_pages(
    world: ReleaseWorld, monkeypatch: pytest.MonkeyPatch, step: Step, error: OpsError
) -> None:
    def expired() -> Any:
        if world.release and world.release.step is step:
            raise error
        return world.tools()

    monkeypatch.setattr(world, "shifting", expired)
    assert str(error) in failed(world, type(error))
    [told] = pages(world)
    assert str(error) in told
    monkeypatch.undo()
    resume(world)
    assert world.kinds[-1] == "resolved"


@pytest.mark.parametrize("step", [Step.WATCH, Step.KEEP])
def test_a_lease_that_was_lost_once_traffic_was_moved_pages(
    world: ReleaseWorld, step: Step
) -> None:
    def lost() -> None:
        if world.release and world.release.step is step:
            raise Lost("the lease release was lost. Another run may be at it")

    world.on_alive = lost
    failed(world, Lost)
    [told] = pages(world)
    assert "Another run may be at it" in told
    world.on_alive = lambda: None
    resume(world)
    assert world.ended.outcome == "done"
    assert world.kinds[-1] == "resolved"
    assert world.events[-1].dedup == world.ended.incident


@pytest.mark.parametrize(("step", "kinds"), [(Step.SHIFT, ["release"]), (Step.DECOMMISSION, [])])
def test_a_lease_that_was_lost_where_nothing_is_to_be_watched_pages_nobody(
    world: ReleaseWorld, step: Step, kinds: list[str]
) -> None:
    def lost() -> None:
        if world.release and world.release.step is step:
            raise Lost("the lease release was lost")

    world.on_alive = lost
    failed(world, Lost)
    assert pages(world) == []
    assert not kinds or world.kinds == kinds


def test_a_lease_lost_to_a_run_that_has_ended_it_calls_nobody(world: ReleaseWorld) -> None:
    def slept() -> None:
        if world.release and world.release.step is Step.KEEP:
            world.on_alive = lambda: None
            resume(world)
            world.events.clear()
            raise Lost("the lease release was lost")

    world.on_alive = slept
    failed(world, Lost)
    assert world.ended.outcome == "done"
    assert world.events == []


def test_a_color_that_fails_and_can_not_be_left_pages(world: ReleaseWorld) -> None:
    world.verdicts = [GOOD, BAD]
    other = Shift(id="1", target=GREEN, version="v2", switch_seconds=1, started="", by="bob")

    def another() -> None:
        if len(world.watched) == 2:
            world.tools().journal.write(other)

    world.meanwhile = another
    told = failed(world, Unsure)
    assert BAD.reason in told
    assert "a shift is open" in told
    assert len(pages(world)) == 1


def test_traffic_that_is_back_is_said_to_be_though_its_journal_could_not_be_closed(
    world: ReleaseWorld,
) -> None:
    def silent_behind_it() -> None:
        world.in_up = lambda: setattr(world.cluster, "no_answer", True)

    world.verdicts = [GOOD, BAD]
    when_watched(world, silent_behind_it)
    told = failed(world, Unsure)
    assert "Traffic is back with blue; its journal could not be closed" in told
    assert "could not be sent back" not in told
    assert pages(world) == []
    world.in_up = lambda: None
    with pytest.raises(Away):
        resume(world)


def test_what_the_shift_has_paged_for_is_one_page(world: ReleaseWorld) -> None:
    def locked() -> None:
        world.refusal = CouldNotFindOut("another Pulumi command holds stack production")

    world.meanwhile = locked
    failed(world, CouldNotFindOut)
    assert len(pages(world)) == 1


def test_what_fails_before_anything_moved_pages_nobody(world: ReleaseWorld) -> None:
    at_begin_of(world, Step.SHIFT, lambda: setattr(world, "refusal", CouldNotFindOut("a lock")))
    failed(world, CouldNotFindOut)
    assert world.shares == []
    assert pages(world) == []


def test_a_run_that_lost_the_journal_while_it_failed_writes_nothing_over_the_other_one(
    world: ReleaseWorld,
) -> None:
    def taken() -> None:
        other = world.release_tools()
        found = other.journal.read()
        assert found
        other.journal.write(found.updated(by="somebody@elsewhere"))
        world.fails["up"] = CouldNotFindOut("no answer")

    at_begin_of(world, Step.SHIFT, taken)
    failed(world, TakenOver)
    assert world.release
    assert world.release.by == "somebody@elsewhere"


def when_watched(world: ReleaseWorld, act: Callable[[], object]) -> None:
    """While the new color is watched with all traffic, once."""

    def now() -> None:
        if len(world.watched) == 2:
            world.meanwhile = lambda: None
            act()

    world.meanwhile = now


def test_a_fence_that_came_through_without_an_answer_keeps_no_page_back(
    world: ReleaseWorld,
) -> None:
    world.verdicts = [GOOD, BAD]
    when_watched(world, lambda: setattr(world.cluster, "no_answer", True))
    assert BAD.reason in failed(world, Unsure)
    assert BAD.reason in pages(world)[0]
    assert world.release
    assert world.release.paged
    assert world.reports
    resume(world)
    assert world.kinds[-1] == "resolved"


def test_what_can_not_be_told_pages_though_another_run_has_the_journal(
    world: ReleaseWorld,
) -> None:
    def taken() -> None:
        other = world.release_tools()
        found = other.journal.read()
        assert found
        other.journal.write(found.updated(by="somebody@elsewhere"))

    world.verdicts = [GOOD, SILENT]
    when_watched(world, taken)
    failed(world, TakenOver)
    [told] = pages(world)
    assert SILENT.reason in told


def test_what_can_not_be_told_calls_nobody_where_another_run_has_ended_it(
    world: ReleaseWorld,
) -> None:
    def ended() -> None:
        resume(world)
        world.events.clear()
        world.verdicts = [SILENT]

    world.verdicts = [GOOD]
    when_watched(world, ended)
    failed(world, TakenOver)
    assert world.ended.outcome == "done"
    assert world.events == []
