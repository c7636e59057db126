"""Closing a release: two hours well in all, looked through, and none of it lost by a kill."""

from __future__ import annotations

from typing import Any

import pytest

from ops import checklist
from ops.checklist import Line
from ops.closing import procedure
from ops.closing.entry import CLOSED, OVERTAKEN
from ops.errors import CouldNotFindOut, Refused
from ops.journal import TakenOver
from ops.vitals.row import Row
from tests.killed import Killed, Places
from tests.unit.closing_world import EVERY, WELL, ClosingWorld

HOURS = 2 * 3600.0


@pytest.fixture
def world() -> ClosingWorld:
    return ClosingWorld()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


def lines(world: ClosingWorld) -> dict[str, Line]:
    return {line.name: line for line in procedure.look(world.tools(), "v2")}


def close(world: ClosingWorld) -> None:
    found = procedure.look(world.tools(), "v2")
    procedure.close(world.tools(), "v2", checklist.accepted(found, {}))


def test_two_hours_that_were_well_make_the_line_good_and_the_release_can_be_closed(
    world: ClosingWorld,
) -> None:
    assert lines(world)["watched"].verdict == "unknown"
    entry = procedure.watched(world.tools(), "v2", HOURS)
    assert entry.looks == HOURS / EVERY + 1
    assert {line.verdict for line in lines(world).values()} == {"good"}
    close(world)
    assert world.open is None
    assert world.journal.history()[-1].outcome == CLOSED
    assert world.kinds == ["release"]
    assert procedure.closed_before(world.tools(), "v2") is not None


def test_killed_anywhere_it_goes_on_and_no_second_is_counted_twice_or_lost(
    world: ClosingWorld, places: Places
) -> None:
    for place in ("closing.begun", "closing.looked", "closing.looked"):
        places.armed = place
        with pytest.raises(Killed):
            procedure.watched(world.tools(), "v2", HOURS)
    killed_after = 1200.0
    world.at[world.seconds + killed_after] = lambda: setattr(places, "armed", "closing.looked")
    with pytest.raises(Killed):
        procedure.watched(world.tools(), "v2", HOURS)
    assert world.open is not None
    assert world.open.watched_seconds == killed_after
    world.seconds += 3600
    begun = world.seconds
    procedure.watched(world.tools(), "v2", HOURS)
    assert world.seconds - begun == HOURS - killed_after
    places.armed = "closing.closed"
    with pytest.raises(Killed):
        close(world)
    assert procedure.closed_before(world.tools(), "v2") is not None


def test_hours_in_which_the_machine_slept_are_not_watched(world: ClosingWorld) -> None:
    world.at[60] = lambda: setattr(world, "seconds", world.seconds + 3600)
    procedure.watched(world.tools(), "v2", HOURS)
    assert world.seconds >= HOURS + 3600 - 2 * EVERY


def test_a_quantity_beyond_normal_is_counted_and_does_not_end_it(world: ClosingWorld) -> None:
    world.errors_percent = 0.5
    world.at[30] = lambda: setattr(world, "errors_percent", 0.0)
    entry = procedure.watched(world.tools(), "v2", HOURS)
    assert entry.unusual == {"Error rate of green": 2}
    assert "beyond its normal range: Error rate of green in 2" in lines(world)["watched"].detail


def test_a_version_that_fails_ends_it_pages_and_leaves_traffic(world: ClosingWorld) -> None:
    world.at[600] = lambda: setattr(world, "errors_percent", 5.0)
    with pytest.raises(Refused, match="Error rate of green: 5 %") as raised:
        procedure.watched(world.tools(), "v2", HOURS)
    assert "emergency_rollback.py" in str(raised.value)
    assert world.kinds == ["page"]
    assert world.open is not None
    assert world.open.watched_seconds == 600 - EVERY


