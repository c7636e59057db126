"""What is under way, who is at it, and who did what when."""

from __future__ import annotations

from typing import Any

import pytest

from ops.color import Color
from ops.errors import CouldNotFindOut, Refused
from ops.incident.entry import KEPT as INCIDENT
from ops.incident.entry import Incident, Nature, Note
from ops.journal import ClusterJournal, Kept
from ops.lease import Lease
from ops.release.entry import KEPT as RELEASE
from ops.release.entry import Release
from ops.release.step import Step
from ops.rollback.journal import KEPT as ROLLBACK
from ops.rotation.jwt_world import KEPT as JWT_SECRET
from ops.rotation.jwt_world import JwtRotation
from ops.shift.entry import KEPT as SHIFT
from ops.shift.entry import Shift
from ops.status.gather import LAST
from ops.status.journals import NAMES, look, read
from tests.unit.rollback_cluster import RollbackCluster
from tests.unit.status_world import BLUE, StatusWorld, told


def release(version: str, **more: Any) -> Release:
    return Release(
        id=version,
        version=version,
        color=Color.BLUE,
        by="ann",
        started="2026-01-01T10:00:00+00:00",
        step=Step.SMOKE,
        **more,
    )


def ended(cluster: RollbackCluster, kept: Kept[Any], entry: Any) -> None:
    journal = ClusterJournal(cluster, kept)
    journal.write(entry)
    journal.close(entry)


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_was_ever_done_nothing_is_open(name: str) -> None:
    found = read(RollbackCluster(), name)
    assert look(name, found) == "none is open"
    assert found.past == ()


def test_an_open_release_that_nobody_is_at_is_not_in_order() -> None:
    cluster = RollbackCluster()
    ClusterJournal(cluster, RELEASE).write(release("v3"))
    with pytest.raises(Refused, match=r"at step smoke; nobody is at it.*--resume"):
        look("release", read(cluster, "release"))


def test_one_that_somebody_is_at_is_told_with_who() -> None:
    cluster = RollbackCluster()
    ClusterJournal(cluster, RELEASE).write(release("v3"))
    Lease(cluster, "release", "ann's laptop", 60).tick()
    assert "at it: ann's laptop since" in look("release", read(cluster, "release"))


def test_a_shift_that_nobody_is_at_names_its_own_way_on() -> None:
    cluster = RollbackCluster()
    shift = Shift(
        id="s", target=BLUE, version="v1", switch_seconds=1, started="2026-01-01", by="ann"
    )
    ClusterJournal(cluster, SHIFT).write(shift)
    with pytest.raises(Refused, match=r"scripts/canary\.py --abort"):
        look("shift", read(cluster, "shift"))


def test_a_rotation_that_waits_for_sessions_to_end_is_in_order_and_a_half_done_one_is_not() -> None:
    cluster = RollbackCluster()
    journal = ClusterJournal(cluster, JWT_SECRET)
    begun = JwtRotation(id="j", by="ann", started="2026-01-01", step="accepted")
    journal.write(begun)
    with pytest.raises(Refused, match=r"nobody is at it.*rotate_jwt_secret\.py --status"):
        look("jwt secret", read(cluster, "jwt secret"))
    journal.write(begun.updated(step="switched"))
    assert "done up to `switched`" in look("jwt secret", read(cluster, "jwt secret"))


def test_a_declared_incident_is_not_in_order_until_it_is_resolved() -> None:
    cluster = RollbackCluster()
    journal = ClusterJournal(cluster, INCIDENT)
    note = Note(at="2026-01-01T10:00:00Z", by="ann", text="login fails")
    incident = Incident(nature=Nature.OUTAGE, notes=(note,))
    journal.write(incident)
    with pytest.raises(Refused, match=r"login fails.*incident\.py resolve"):
        look("incident", read(cluster, "incident"))
    journal.close(incident.model_copy(update={"ended": "2026-01-01T11:00:00Z"}))
    (past,) = read(cluster, "incident").past
    assert (past.what, past.by, past.outcome) == ("outage: login fails", "ann", "resolved")


def test_a_journal_that_can_not_be_read_is_unknown_and_the_others_are_told() -> None:
    world = StatusWorld()
    world.cluster.put("ConfigMap", ROLLBACK.name, {"metadata": {}, "data": {"open": "nonsense"}})
    ended(world.cluster, RELEASE, release("v2", outcome="done", finished="2026-01-01T11:00:00Z"))
    status = world.status()
    assert set(told(status)) == {"rollback"}
    assert status.verdict == "unknown"
    assert [each.what for each in status.past] == ["release v2 to blue"]


def test_the_newest_of_all_journals_come_first_and_the_oldest_are_left_out() -> None:
    world = StatusWorld()
    for hour in range(10, 10 + LAST):
        at = f"2026-01-01T{hour}:00:00+00:00"
        ended(world.cluster, RELEASE, release(f"v{hour}", outcome="done", finished=at))
    shift = Shift(
        id="s",
        target=BLUE,
        version="v1",
        switch_seconds=1,
        started="2026-01-01T12:10:00+00:00",
        by="bob",
        outcome="went back",
        finished="2026-01-01T12:30:00+00:00",
    )
    ended(world.cluster, SHIFT, shift)
    found = [(each.what, each.by, each.outcome) for each in world.status().past]
    assert found == [
        ("release v14 to blue", "ann", "done"),
        ("release v13 to blue", "ann", "done"),
        ("switch to blue v1", "bob", "went back"),
        ("release v12 to blue", "ann", "done"),
        ("release v11 to blue", "ann", "done"),
    ]


def test_an_api_server_that_is_gone_is_no_empty_journal() -> None:
    class Gone(RollbackCluster):
        def get(self, kind: str, name: str) -> Any:
            raise CouldNotFindOut("the API server is down")

    with pytest.raises(CouldNotFindOut):
        read(Gone(), "release")
