"""A new database password in memory: in its order, refused, aborted, and killed anywhere."""

from __future__ import annotations

import pytest

from ops.database import Address
from ops.errors import Refused, UsageError
from ops.rotation import db_password
from ops.rotation.db_world import DatabaseRotation
from tests.killed import Killed, Places
from tests.unit.rotation_world import ADMIN_URL, OLD_URL, DatabaseWorld, RdsWorld


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.logins.leaving.POLL_SECONDS", 0.0)


def run(world: DatabaseWorld) -> DatabaseRotation:
    return db_password.run(world.world())


def is_rotated(world: DatabaseWorld, login: str, old: str) -> None:
    assert world.user == login
    assert world.enters(world.address(world.deployed))
    assert world.roles[old] is None
    assert world.world().tools.journal.read() is None
    assert world.deployed == world.config()


def test_the_application_gets_another_login_and_the_old_one_is_closed() -> None:
    world = DatabaseWorld()
    entry = run(world)
    is_rotated(world, "legal_ai_a", "legal_ai")
    assert (entry.old, entry.new, entry.owner, entry.outcome) == (
        "legal_ai",
        "legal_ai_a",
        "legal_ai",
        "done",
    )
    assert world.config_data["legal-ai:serial"] == "5"


def test_two_logins_take_turns_and_the_owner_is_never_logged_in_as_again() -> None:
    world = DatabaseWorld()
    used = [run(world).new for _ in range(4)]
    assert used == ["legal_ai_a", "legal_ai_b", "legal_ai_a", "legal_ai_b"]
    assert world.roles["legal_ai"] is None
    assert set(world.owner_of.values()) == {"legal_ai"}


def test_each_turn_has_a_password_of_its_own_which_no_journal_and_no_message_has() -> None:
    world, passwords = DatabaseWorld(), set()
    for _ in range(3):
        run(world)
        passwords.add(Address.parse(world.deployed["legal-ai:database"]["url"]).password)
    assert len(passwords) == 3
    for password in passwords:
        assert len(password) >= 32
        assert password not in world.journals + "".join(world.said)


def test_the_rest_of_the_address_stays_as_it_is() -> None:
    world = DatabaseWorld()
    run(world)
    now = Address.parse(world.deployed["legal-ai:database"]["url"])
    before = Address.parse(OLD_URL)
    assert (now.host, now.port, now.database, now.parameters) == (
        before.host,
        before.port,
        before.database,
        before.parameters,
    )
    assert world.deployed["legal-ai:database"]["adminUrl"] == ADMIN_URL


def test_killed_anywhere_the_same_command_finishes_it(places: Places) -> None:
    run(DatabaseWorld())
    found, places.reached = list(dict.fromkeys(places.reached)), []
    assert {"rotation.made.role", "stack.up.begun", "rotation.closed.role"} <= set(found)
    for place in found:
        world = DatabaseWorld()
        places.armed = place
        with pytest.raises(Killed):
            run(world)
        entry = run(world)
        is_rotated(world, "legal_ai_a", "legal_ai")
        assert entry.new == "legal_ai_a", place


def test_a_bare_up_by_somebody_else_after_a_kill_keeps_the_password_that_it_deployed(
    places: Places,
) -> None:
    run(DatabaseWorld())
    found, places.reached = list(dict.fromkeys(places.reached)), []
    for place in found:
        world = DatabaseWorld()
        places.armed = place
        with pytest.raises(Killed):
            run(world)
        world.up(world.said.append)
        run(world)
        is_rotated(world, "legal_ai_a", "legal_ai")


def test_killed_anywhere_and_aborted_the_old_login_is_the_one_or_the_new_one_is_finished(
    places: Places,
) -> None:
    run(DatabaseWorld())
    found, places.reached = list(dict.fromkeys(places.reached)), []
    aborted = 0
    for place in found:
        world = DatabaseWorld()
        places.armed = place
        with pytest.raises(Killed):
            run(world)
        try:
            db_password.abort(world.world())
        except Refused:
            run(world)
            is_rotated(world, "legal_ai_a", "legal_ai")
        else:
            aborted += 1
            assert world.user == "legal_ai", place
            assert world.roles.get("legal_ai_a") is None, place
            assert world.roles["legal_ai"] == "old-password", place
            assert world.deployed == world.config(), place
    assert aborted > 5


def test_an_abort_that_was_killed_is_finished_by_the_same_command(places: Places) -> None:
    for place in ("stack.set.plain", "stack.set.database.url", "stack.up.begun", "stack.up.done"):
        world = DatabaseWorld()
        places.armed = "rotation.made.done"
        with pytest.raises(Killed):
            run(world)
        places.armed = place
        with pytest.raises(Killed):
            db_password.abort(world.world())
        db_password.abort(world.world())
        assert world.user == "legal_ai", place
        assert world.roles["legal_ai_a"] is None, place


def test_who_else_logs_in_so_is_named_and_the_old_login_stays_open_until_they_are_gone() -> None:
    world = DatabaseWorld()
    world.strangers["legal_ai"] = 1
    with pytest.raises(Refused, match="legal_ai is still used after 0 s: pod 0"):
        db_password.run(world.world(leave_seconds=0.0))
    assert world.roles["legal_ai"] == "old-password"
    world.strangers.clear()
    assert run(world).outcome == "done"


