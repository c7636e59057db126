"""A new JWT secret in memory: no session is cut off, or all are; killed anywhere."""

from __future__ import annotations

import time
from uuid import uuid4

import jwt
import pytest

from ops.color import Color
from ops.errors import Refused, UsageError
from ops.rotation import jwt_secret, tokens
from sample_app.backend.legal_ai.auth import make_token, read_token
from sample_app.backend.legal_ai.settings import Settings, read_settings
from tests.killed import Killed, Places
from tests.unit.rotation_world import BLUE, GREEN, HOUR, OLD_JWT, JwtWorld, token

PREVIOUS, NEXT = "JWT_SECRET_PREVIOUS", "JWT_SECRET_NEXT"


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(monkeypatch)


def every_place(places: Places) -> list[str]:
    jwt_secret.run(JwtWorld().world())
    found, places.reached = list(dict.fromkeys(places.reached)), []
    return found


def killed_at(place: str, places: Places, world: JwtWorld, *, at_once: bool = False) -> None:
    places.armed = place
    with pytest.raises(Killed):
        jwt_secret.run(world.world(), at_once=at_once)


def is_switched(world: JwtWorld) -> None:
    new = world.secret()
    assert new != OLD_JWT
    assert len(new.encode()) >= 32
    for color in (BLUE, GREEN):
        for secret in (OLD_JWT, new):
            assert world.accepts(color, token(secret, world.clock)), color


def is_alone(world: JwtWorld) -> None:
    assert world.secret() != OLD_JWT
    assert (world.secret(NEXT), world.secret(PREVIOUS)) == ("", "")
    assert not world.accepts(BLUE, token(OLD_JWT, world.clock))
    assert world.world().tools.journal.read() is None
    assert world.deployed == world.config()


def test_every_pod_accepts_the_new_secret_before_any_signs_with_it_and_the_old_one_after() -> None:
    world = JwtWorld()
    entry = jwt_secret.run(world.world())
    is_switched(world)
    assert (world.ups, entry.outcome, entry.seconds) == (2, "", 8 * HOUR)


def test_the_old_secret_goes_when_its_last_session_has_by_the_applications_own_clock() -> None:
    world = JwtWorld()
    jwt_secret.run(world.world())
    world.clock += 8 * HOUR - 60
    with pytest.raises(Refused, match="good for 1 min more"):
        jwt_secret.finish(world.world())
    is_switched(world)
    world.clock += 60
    assert jwt_secret.finish(world.world()).outcome == "done"
    is_alone(world)


def test_the_same_command_again_tells_the_state_and_changes_nothing() -> None:
    world = JwtWorld()
    jwt_secret.run(world.world())
    there = world.config()
    jwt_secret.run(world.world())
    assert (world.config(), world.ups) == (there, 2)


def test_killed_anywhere_the_same_command_ends_it_and_no_session_is_cut_off(
    places: Places,
) -> None:
    found = every_place(places)
    assert {"rotation.accepted.drawn", "rotation.switched.kept", "stack.up.done"} <= set(found)
    for place in found:
        world = JwtWorld()
        killed_at(place, places, world)
        jwt_secret.run(world.world())
        is_switched(world)
        world.clock += 8 * HOUR
        jwt_secret.finish(world.world())
        is_alone(world)


def test_a_bare_up_by_somebody_else_after_a_kill_cuts_no_session_off_either(
    places: Places,
) -> None:
    for place in every_place(places):
        world = JwtWorld()
        killed_at(place, places, world)
        world.up(world.said.append)
        jwt_secret.run(world.world())
        is_switched(world)


def test_a_finish_that_was_killed_is_finished_by_the_same_command(places: Places) -> None:
    begun = ("stack.set.plain", f"stack.removed.secrets.{PREVIOUS}", "stack.up.begun")
    for place in (*begun, "rotation.finish.configured", "rotation.finish.deployed"):
        world = JwtWorld()
        jwt_secret.run(world.world())
        world.clock += 9 * HOUR
        places.armed = place
        with pytest.raises(Killed):
            jwt_secret.finish(world.world())
        jwt_secret.finish(world.world())
        is_alone(world)


def test_killed_anywhere_an_abort_takes_the_new_secret_back_or_says_that_it_is_too_late(
    places: Places,
) -> None:
    too_late = []
    for place in every_place(places):
        world = JwtWorld()
        killed_at(place, places, world)
        try:
            jwt_secret.abort(world.world())
        except Refused:
            too_late.append(place)
            jwt_secret.run(world.world())
            is_switched(world)
        else:
            assert world.secret() == OLD_JWT, place
            assert world.secret(NEXT) == "", place
    assert "rotation.switched.kept" in too_late
    assert "rotation.begun" not in too_late


def test_at_once_all_sessions_end_and_nothing_else_is_accepted() -> None:
    world = JwtWorld()
    world.may_cut = True
    entry = jwt_secret.run(world.world(), at_once=True)
    assert (entry.outcome, world.ups) == ("done", 1)
    is_alone(world)