def test_an_api_server_that_gives_no_answer_keeps_no_page_from_going_out(
    world: ClosingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise CouldNotFindOut("the API server does not answer")

    world.at[600] = lambda: monkeypatch.setattr(world.cluster, "patch", gone)
    with pytest.raises(CouldNotFindOut, match="the API server does not answer"):
        procedure.watched(world.tools(), "v2", HOURS)
    assert world.kinds == ["page"]
    assert "could not be written" in world.said[-1]


def test_one_bad_look_is_not_confirmed_and_not_counted_as_watched(world: ClosingWorld) -> None:
    world.at[600] = lambda: setattr(world, "errors_percent", 5.0)
    world.at[610] = lambda: setattr(world, "errors_percent", 0.0)
    procedure.watched(world.tools(), "v2", HOURS)
    assert world.kinds == []
    assert world.seconds > HOURS


@pytest.mark.parametrize(
    "gone",
    [
        {"reading": None},
        {"more_rows": [Row("Alerts", "both", "no data", "", "", "unknown", "no answer")]},
    ],
)
def test_no_data_ends_it_with_a_page_and_is_never_taken_for_well(
    world: ClosingWorld, gone: dict[str, Any]
) -> None:
    world.at[600] = lambda: vars(world).update(gone)
    with pytest.raises(CouldNotFindOut):
        procedure.watched(world.tools(), "v2", HOURS)
    assert world.kinds == ["page"]
    assert world.seconds < 900


def test_too_few_requests_are_not_watched_time_and_page_nobody(world: ClosingWorld) -> None:
    world.at[3600] = world.few
    with pytest.raises(CouldNotFindOut, match=r"for 0:59:45 h of 2:00:00 h"):
        procedure.watched(world.tools(), "v2", HOURS)
    assert world.kinds == []
    world.reading = WELL
    assert procedure.watched(world.tools(), "v2", HOURS).watched_seconds == HOURS


def test_traffic_that_somebody_moved_ends_it(world: ClosingWorld) -> None:
    world.at[600] = lambda: setattr(world, "astray", "a rollback stands")
    with pytest.raises(Refused, match="a rollback stands"):
        procedure.watched(world.tools(), "v2", HOURS)
    assert lines(world)["serves"].verdict == "bad"


def test_a_second_watcher_ends_the_first(world: ClosingWorld) -> None:
    def second() -> None:
        other = world.tools()
        found = other.journal.read()
        assert found is not None
        other.journal.write(found.updated(by="another"))

    world.at[600] = second
    with pytest.raises(TakenOver):
        procedure.watched(world.tools(), "v2", HOURS)


def test_the_same_version_released_once_more_is_watched_anew(world: ClosingWorld) -> None:
    procedure.watched(world.tools(), "v2", HOURS)
    world.since = "2026-01-02T12:00:00Z"
    assert lines(world)["watched"].verdict == "unknown"
    procedure.watched(world.tools(), "v2", HOURS)
    assert world.journal.history()[-1].outcome == OVERTAKEN
    close(world)
    world.since = "2026-01-03T12:00:00Z"
    assert procedure.closed_before(world.tools(), "v2") is None


def test_after_a_page_the_closing_ends_that_incident(world: ClosingWorld) -> None:
    world.reading = None
    with pytest.raises(CouldNotFindOut):
        procedure.watched(world.tools(), "v2", HOURS)
    world.reading = WELL
    procedure.watched(world.tools(), "v2", HOURS)
    close(world)
    assert world.kinds == ["page", "resolved"]
    assert len({event.dedup for event in world.events}) == 1


@pytest.mark.parametrize(
    ("change", "name", "verdict"),
    [
        ({"errors_percent": 0.11}, "errors", "bad"),
        ({"errors_percent": None}, "errors", "unknown"),
        ({"smoked": [Line("login", "bad", "no token")]}, "smoke", "bad"),
        ({"smoked": [Line("login", "unknown", "no answer")]}, "smoke", "unknown"),
        ({"astray": "green has 90 %"}, "serves", "bad"),
        ({"more_rows": []}, "alerts", "unknown"),
        ({"more_rows": [Row("DiskLow", "both", "fires", "", "", "bad")]}, "alerts", "bad"),
        ({"more_rows": [Row("CPU", "x", "no data", "", "", "unknown")]}, "metrics", "unknown"),
        ({"reading": None}, "latency", "unknown"),
        ({"reading": None}, "alerts", "unknown"),
    ],
)
def test_each_line_of_the_checklist_for_afterwards_is_judged(
    world: ClosingWorld, change: dict[str, Any], name: str, verdict: str
) -> None:
    procedure.watched(world.tools(), "v2", HOURS)
    vars(world).update(change)
    assert lines(world)[name].verdict == verdict
    with pytest.raises((Refused, CouldNotFindOut)):
        close(world)
    assert world.open is not None


def test_what_sentry_can_not_say_keeps_the_release_open(world: ClosingWorld) -> None:
    def away() -> str:
        raise CouldNotFindOut("no Sentry is configured")

    procedure.watched(world.tools(), "v2", HOURS)
    world.reported = away
    with pytest.raises(CouldNotFindOut, match="sentry: no Sentry is configured"):
        close(world)