def test_at_once_ends_their_sessions_also_where_it_was_begun_without() -> None:
    world = DatabaseWorld()
    world.strangers["legal_ai"] = 1
    with pytest.raises(Refused):
        db_password.run(world.world(leave_seconds=0.0))
    world.may_cut = True
    db_password.run(world.world(), at_once=True)
    is_rotated(world, "legal_ai_a", "legal_ai")
    assert world.sessions("legal_ai") == []


def test_a_login_that_can_not_write_never_gets_into_the_configuration() -> None:
    world = DatabaseWorld()
    world.broken_writes = True
    with pytest.raises(Refused, match="stopped at `made` and stays open"):
        run(world)
    assert world.config_data["legal-ai:database"]["url"] == OLD_URL
    assert world.ups == 0


def test_pods_that_are_not_ready_stop_it_with_the_old_login_open() -> None:
    world = DatabaseWorld()
    world.waiting = ["backend-green: 0 of 2 replicas are ready"]
    with pytest.raises(Refused, match="backend-green: 0 of 2"):
        run(world)
    assert world.roles["legal_ai"] == "old-password"
    world.waiting = []
    run(world)
    is_rotated(world, "legal_ai_a", "legal_ai")


def test_nothing_is_begun_or_gone_on_with_while_an_up_would_do_more() -> None:
    world = DatabaseWorld()
    world.obstacles = ["a release is open"]
    with pytest.raises(Refused, match="a release is open"):
        run(world)
    assert set(world.roles) == {"legal_ai"}
    assert world.cluster.objects == {}


def test_a_stack_file_that_was_put_back_meanwhile_is_not_deployed(places: Places) -> None:
    world = DatabaseWorld()
    places.armed = "rotation.made.done"
    with pytest.raises(Killed):
        run(world)
    world.config_data["legal-ai:database"]["url"] = OLD_URL
    with pytest.raises(Refused, match="does not log in as legal_ai_a"):
        run(world)
    assert world.roles["legal_ai"] == "old-password"


def test_a_role_that_also_administers_is_refused_with_what_to_set() -> None:
    world = DatabaseWorld()
    for config in (world.config_data, world.deployed):
        config["legal-ai:database"]["adminUrl"] = OLD_URL
    with pytest.raises(Refused, match=r"legal-ai:database\.adminUrl"):
        run(world)
    assert world.cluster.objects == {}


def test_a_dry_run_says_each_step_and_changes_nothing() -> None:
    world = DatabaseWorld()
    told = db_password.would(world.world())
    assert told[0].startswith("make legal_ai_a, which acts as legal_ai")
    assert told[-1] == "close legal_ai"
    assert (world.ups, world.cluster.objects, set(world.roles)) == (0, {}, {"legal_ai"})


def test_there_is_nothing_to_abort_where_nothing_is_open() -> None:
    with pytest.raises(UsageError, match="none is open"):
        db_password.abort(DatabaseWorld().world())


def test_an_instance_keeps_its_address_and_its_administrator_gets_another_password(
    places: Places,
) -> None:
    run(RdsWorld())
    found, places.reached = ["nowhere", *dict.fromkeys(places.reached)], []
    assert "rotation.closed.configured" in found
    for place in found:
        world = RdsWorld()
        places.armed = place
        try:
            run(world)
        except Killed:
            run(world)
        assert world.user == "boss_a", place
        assert world.roles["boss"] == "drawn-2", place
        assert world.enters(world.facts().administrator), place
        assert "url" not in world.config_data["legal-ai:database"], place


def test_the_administrators_password_is_drawn_once_and_later_turns_close_the_other_login() -> None:
    world = RdsWorld()
    assert [run(world).new for _ in range(3)] == ["boss_a", "boss_b", "boss_a"]
    assert world.config_data["legal-ai:database"]["adminPassword"] == "2"
    assert world.roles["boss_b"] is None


def test_in_isolation_the_route_which_has_the_serial_is_not_written() -> None:
    world = DatabaseWorld()
    world.isolation = "the namespace is isolated: keys stolen"
    run(world)
    is_rotated(world, "legal_ai_a", "legal_ai")
    assert world.config_data["legal-ai:serial"] == 4


def test_at_once_an_instances_administrator_is_left_without_a_session_of_before() -> None:
    world = RdsWorld()
    world.strangers["boss"] = 2
    db_password.run(world.world(), at_once=True)
    assert (world.roles["boss"], world.sessions("boss")) == ("drawn-2", [])


def test_a_closed_login_is_never_gone_back_to_by_an_old_stack_file(places: Places) -> None:
    for place in ("rotation.closed.role", "rotation.closed.done"):
        world = DatabaseWorld()
        places.armed = place
        with pytest.raises(Killed):
            run(world)
        world.config_data["legal-ai:database"]["url"] = OLD_URL
        with pytest.raises(Refused):
            db_password.abort(world.world())
        assert world.user == "legal_ai_a", place
