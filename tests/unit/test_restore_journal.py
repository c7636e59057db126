"""The journal in a ConfigMap: one writer at a time, and nothing that is open is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.errors import CouldNotFindOut
from ops.journal import KEPT, ClusterJournal, TakenOver
from ops.restore.journal import NAME, Entry, Step, in_cluster
from tests.unit.versioned import Versioned


def entry(number: int = 1, **changes: Any) -> Entry:
    return Entry(
        id=f"r{number}",
        requested="latest",
        source="20251014T010000Z",
        is_moment=False,
        at="2025-10-14T01:00:00Z",
        target="legal_ai_g2",
        old="legal_ai",
        started="2025-10-14T02:00:00Z",
        by="somebody@here",
    ).updated(**changes)


def test_what_is_written_is_read_back_by_another_run() -> None:
    cluster = Versioned()
    journal = in_cluster(cluster)
    assert journal.read() is None
    journal.write(entry())
    journal.write(entry(step=Step.FENCED, doing=Step.SAVED, found_fence=True))
    found = in_cluster(cluster).read()
    assert found == entry(step=Step.FENCED, doing=Step.SAVED, found_fence=True)


def test_a_run_that_did_not_see_the_others_write_can_not_write() -> None:
    cluster = Versioned()
    slept, awake = in_cluster(cluster), in_cluster(cluster)
    slept.read()
    slept.write(entry())
    awake.read()
    awake.write(entry(step=Step.FENCED))
    with pytest.raises(TakenOver, match="another run has written the journal"):
        slept.write(entry(step=Step.MAINTENANCE))
    found = awake.read()
    assert found
    assert found.step == Step.FENCED


def test_what_another_run_wrote_is_no_ones_own_and_stays_fenced() -> None:
    cluster = Versioned()
    slept, awake = in_cluster(cluster), in_cluster(cluster)
    slept.read()
    slept.write(entry())
    assert slept.read_own() == entry()
    awake.read()
    awake.write(entry(step=Step.FENCED))
    assert slept.read_own() is None
    with pytest.raises(TakenOver):
        slept.write(entry(step=Step.MAINTENANCE))


def test_of_two_that_write_the_very_same_the_second_is_stopped() -> None:
    cluster = Versioned()
    slept, awake = in_cluster(cluster), in_cluster(cluster)
    slept.read()
    slept.write(entry())
    awake.read()
    awake.write(entry(step=Step.FENCED))
    with pytest.raises(TakenOver):
        slept.write(entry(step=Step.FENCED))


def test_a_run_whose_answer_was_lost_while_another_wrote_the_same_after_it_is_stopped() -> None:
    cluster = Versioned()
    slept, awake = in_cluster(cluster), in_cluster(cluster)
    slept.read()
    slept.write(entry())

    def other() -> None:
        assert awake.read() == entry(step=Step.FENCED)
        awake.write(entry(step=Step.FENCED))

    cluster.lose_answer = True
    cluster.before_write = lambda: setattr(cluster, "before_write", other)
    with pytest.raises(TakenOver):
        slept.write(entry(step=Step.FENCED))


@pytest.mark.parametrize("by", ["write", "fence"])
def test_one_that_goes_on_stops_the_one_before_though_it_has_nothing_new_to_write(by: str) -> None:
    cluster = Versioned()
    slept, awake = in_cluster(cluster), in_cluster(cluster)
    slept.read()
    slept.write(entry())
    found = awake.read()
    assert found
    awake.write(found)
    with pytest.raises(TakenOver):
        slept.fence() if by == "fence" else slept.write(entry(step=Step.FENCED))
    assert awake.read() == entry()


def test_a_journal_of_before_there_was_a_writer_in_it_is_read_and_gone_on_with() -> None:
    cluster = Versioned()
    cluster.config_map(NAME, {"open": entry().model_dump_json(), "history": "[]"})
    journal = in_cluster(cluster)
    assert journal.read() == entry()
    journal.write(entry(step=Step.FENCED))
    assert journal.read() == entry(step=Step.FENCED)


def test_of_two_that_begin_at_once_one_gets_the_journal() -> None:
    cluster = Versioned()
    one, other = in_cluster(cluster), in_cluster(cluster)
    assert one.read() is None
    assert other.read() is None
    one.write(entry(1))
    with pytest.raises(TakenOver, match="r1"):
        other.write(entry(2))
    assert one.read() == entry(1)


def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses() -> None:
    cluster = Versioned()
    journal = in_cluster(cluster)
    journal.read()
    journal.write(entry())
    cluster.lose_answer = True
    journal.write(entry(step=Step.FENCED))
    journal.write(entry(step=Step.SAVED))
    found = journal.read()
    assert found
    assert found.step == Step.SAVED


def unheard(cluster: Versioned, act: Callable[[], None]) -> None:
    """Do what comes through at the server without an answer."""
    cluster.no_answer = True
    with pytest.raises(CouldNotFindOut):
        act()


def begun(cluster: Versioned) -> ClusterJournal[Entry]:
    journal = in_cluster(cluster)
    journal.read()
    journal.write(entry())
    return journal


def test_after_a_write_that_had_no_answer_the_next_ones_go_on() -> None:
    cluster = Versioned()
    journal = begun(cluster)
    unheard(cluster, journal.fence)
    unheard(cluster, lambda: journal.write(entry(step=Step.FENCED)))
    journal.write(entry(step=Step.SAVED))
    assert in_cluster(cluster).read() == entry(step=Step.SAVED)
    unheard(cluster, journal.fence)
    journal.close(entry(outcome="done"))
    assert in_cluster(cluster).both() == (None, [entry(outcome="done")])


def test_a_fence_after_a_write_that_had_no_answer_leaves_what_that_one_wrote() -> None:
    cluster = Versioned()
    journal = begun(cluster)
    unheard(cluster, lambda: journal.write(entry(step=Step.FENCED)))
    journal.fence()
    assert in_cluster(cluster).read() == entry(step=Step.FENCED)


def test_what_another_run_wrote_after_a_write_that_had_no_answer_stays() -> None:
    cluster = Versioned()
    slept, awake = begun(cluster), in_cluster(cluster)
    unheard(cluster, slept.fence)
    awake.read()
    awake.write(entry(step=Step.FENCED))
    with pytest.raises(TakenOver):
        slept.write(entry(step=Step.MAINTENANCE))
    assert awake.read() == entry(step=Step.FENCED)


def test_what_another_run_writes_just_before_the_second_try_stays() -> None:
    cluster = Versioned()
    slept, awake = begun(cluster), in_cluster(cluster)
    unheard(cluster, slept.fence)

    def other() -> None:
        awake.read()
        awake.write(entry(step=Step.FENCED))

    cluster.before_write = lambda: setattr(cluster, "before_write", other)
    with pytest.raises(TakenOver):
        slept.write(entry(step=Step.MAINTENANCE))
    assert awake.read() == entry(step=Step.FENCED)


def test_what_was_closed_without_an_answer_is_not_opened_again() -> None:
    cluster = Versioned()
    journal = begun(cluster)
    unheard(cluster, lambda: journal.close(entry(outcome="done")))
    with pytest.raises(TakenOver):
        journal.write(entry(step=Step.FENCED))
    assert in_cluster(cluster).both() == (None, [entry(outcome="done")])


def test_a_restore_that_is_over_is_kept_as_history_and_a_new_one_may_begin() -> None:
    cluster = Versioned()
    journal = in_cluster(cluster)
    for number in range(KEPT + 5):
        journal.read()
        journal.write(entry(number))
        journal.close(entry(number, outcome="done"))
    assert journal.read() is None
    assert [each.id for each in journal.history()] == [f"r{n}" for n in range(5, KEPT + 5)]


def test_a_journal_that_can_not_be_understood_is_not_no_restore() -> None:
    cluster = Versioned()
    cluster.put_config_map(NAME, {"open": "{}"})
    with pytest.raises(CouldNotFindOut, match=r"can't be understood.*by: Field required.*don't"):
        in_cluster(cluster).read()


@pytest.mark.parametrize(
    ("doing", "moving"), [(Step.LISTED, False), (Step.MOVED, True), (Step.PROVED, True)]
)
def test_a_move_that_is_only_begun_counts_as_moving(doing: Step, moving: bool) -> None:
    assert entry(step=Step.CHECKED, doing=doing).is_moving is moving


def test_it_says_whose_it_is_since_when_and_how_far() -> None:
    told = str(entry(step=Step.FENCED, doing=Step.SAVED))
    assert "begun 2025-10-14T02:00:00Z by somebody@here" in told
    assert "done up to `fenced`, at work on `saved`" in told


def test_a_change_of_what_an_entry_does_not_have_is_refused_and_not_dropped() -> None:
    with pytest.raises(TypeError, match="Entry has no outcom, stepp"):
        entry().updated(outcom="done", stepp=Step.SAVED, by="me")
