"""What `migrate` decides, apart from any database; the rest runs in the end-to-end tests."""

import pytest

from sample_app.backend.legal_ai.migrate import MigrateError, Plan, plan, read_options
from sample_app.backend.legal_ai.passwords import hash_password, verify_password

KNOWN = {"a", "b", "c"}
HEADS = {"c"}


@pytest.mark.parametrize("current", [set(), {"a"}, {"b"}])
def test_a_database_behind_is_upgraded(current: set[str]) -> None:
    assert plan(current, KNOWN, HEADS) is Plan.UPGRADE


def test_a_database_at_the_head_is_left_alone() -> None:
    assert plan({"c"}, KNOWN, HEADS) is Plan.NOTHING


def test_a_database_at_a_revision_this_image_does_not_have_is_ahead() -> None:
    assert plan({"z"}, KNOWN, HEADS) is Plan.AHEAD


def test_options_have_defaults_for_everything_but_the_address() -> None:
    options = read_options({"DATABASE_URL": "postgresql+psycopg://x"})
    assert (options.wait, options.lock_wait, options.smoke_password) == (60, 300, None)


def test_waiting_times_come_from_the_environment() -> None:
    env = {"DATABASE_URL": "x", "MIGRATE_LOCK_WAIT_SECONDS": "7", "SMOKE_PASSWORD": "p"}
    options = read_options(env)
    assert (options.lock_wait, options.smoke_password) == (7, "p")


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "DATABASE_URL"),
        ({"DATABASE_URL": "x", "MIGRATE_WAIT_SECONDS": "soon"}, "MIGRATE_WAIT_SECONDS='soon'"),
    ],
)
def test_a_wrong_environment_is_named_and_exits_with_2(env: dict[str, str], named: str) -> None:
    with pytest.raises(MigrateError, match=named) as raised:
        read_options(env)
    assert raised.value.code == 2


def test_a_password_verifies_against_its_own_hash_only() -> None:
    stored = hash_password("testpass")
    assert verify_password("testpass", stored)
    assert not verify_password("testpass ", stored)


@pytest.mark.parametrize("stored", ["", "plain", "scrypt$x$8$1$AA==$AA==", "md5$1$2$3$AA==$AA=="])
def test_a_text_that_is_no_hash_never_verifies(stored: str) -> None:
    assert not verify_password("testpass", stored)
