"""An API server that fails in bursts: each question is answered in the end, each act done once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from ops import clock, config_map
from ops.cluster import Cluster, Conflict
from ops.errors import CouldNotFindOut
from ops.journal import ClusterJournal, JournalEntry, Kept, TakenOver
from ops.lease import Lease
from tests.integration.faulty_api import QUICK, Fault, FaultyApi, faulty_api, namespace

HOPELESS: Final = (Fault.ERROR, Fault.CONFLICT, Fault.GATEWAY, Fault.SILENT)


class Entry(JournalEntry):
    """What the journal of the test keeps."""

    step: int


KEPT: Final = Kept("faulty-journal", Entry, "the test")


@pytest.fixture(scope="module", autouse=True)
def place() -> Iterator[str]:
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG is needed: make up, then source .local/env")
    with namespace() as name:
        yield name


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    with faulty_api() as running:
        yield running


@pytest.fixture
def direct(place: str) -> Cluster:
    return Cluster.connect(place, field_manager="test")


def config_map_of(name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"of": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_each_verb_does_its_work_once_whatever_happens_to_its_first_try(
    api: FaultyApi, direct: Cluster, place: str, fault: Fault
) -> None:
    api.each = (fault,)
    name = f"verbs-{fault.name.lower().replace('_', '-')}"
    cluster = api.cluster(place)
    made = cluster.create(config_map_of(name, key="made"))
    first = {"resourceVersion": made["metadata"]["resourceVersion"]}
    bound = cluster.patch("ConfigMap", name, {"metadata": first, "data": {"key": "bound"}})
    with pytest.raises(Conflict):
        cluster.patch("ConfigMap", name, {"metadata": first, "data": {"key": "late"}})
    assert cluster.get("ConfigMap", name) == bound == direct.get("ConfigMap", name)
    cluster.patch("ConfigMap", name, {"data": {"key": None, "other": "free"}})
    assert [each["data"] for each in cluster.list("ConfigMap", {"of": name})] == [{"other": "free"}]
    cluster.put_config_map(name, {"other": "whole"})
    assert (direct.get("ConfigMap", name) or {})["data"] == {"other": "whole"}
    with pytest.raises(Conflict):
        cluster.create(config_map_of(name, key="another"))
    cluster.delete("ConfigMap", name)
    assert cluster.get("ConfigMap", name) is None


def test_what_somebody_else_made_meanwhile_is_not_taken_for_ones_own(
    api: FaultyApi, direct: Cluster, place: str
) -> None:
    before = direct.create(config_map_of("shared", key="first"))
    version = {"resourceVersion": before["metadata"]["resourceVersion"]}
    direct.patch("ConfigMap", "shared", {"data": {"key": "theirs"}})
    api.faults.extend([Fault.CLOSED])
    with pytest.raises(Conflict):
        api.cluster(place).patch(
            "ConfigMap", "shared", {"metadata": version, "data": {"key": "ours"}}
        )
    api.faults.extend([Fault.CLOSED])
    with pytest.raises(Conflict):
        api.cluster(place).create(config_map_of("shared", key="ours"))
    assert (direct.get("ConfigMap", "shared") or {})["data"] == {"key": "theirs"}


def test_what_was_deleted_meanwhile_is_a_conflict_where_a_version_was_named(
    direct: Cluster,
) -> None:
    with pytest.raises(Conflict, match="deleted"):
        direct.patch("ConfigMap", "gone", {"metadata": {"resourceVersion": "1"}, "data": {}})
    with pytest.raises(CouldNotFindOut, match="404"):
        direct.patch("ConfigMap", "gone", {"data": {}})
    with pytest.raises(CouldNotFindOut, match="namespace"):
        Cluster.connect("no-such-namespace").put_config_map("any", {})


@pytest.mark.parametrize("fault", HOPELESS, ids=lambda fault: fault.name)
def test_a_server_that_does_not_recover_is_given_up_and_nothing_was_done(
    api: FaultyApi, direct: Cluster, place: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.api_server.RETRY_SECONDS", 0.5)
    before = direct.create(config_map_of(f"kept-{fault.name.lower()}", key="kept"))
    name, version = before["metadata"]["name"], before["metadata"]["resourceVersion"]
    api.faults.extend([fault] * 1000)
    with pytest.raises(CouldNotFindOut, match=f"ConfigMap {name}"):
        api.cluster(place).patch(
            "ConfigMap", name, {"metadata": {"resourceVersion": version}, "data": {"key": "new"}}
        )
    assert 1 < api.asked < 100
    assert direct.get("ConfigMap", name) == before


def test_a_journal_gets_through_and_is_not_mistaken_for_somebody_elses(
    api: FaultyApi, direct: Cluster, place: str
) -> None:
    api.each = QUICK
    journal = ClusterJournal(api.cluster(place), KEPT)
    assert journal.read() is None
    for step in range(len(QUICK)):
        journal.write(Entry(step=step))
    theirs = ClusterJournal(direct, KEPT)
    assert theirs.read() == Entry(step=len(QUICK) - 1)
    journal.close(Entry(step=99))
    assert (theirs.read(), theirs.history()) == (None, [Entry(step=99)])
    theirs.write(Entry(step=100))
    with pytest.raises(TakenOver):
        journal.write(Entry(step=101))


def test_of_two_that_count_in_one_config_map_no_count_is_lost(
    api: FaultyApi, direct: Cluster, place: str
) -> None:
    api.each = tuple(fault for fault in Fault if not fault.is_done)

    def one_more(data: Any) -> dict[str, str]:
        return {"count": str(int((data or {}).get("count", "0")) + 1)}

    for _ in range(len(QUICK)):
        config_map.change(api.cluster(place), "counted", one_more)
        config_map.change(direct, "counted", one_more)
    assert (direct.get("ConfigMap", "counted") or {})["data"] == {"count": str(2 * len(QUICK))}


@pytest.mark.parametrize("off", [timedelta(hours=1), -timedelta(hours=1)])
def test_the_time_is_the_api_servers_whatever_this_machine_believes(
    api: FaultyApi, place: str, off: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.each = QUICK
    monkeypatch.setattr(clock, "own", lambda: datetime.now(UTC) + off)
    told = api.cluster(place).server_now()
    assert abs(told - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_lease_is_held_by_one_though_answers_get_lost(
    api: FaultyApi, direct: Cluster, place: str
) -> None:
    api.each = QUICK
    ours = Lease(api.cluster(place), "faulty", "ours", 60)
    theirs = Lease(direct, "faulty", "theirs", 60)
    for _ in range(len(QUICK)):
        assert ours.tick()
        assert not theirs.tick()
    ours.release()
    assert theirs.tick()
    assert not ours.tick()
