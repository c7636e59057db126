"""A run that slept while another one took over and ended everything does nothing more.

Its lease is no help: it looks held again once the other one gave it back.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ops import failpoint
from ops.color import Color
from ops.errors import CouldNotFindOut
from ops.journal import ClusterJournal, Kept, TakenOver
from ops.release import procedure as releasing
from ops.release.beginning import Wish
from ops.release.entry import KEPT as RELEASE
from ops.release.entry import Release
from ops.release_rollback.entry import KEPT as UNDOING
from ops.restore import aborting
from ops.restore.journal import KEPT_AS as RESTORE
from ops.restore.journal import Entry, Step, in_cluster
from ops.rotation import db_password, jwt_secret
from ops.rotation.db_world import KEPT as PASSWORD
from ops.rotation.jwt_world import KEPT as JWT
from ops.shift import procedure as shifting
from ops.shift.beginning import Wish as Shifting
from ops.shift.entry import KEPT as SHIFT
from tests.killed import Killed, Places
from tests.unit.release_world import GREEN, SHORT, ReleaseWorld
from tests.unit.rollback_release_world import released
from tests.unit.rotation_world import HOUR, DatabaseWorld, JwtWorld
from tests.unit.shift_world import BAD, World
from tests.unit.versioned import Versioned

SWITCH = Shifting(GREEN, switch_seconds=300)


def end(cluster: Versioned, kept: Kept[Any]) -> None:
    """What another run does: it finishes what is open."""
    journal = ClusterJournal(cluster, kept)
    found = journal.read()
    if found is not None:
        journal.close(found.updated(outcome="done"))


def at(place: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do it when the run comes to that place."""
    monkeypatch.setattr(failpoint, "reach", lambda name: act() if name == place else None)


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_an_abort_does_no_part_more(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = ReleaseWorld()
    Places(monkeypatch).armed = "release.decommission.done"
    with pytest.raises(Killed):
        releasing.run(world.release_tools(), Wish("v2", SHORT))
    parts = 0
    done: list[Any] = []

    def state() -> list[Any]:
        return [len(world.writes), len(world.acts), set(world.silence_of)]

    def alive() -> None:
        nonlocal parts
        parts += 1
        if parts == part:
            end(world.cluster, RELEASE)
            done.extend(state())

    world.on_alive = alive
    with pytest.raises(TakenOver):
        releasing.abort(world.release_tools())
    assert (parts, state()) == (part, done)


def test_a_release_that_watched_sends_nothing_back() -> None:
    world = ReleaseWorld()

    def meanwhile() -> None:
        if len(world.watched) == 2:
            world.verdicts = [BAD]
            end(world.cluster, RELEASE)

    world.meanwhile = meanwhile
    with pytest.raises(TakenOver):
        releasing.run(world.release_tools(), Wish("v2", SHORT))
    assert world.weights[GREEN] == 100
    assert world.open is None


def test_a_way_back_whose_up_failed_takes_no_traffic_without_pulumi() -> None:
    world = World()
    world.verdicts = [BAD]

    def hang() -> None:
        if world.watched:
            end(world.cluster, SHIFT)
            raise CouldNotFindOut("pulumi gave no answer")

    world.in_up = hang
    with pytest.raises(TakenOver):
        shifting.run(world.tools(), SWITCH)
    assert world.emergencies == []


@pytest.mark.parametrize("trouble", [None, CouldNotFindOut("pulumi gave no answer")])
def test_a_rollback_moves_no_traffic_after_its_up(trouble: Exception | None) -> None:
    world = released()

    def other() -> None:
        end(world.cluster, UNDOING)
        if trouble is not None:
            raise trouble

    world.in_up = other
    with pytest.raises(TakenOver):
        world.undo()
    assert world.weights[GREEN] == 100
    assert "past-pulumi" not in world.acts


def test_a_rollback_leaves_a_release_alone_that_began_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = released()
    last = world.ended

    def other() -> None:
        end(world.cluster, UNDOING)
        begun = Release(**last.model_dump() | {"id": "next", "version": "v3", "outcome": ""})
        world.release_tools().journal.write(begun)

    at("release-rollback.release.begun", other, monkeypatch)
    with pytest.raises(TakenOver):
        world.undo()
    assert world.release
    assert not world.release.aborting


@pytest.mark.parametrize(("place", "ups"), [("rotation.abort.configured", 0), ("stack.up.done", 1)])
def test_a_rotation_that_goes_back_deploys_nothing_and_closes_no_login_more(
    place: str, ups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = DatabaseWorld()
    Places(monkeypatch).armed = "rotation.made.done"
    with pytest.raises(Killed):
        db_password.run(world.world())
    at(place, lambda: end(world.cluster, PASSWORD), monkeypatch)
    with pytest.raises(TakenOver):
        db_password.abort(world.world())
    assert world.ups == ups
    assert world.roles["legal_ai_a"]


def test_a_rotation_that_is_finished_elsewhere_loses_no_secret_here() -> None:
    world = JwtWorld()
    jwt_secret.run(world.world())
    world.clock += 9 * HOUR
    before = world.config()
    begin = world.begin

    def other(color: Color) -> str:
        end(world.cluster, JWT)
        return begin(color)

    world.begin = other  # type: ignore[method-assign]
    with pytest.raises(TakenOver):
        jwt_secret.finish(world.world())
    assert (world.config(), world.ups) == (before, 2)


def test_a_restore_that_was_aborted_elsewhere_opens_no_writes_here() -> None:
    cluster = Versioned()
    entry = Entry(
        id="r1",
        requested="latest",
        source="20251014T010000Z",
        is_moment=True,
        at="2025-10-14T01:00:00Z",
        target="legal_ai_g2",
        old="legal_ai",
        started="2025-10-14T02:00:00Z",
        by="somebody@here",
        old_is_lost=True,
        doing=Step.RESTORED,
    )
    opened: list[str] = []

    def discard(*_: object) -> str:
        end(cluster, RESTORE)
        return "legal_ai_g2 is gone"

    tools = SimpleNamespace(
        journal=in_cluster(cluster),
        place=SimpleNamespace(discard=discard),
        redis=SimpleNamespace(open_writes=lambda: opened.append("writes")),
        say=print,
    )
    tools.journal.write(entry)
    with pytest.raises(TakenOver):
        aborting.abort(cast(Any, tools), entry, "it was asked for")
    assert opened == []
