"""The journal in a ConfigMap: one writer at a time, and nothing that is open is ever lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ops.cluster import Cluster, Conflict
from ops.errors import CouldNotFindOut
from ops.journal import KEPT, TakenOver
from ops.restore.journal import NAME, Entry, Step, in_cluster


class Memory(Cluster):
    """ConfigMaps with resource versions. `lose_answer`: the next write is done and not told."""

    def __init__(self) -> None:
        self.namespace = "legal-ai"
        self.maps: dict[str, dict[str, Any]] = {}
        self.lose_answer = False

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        found = self.maps.get(name)
        return None if found is None else json.loads(json.dumps(found))

    def put_config_map(self, name: str, data: Mapping[str, str]) -> None:
        found = self.maps.setdefault(name, {"metadata": {"resourceVersion": "0"}, "data": {}})
        found["data"] |= data
        self._bump(found)

    def patch(self, kind: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        found = self.maps[name]
        if patch["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified")
        merged = found["data"] | patch["data"]
        found["data"] = {key: value for key, value in merged.items() if value is not None}
        self._bump(found)
        if self.lose_answer:
            self.lose_answer = False
            # The client asks once more after a broken connection, with the version it had.
            return self.patch(kind, name, patch)
        return found

    def _bump(self, found: dict[str, Any]) -> None:
        found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)


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
    cluster = Memory()
    journal = in_cluster(cluster)
    assert journal.read() is None
    journal.write(entry())
    journal.write(entry(step=Step.FENCED, doing=Step.SAVED, found_fence=True))
    found = in_cluster(cluster).read()
    assert found == entry(step=Step.FENCED, doing=Step.SAVED, found_fence=True)


def test_a_run_that_did_not_see_the_others_write_can_not_write() -> None:
    cluster = Memory()
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


def test_of_two_that_begin_at_once_one_gets_the_journal() -> None:
    cluster = Memory()
    one, other = in_cluster(cluster), in_cluster(cluster)
    assert one.read() is None
    assert other.read() is None
    one.write(entry(1))
    with pytest.raises(TakenOver, match="r1"):
        other.write(entry(2))
    assert one.read() == entry(1)


def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses() -> None:
    cluster = Memory()
    journal = in_cluster(cluster)
    journal.read()
    journal.write(entry())
    cluster.lose_answer = True
    journal.write(entry(step=Step.FENCED))
    journal.write(entry(step=Step.SAVED))
    found = journal.read()
    assert found
    assert found.step == Step.SAVED


def test_a_restore_that_is_over_is_kept_as_history_and_a_new_one_may_begin() -> None:
    cluster = Memory()
    journal = in_cluster(cluster)
    for number in range(KEPT + 5):
        journal.read()
        journal.write(entry(number))
        journal.close(entry(number, outcome="done"))
    assert journal.read() is None
    assert [each.id for each in journal.history()] == [f"r{n}" for n in range(5, KEPT + 5)]


def test_a_journal_that_can_not_be_understood_is_not_no_restore() -> None:
    cluster = Memory()
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
