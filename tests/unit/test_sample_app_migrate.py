"""What the image's migrations decide, apart from any database; the rest has a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from sample_app.backend.legal_ai.migrate import retries
from sample_app.backend.legal_ai.migrate.__main__ import main
from sample_app.backend.legal_ai.migrate.database import require_direct_writer
from sample_app.backend.legal_ai.migrate.errors import MigrateError
from sample_app.backend.legal_ai.migrate.options import Options, read_options
from sample_app.backend.legal_ai.migrate.replicas import wait_for_replicas
from sample_app.backend.legal_ai.migrate.revisions import (
    Chain,
    Phase,
    Revision,
    alembic_config,
    read_chain,
)
from sample_app.backend.legal_ai.migrate.session import Session
from sample_app.backend.legal_ai.migrate.steps import by_default
from sample_app.backend.legal_ai.passwords import hash_password, verify_password

EXPAND, MIGRATE, CONTRACT = Phase
PATH = [EXPAND, EXPAND, MIGRATE, EXPAND, CONTRACT, EXPAND]


def chain(phases: list[Phase]) -> Chain:
    return Chain(
        tuple(
            Revision(
                id=f"{level:x}a",
                down=f"{level - 1:x}a" if level > 1 else None,
                level=level,
                phase=phase,
                title="",
                floor=level - 1 if phase is CONTRACT else None,
            )
            for level, phase in enumerate(phases, start=1)
        )
    )


@pytest.mark.parametrize(
    ("at", "is_empty", "now"),
    [
        (0, False, 2),
        (0, True, 4),
        (1, False, 1),
        (2, False, 0),
        (3, False, 1),
        (4, False, 0),
        (4, True, 0),
        (5, False, 1),
        (6, False, 0),
    ],
)
def test_by_default_only_expansions_run_up_to_the_first_that_does_more(
    at: int, is_empty: bool, now: int
) -> None:
    pending = chain(PATH).revisions[at:]
    work = by_default(pending, is_empty=is_empty)
    assert (len(work.now), [*work.now, *work.left]) == (now, list(pending))


def test_levels_and_floors_follow_the_revision() -> None:
    found = chain(PATH)
    assert [found.at(one.id) for one in found.revisions] == [
        *((1, 1), (2, 1), (3, 1), (4, 1)),
        *((5, 4), (6, 4)),
    ]
    assert found.at(None) == (0, 1)


def test_a_revision_is_found_by_what_its_id_begins_with() -> None:
    found = Chain(
        tuple(Revision(id_, None, n, EXPAND, "") for n, id_ in enumerate(("abc1", "abd2"), 1))
    )
    assert found.find("abd") == found.revisions[1]
    assert found.find("head") == found.revisions[1]
    assert found.find("base") is None
    for wanted in ("ab", "x"):
        with pytest.raises(MigrateError, match="abc1, abd2") as refused:
            found.find(wanted)
        assert refused.value.code == 2


REVISION = '"""{id}."""\nrevision = "{id}"\ndown_revision = {down!r}\nlevel = {level}\n'


def written(folder: Path, *revisions: tuple[int, str]) -> Path:
    (folder / "versions").mkdir()
    down = None
    for number, (level, more) in enumerate(revisions):
        text = REVISION.format(id=f"r{number}", down=down, level=level) + more + "\n"
        (folder / "versions" / f"r{number}.py").write_text(text)
        down = f"r{number}"
    return folder


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ((3, "phase = 'expand'"), "r1 has level 3, in its place it must be 2"),
        ((2, "phase = 'expnad'"), "r1 has phase 'expnad', it must be one of expand, migrate"),
        ((2, ""), "r1 has phase None"),
        ((2, "phase = 'contract'"), "r1 is a contract: its floor must be 1 to 2"),
        ((2, "phase = 'contract'\nfloor = 3"), "r1 is a contract: its floor must be 1 to 2"),
        ((2, "phase = 'expand'\nfloor = 2"), "r1 raises the floor, which only a contract may"),
    ],
)
def test_migrations_that_break_a_rule_are_refused_by_name(
    tmp_path: Path, second: tuple[int, str], told: str
) -> None:
    folder = written(tmp_path, (1, "phase = 'expand'"), second)
    with pytest.raises(MigrateError, match=told) as refused:
        read_chain(alembic_config(folder))
    assert refused.value.code == 3


def test_migrations_by_the_rules_are_read_with_what_they_say(tmp_path: Path) -> None:
    more = "phase = 'contract'\nfloor = 2\nsquawk_ignore = {'ban-drop-column': 'meant'}"
    found = read_chain(alembic_config(written(tmp_path, (1, "phase = 'expand'"), (2, more))))
    assert [one.id for one in found.revisions] == ["r0", "r1"]
    assert found.revisions[1].as_json() == {
        "revision": "r1",
        "down": "r0",
        "level": 2,
        "phase": "contract",
        "floor": 2,
        "title": "r1",
        "squawk_ignore": {"ban-drop-column": "meant"},
    }


def test_options_have_defaults_for_everything_but_the_address() -> None:
    options = read_options({"DATABASE_URL": "postgresql+psycopg://x"})
    assert options == Options("postgresql+psycopg://x")
    assert (options.wait, options.lock_wait, options.smoke_password) == (60, 300, None)


def test_the_environment_sets_times_and_a_direct_address_goes_before_a_poolers() -> None:
    env = {
        "DATABASE_URL": "pooler",
        "MIGRATE_DATABASE_URL": "writer",
        "MIGRATE_LOCK_WAIT_SECONDS": "7",
        "MIGRATE_REPLICA_LAG_SECONDS": "2.5",
        "SMOKE_PASSWORD": "p",
    }
    wanted = Options("writer", "p", lock_wait=7, replica_lag=2.5)
    assert read_options(env) == wanted


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "DATABASE_URL"),
        ({"DATABASE_URL": "x", "MIGRATE_WAIT_SECONDS": "soon"}, "MIGRATE_WAIT_SECONDS='soon'"),
        ({"DATABASE_URL": "x", "MIGRATE_WAIT_SECONDS": "-1"}, "MIGRATE_WAIT_SECONDS='-1'"),
        ({"DATABASE_URL": "x", "MIGRATE_WAIT_SECONDS": "nan"}, "MIGRATE_WAIT_SECONDS='nan'"),
    ],
)
def test_a_wrong_environment_is_named_and_exits_with_2(env: dict[str, str], named: str) -> None:
    with pytest.raises(MigrateError, match=named) as raised:
        read_options(env)
    assert raised.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("backfill", "--batch", "0"),
        ("backfill", "--batch", "many"),
        ("backfill", "--pause", "-1"),
        ("upgrade", "--too", "head"),
        ("downgrade",),
        ("destroy",),
    ],
)
def test_wrong_arguments_end_with_2_before_anything_is_done(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_pauses_double_up_to_a_limit_and_differ_between_two_who_wait() -> None:
    longest = list(retries.pauses(lambda: 0.0))
    assert longest == [0.5, 1.0, 2.0, 4.0, 8.0]
    shortest = list(retries.pauses(lambda: 1.0))
    assert shortest == [pause / 2 for pause in longest]


def failing(sqlstate: str, times: int) -> Iterator[None]:
    error = type("Failed", (psycopg.OperationalError,), {"sqlstate": sqlstate})
    for _ in range(times):
        yield cast(None, error("no"))


@pytest.mark.parametrize(
    ("sqlstate", "times", "is_done"),
    [
        ("55P03", 1, True),
        ("40P01", 5, True),
        ("55P03", 6, False),
        ("57014", 1, False),
        ("42P01", 1, False),
    ],
)
def test_only_what_may_pass_is_tried_again_and_not_for_ever(
    sqlstate: str, times: int, is_done: bool
) -> None:
    left = list(failing(sqlstate, times))
    slept: list[float] = []

    def act() -> str:
        if left:
            raise OperationalError("DROP", {}, cast(Any, left.pop()))
        return "done"

    outcome = nullcontext() if is_done else pytest.raises(OperationalError)
    with outcome:
        assert retries.retrying("r1", act, lambda _: None, slept.append) == "done"
    assert len(slept) == (times if is_done else 0 if sqlstate not in retries.PASSING else 5)


def lagging(lags: list[float], wait: float) -> list[float]:
    """Wait for replicas that are behind by `lags`, one after the other; returns the pauses."""
    slept: list[float] = []
    options = Options("x", replica_lag=10, replica_wait=wait)
    session = cast(Session, SimpleNamespace(options=options, say=lambda _: None))
    connection = cast(Connection, SimpleNamespace(begin=nullcontext))
    wait_for_replicas(session, connection, slept.append, lambda _: lags.pop(0))
    return slept


def test_a_backfill_waits_while_a_replica_is_too_far_behind() -> None:
    assert lagging([0.0], wait=60) == []
    assert len(lagging([99.0, 11.0, 10.0], wait=60)) == 2


def test_a_replica_that_never_catches_up_ends_the_backfill_and_says_that_nothing_is_lost() -> None:
    with pytest.raises(MigrateError, match=r"99 s behind.*what was done stays"):
        lagging([99.0, 99.0], wait=-1)


@pytest.mark.parametrize(
    ("pid", "in_recovery", "told"),
    [(7, False, None), (8, False, "pooler"), (7, True, "replica")],
)
def test_an_address_that_is_not_the_writers_own_is_refused(
    pid: int, in_recovery: bool, told: str | None
) -> None:
    driver = SimpleNamespace(info=SimpleNamespace(backend_pid=7))
    connection = SimpleNamespace(
        connection=SimpleNamespace(driver_connection=driver),
        execute=lambda _: SimpleNamespace(one=lambda: (pid, in_recovery)),
    )
    outcome = pytest.raises(MigrateError, match=told) if told else nullcontext()
    with outcome:
        require_direct_writer(cast(Connection, connection))


def test_a_password_verifies_against_its_own_hash_only() -> None:
    stored = hash_password("testpass")
    assert verify_password("testpass", stored)
    assert not verify_password("testpass ", stored)


@pytest.mark.parametrize("stored", ["", "plain", "scrypt$x$8$1$AA==$AA==", "md5$1$2$3$AA==$AA=="])
def test_a_text_that_is_no_hash_never_verifies(stored: str) -> None:
    assert not verify_password("testpass", stored)