def test_at_once_is_finished_when_it_was_killed_anywhere(places: Places) -> None:
    first = JwtWorld()
    first.may_cut = True
    jwt_secret.run(first.world(), at_once=True)
    for place in list(dict.fromkeys(places.reached)):
        world = JwtWorld()
        world.may_cut = True
        killed_at(place, places, world, at_once=True)
        jwt_secret.run(world.world())
        is_alone(world)


def test_at_once_in_the_midst_of_a_gradual_one_draws_anew_since_that_one_may_be_known_too() -> None:
    world = JwtWorld()
    jwt_secret.run(world.world())
    known = {world.secret(), world.secret(NEXT), world.secret(PREVIOUS)}
    world.may_cut = True
    jwt_secret.run(world.world(), at_once=True)
    is_alone(world)
    assert world.secret() not in known


def test_a_release_that_does_not_know_of_a_second_secret_is_named_before_its_sessions_end() -> None:
    world = JwtWorld()
    world.ignorant = {GREEN}
    with pytest.raises(Refused, match="the release in green takes no token of JWT_SECRET_NEXT"):
        jwt_secret.run(world.world())
    assert world.secret() == OLD_JWT
    world.ignorant = set()
    jwt_secret.run(world.world())
    is_switched(world)


def test_in_isolation_all_sessions_can_be_ended_and_none_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody can ask a color whether it takes a session, and the route, with the serial, stays."""
    world = JwtWorld()
    world.isolation, world.may_cut = "the namespace is isolated: keys stolen", True
    with pytest.raises(Refused, match=r"keys stolen.*use --now"):
        jwt_secret.run(world.world())
    assert world.cluster.objects == {}
    monkeypatch.setattr(world, "begin", lambda _color: pytest.fail("nobody answers"))
    jwt_secret.run(world.world(), at_once=True)
    is_alone(world)
    assert world.config_data["legal-ai:serial"] == 4


def test_a_color_without_pods_is_not_asked() -> None:
    world = JwtWorld()
    world.ignorant, world.colors = {GREEN}, [BLUE]
    jwt_secret.run(world.world())
    assert world.accepts(BLUE, token(OLD_JWT, world.clock))


def test_without_any_pod_nothing_is_begun() -> None:
    world = JwtWorld()
    world.colors = []
    with pytest.raises(Refused, match="no color has a pod"):
        jwt_secret.run(world.world())
    assert world.cluster.objects == {}


def test_a_stack_file_without_the_secret_that_was_drawn_is_not_deployed(places: Places) -> None:
    world = JwtWorld()
    killed_at("rotation.accepted.done", places, world)
    del world.config_data["legal-ai:secrets"][NEXT]
    with pytest.raises(Refused, match="get the checkout"):
        jwt_secret.run(world.world())
    assert world.secret() == OLD_JWT


def test_no_secret_is_in_the_journal_or_in_a_message() -> None:
    world = JwtWorld()
    jwt_secret.run(world.world())
    for secret in (OLD_JWT, world.secret()):
        assert secret not in world.journals + "".join(world.said)


def test_there_is_nothing_to_finish_or_abort_where_nothing_is_open() -> None:
    for command in (jwt_secret.finish, jwt_secret.abort):
        with pytest.raises(UsageError, match="none is open"):
            command(JwtWorld().world())


class SampleApp(JwtWorld):
    """The sample application's own log-in and check, with what was deployed as its environment."""

    def begin(self, color: Color) -> str:
        return make_token(uuid4(), self._settings.jwt_secret, time.time())

    def accepts(self, color: Color, token: str) -> bool:
        settings = self._settings
        return read_token(token, settings.jwt_secret, *settings.other_jwt_secrets) is not None

    @property
    def _settings(self) -> Settings:
        addresses = {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://cache"}
        return read_settings({**addresses, **self.deployed["legal-ai:secrets"]})


def test_the_sample_application_is_rotated_and_its_sessions_go_on_or_end() -> None:
    world = SampleApp()
    session = world.begin(BLUE)
    jwt_secret.run(world.world())
    assert world.accepts(GREEN, session)
    world.may_cut = True
    jwt_secret.run(world.world(), at_once=True)
    assert not world.accepts(GREEN, session)


def test_tokens_are_signed_as_the_library_does_that_the_application_uses() -> None:
    made = jwt.encode({"iat": 5, "exp": 9}, OLD_JWT, "HS256")
    assert tokens.is_signed_by(made, OLD_JWT)
    assert not tokens.is_signed_by(made, OLD_JWT + "x")
    assert tokens.times(made) == (5, 9)
    other = tokens.signed_again(made, "another-secret-of-32-bytes-or-more")
    decoded = jwt.decode(
        other,
        "another-secret-of-32-bytes-or-more",
        ["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert decoded == {"iat": 5, "exp": 9}


@pytest.mark.parametrize("given", ["", "opaque", "a.b.c", "e30.e30.x", "W10.e30.x"])
def test_what_is_no_token_of_this_kind_is_refused(given: str) -> None:
    with pytest.raises(Refused):
        tokens.signed_again(given, OLD_JWT)
    with pytest.raises(Refused):
        tokens.times(given)
