"""What makes the image's migrations safe to run: locks, kills, retries, and looking afterwards."""

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sample_app.backend.legal_ai.migrate.database import LOCK_KEY
from sample_app.backend.legal_ai.migrate.options import read_options
from sample_app.backend.legal_ai.migrate.revisions import alembic_config
from sample_app.backend.legal_ai.migrate.session import Session
from sample_app.backend.legal_ai.migrate.verify import verify
from sample_app.backend.legal_ai.release import read_release
from tests.integration.postgres import PrivateServer
from tests.integration.releases import Running, Templates, bake_all
from tests.integration.test_sample_app_rename import (
    EXPANDED,
    Images,
    add_users,
    levels,
    query,
)
from tests.waiting import until

NAMELESS = "SELECT count(*) FROM users WHERE display_name IS NULL"
INDEX = "ix_documents_owner_created"


@pytest.fixture
def url(server: PrivateServer, database: str) -> str:
    return server.url(database)


@contextmanager
def held_lock(server: PrivateServer, database: str) -> Iterator[psycopg.Connection]:
    """The lock of migrations, held by somebody else."""
    with server.connect(database) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        yield connection


def is_waiting(process: Running) -> bool:
    return "another migration is running" in process.err


def test_of_two_at_once_one_works_and_the_other_finds_nothing_to_do(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    with held_lock(server, database):
        both = [images["v1.2.0"].start(url) for _ in range(2)]
        for process in both:
            until(functools.partial(is_waiting, process), "it waits for the lock")
    assert [process.wait() for process in both] == [0, 0]
    assert sum(f"running {EXPANDED}" in process.err for process in both) == 1
    assert levels(server, database) == (4, 1)


def test_who_waits_too_long_for_another_migration_says_whom_to_look_for(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    with held_lock(server, database):
        ran = images["v1.0.0"].run(url, MIGRATE_LOCK_WAIT_SECONDS="0.2")
    assert ran.code == 1
    assert "pg_stat_activity" in ran.err
    assert query(server, database, "SELECT to_regclass('users')") == [(None,)]


def test_an_unchanged_schema_is_deployed_while_a_backfill_holds_the_lock(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.2.0", database)
    with held_lock(server, database):
        images["v1.2.0"].run(url, MIGRATE_LOCK_WAIT_SECONDS="0.2").ok()


def test_a_table_in_use_is_waited_for_with_short_tries_that_let_others_pass(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    with server.connect(database) as user:
        user.execute(b"BEGIN")
        user.execute(b"SELECT * FROM users")
        process = images["v1.2.0"].start(url, MIGRATE_LOCK_TIMEOUT_SECONDS="0.3")
        until(lambda: "trying again" in process.err, "it tries again")
        user.execute(b"COMMIT")
    assert process.wait() == 0
    again = rf"{EXPANDED}: a table was in use .* trying again in 0\.[2-5] s"
    assert re.search(again, process.err)
    assert levels(server, database) == (4, 1)


def test_a_killed_backfill_goes_on_where_it_was_and_leaves_no_row_out(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    add_users(server, database, 3000)
    images["v1.2.0"].run(url).ok()
    progress = "SELECT coalesce(sum(rows), 0) FROM backfills"
    process = images["v1.2.0"].start(url, "backfill", "--batch", "50", "--pause", "0.05")
    until(lambda: int(str(query(server, database, progress)[0][0])) >= 200, "200 rows are filled")
    process.kill()
    done = int(str(query(server, database, progress)[0][0]))
    assert query(server, database, NAMELESS) == [(3001 - done,)]

    ran = images["v1.3.0"].run(url, "backfill", "--batch", "1000").ok()
    assert f"going on after {done} rows" in ran.err
    assert query(server, database, NAMELESS) == [(0,)]
    assert query(server, database, progress) == [(3001,)]
    again = images["v1.3.0"].run(url, "backfill").ok()
    assert "every row has it" in again.err


def test_rows_behind_the_place_where_a_backfill_was_killed_are_found_too(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.1.0", database)
    add_users(server, database, 100)
    images["v1.2.0"].run(url).ok()
    with server.connect(database) as connection:
        connection.execute(
            b"INSERT INTO backfills (name, last_key, rows) "
            b"SELECT 'users.display_name', id::text, 7 FROM users ORDER BY id DESC LIMIT 1"
        )
    images["v1.2.0"].run(url, "backfill").ok()
    assert query(server, database, NAMELESS) == [(0,)]


@pytest.mark.parametrize(
    ("of_the_lock", "told"),
    [(True, "What was done stays; run this again"), (False, "failed, safe to run again")],
)
def test_a_session_that_is_ended_in_the_middle_ends_a_backfill_that_can_be_run_again(
    images: Images,
    templates: Templates,
    server: PrivateServer,
    database: str,
    url: str,
    of_the_lock: bool,
    told: str,
) -> None:
    templates.copy("v1.1.0", database)
    add_users(server, database, 2000)
    images["v1.2.0"].run(url).ok()
    process = images["v1.2.0"].start(url, "backfill", "--batch", "50", "--pause", "0.05")
    until(lambda: query(server, database, "SELECT * FROM backfills"), "the backfill has begun")
    with server.connect(database) as connection:
        connection.execute(
            b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            b"WHERE datname = current_database()"
            b" AND starts_with(application_name, 'legal-ai-migrate-')"
            b" AND (pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')) = %s",
            [of_the_lock],
        )
    assert process.wait() == 1
    assert told in process.err
    assert "Traceback" not in process.err
    images["v1.2.0"].run(url, "backfill").ok()
    assert query(server, database, NAMELESS) == [(0,)]


def test_an_invalid_index_is_found_and_dropped_before_the_next_try(
    images: Images, templates: Templates, server: PrivateServer, database: str, url: str
) -> None:
    templates.copy("v1.0.0", database)
    with server.connect(database) as connection:
        connection.execute(
            b"INSERT INTO documents (id, owner_id, filename, content_type, size, content, text) "
            b"SELECT gen_random_uuid(), id, 'a', 'b', 1, '', '' FROM users, generate_series(1, 2)"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON documents (owner_id)".encode()
            )
    ran = images["v1.0.0"].run(url, "verify")
    assert (ran.code, f"{INDEX} is INVALID" in ran.out) == (1, True)
    images["v1.1.0"].run(url).ok()
    images["v1.1.0"].run(url, "verify").ok()
    defined = f"SELECT pg_get_indexdef('{INDEX}'::regclass)"
    assert "owner_id, created_at DESC" in str(query(server, database, defined))


DRIFT = {
    "column users.organization is missing": (
        "ALTER TABLE users RENAME organization TO gone",
        "ALTER TABLE users RENAME gone TO organization",
    ),
    "documents.size is BIGINT()": (
        "ALTER TABLE documents ALTER size TYPE bigint",
        "ALTER TABLE documents ALTER size TYPE integer",
    ),
    "users.email may be NULL": (
        "ALTER TABLE users ALTER email DROP NOT NULL",
        "ALTER TABLE users ALTER email SET NOT NULL",
    ),
    "table settings is missing": (
        "ALTER TABLE settings RENAME TO gone",
        "ALTER TABLE gone RENAME TO settings",
    ),
    "somebody changed one by hand": (
        "UPDATE schema_level SET floor = 2",
        "UPDATE schema_level SET floor = 1",
    ),
}


def test_what_was_changed_past_the_migrations_is_found_and_nothing_else(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    image = images["v1.2.0"]
    image.run(url).ok()
    config = alembic_config(image.tree / "legal_ai" / "migrations")
    options = read_options({"DATABASE_URL": url})
    session = Session.open(options, read_release(image.tree), lambda _: None, config)

    def bad() -> list[str]:
        return [check.detail for check in verify(session) if check.verdict == "bad"]

    assert bad() == []
    for told, (change, undo) in DRIFT.items():
        with server.connect(database) as connection:
            connection.execute(change.encode())
            found = bad()
            connection.execute(undo.encode())
        assert len(found) == 1, told
        assert told in found[0]
    assert bad() == []


def test_two_heads_are_refused_before_anything_is_changed(
    server: PrivateServer, database: str, url: str, tmp_path: Path
) -> None:
    image = bake_all(tmp_path)["v1.2.0"]
    versions = image.tree / "legal_ai" / "migrations" / "versions"
    second = next(versions.glob(f"{EXPANDED}*")).read_text().replace(EXPANDED, "0123456789ab")
    (versions / "second.py").write_text(second)
    for arguments in ((), ("plan", "--json"), ("upgrade",), ("sql", "base:head")):
        image.run(url, *arguments).refused("2 heads", "0123456789ab", EXPANDED, "down_revision")
    assert query(server, database, "SELECT to_regclass('users')") == [(None,)]


def test_a_contract_run_by_hand_in_the_pod_is_undone_unless_it_was_allowed(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    newest = images["v1.4.0"]
    newest.run(url).ok()
    assert levels(server, database) == (5, 1)

    def by_hand(*args: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "alembic", *args, "upgrade", "head"],
            cwd=newest.tree,
            env={**newest.environment(url), "PYTHONPATH": str(newest.tree)},
            capture_output=True,
            text=True,
            check=False,
        )

    refused = by_hand()
    assert refused.returncode != 0
    assert "is a contract" in refused.stdout + refused.stderr
    assert levels(server, database) == (5, 1)
    allowed = by_hand("-x", "allow-contract")
    assert allowed.returncode == 0, allowed.stderr
    assert levels(server, database) == (6, 5)


def test_every_run_leaves_a_message_of_image_and_database_also_where_it_is_refused(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    done = images["v1.1.0"].run(url).message
    at = done["database"].pop("at")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    assert done == {
        "version": "v1.1.0",
        "level": 3,
        "needs": 2,
        "database": {"level": 3, "floor": 1, "revision": "17c94ab2e8d6"},
        "result": "upgraded to 17c94ab2e8d6",
    }
    later = images["v1.4.0"].run(url, "upgrade").message
    assert later["database"]["at"] > at
    assert "--allow-contract" in later["result"]
    unreached = images["v1.1.0"].run(url + "_gone", MIGRATE_WAIT_SECONDS="0")
    assert (unreached.code, unreached.message["database"]) == (1, None)
    assert "did not let us in" in unreached.err


def test_where_no_message_can_be_left_the_work_is_done_all_the_same(
    images: Images, server: PrivateServer, database: str, url: str
) -> None:
    process = images["v1.0.0"].start(url, TERMINATION_LOG="/nowhere/termination-log")
    assert (process.wait(), levels(server, database)) == (0, (1, 1))
