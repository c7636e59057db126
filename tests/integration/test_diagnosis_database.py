"""What the database knows of slowness and of migrations that were stopped: found on a real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from ops.diagnosis import migration, slowness
from ops.diagnosis.cause import Cause, Weight
from tests.integration.postgres import PrivateServer, private_server
from tests.waiting import until

TABLES = """
    CREATE TABLE alembic_version (version_num text);
    INSERT INTO alembic_version VALUES ('0001');
    CREATE TABLE users (id int PRIMARY KEY);
    CREATE TABLE documents (id int PRIMARY KEY, owner int REFERENCES users, body text);
    CREATE INDEX documents_by_owner ON documents (owner);
    INSERT INTO users SELECT generate_series(1, 10);
    INSERT INTO documents SELECT n, 1 + n % 10, 'text' FROM generate_series(1, 20000) n;
    ANALYZE
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[PrivateServer]:
    """A server that counts statements, as the RDS parameter group makes it, with few seats."""
    settings = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "20"}
    with private_server(settings) as running:
        yield running


@pytest.fixture
def here(loaded: PrivateServer) -> Iterator[psycopg.Connection]:
    name = loaded.new_database()
    with loaded.connect(name) as connection:
        connection.execute(TABLES)
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("SELECT pg_stat_statements_reset()")
        yield connection


def found(causes: Iterator[Cause], words: str) -> Cause:
    (cause,) = (cause for cause in causes if words in cause.found)
    return cause


def test_a_healthy_database_gives_no_cause(here: psycopg.Connection) -> None:
    assert list(slowness.look(here)) == []
    assert list(migration.look_in_database(here)) == []


def test_a_slow_statement_is_named_with_its_time_and_its_calls(here: psycopg.Connection) -> None:
    here.execute("SELECT pg_sleep(0.15)")
    cause = found(slowness.look(here), "ms on average")
    assert "1 calls: SELECT pg_sleep(" in cause.evidence[0]
    assert cause.weight is Weight.BAD


def test_without_the_statistics_slow_statements_are_unknown_and_not_none(
    here: psycopg.Connection,
) -> None:
    here.execute("DROP EXTENSION pg_stat_statements")
    assert found(slowness.look(here), "pg_stat_statements").weight is Weight.UNKNOWN


def test_a_foreign_key_without_an_index_is_named(here: psycopg.Connection) -> None:
    here.execute("DROP INDEX documents_by_owner")
    cause = found(slowness.look(here), "foreign keys without an index")
    assert cause.evidence == ("documents.owner refers to users",)


def test_a_big_table_that_is_always_read_whole_is_named(here: psycopg.Connection) -> None:
    for _ in range(12):
        here.execute("SELECT count(*) FROM documents WHERE body = 'other'")
    here.execute("SELECT pg_stat_force_next_flush()")
    cause = found(slowness.look(here), "read from end to end")
    assert cause.evidence[0].startswith("documents: ")


def test_who_waits_for_whose_lock_is_named(loaded: PrivateServer, here: psycopg.Connection) -> None:
    database, waiting = here.info.dbname, "SELECT count(*) FROM users"
    with loaded.connect(database) as holder, loaded.connect(database) as waiter:
        pids = f"pid {waiter.info.backend_pid} waits for {holder.info.backend_pid}"
        holder.execute("BEGIN; LOCK TABLE users")
        thread = threading.Thread(target=waiter.execute, args=(waiting,))
        thread.start()
        try:
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            until(
                lambda: here.execute(blocked).fetchone() == (1,),
                "it waits for the lock",
                alive=thread.is_alive,
            )
            cause = found(slowness.look(here), "wait for locks")
        finally:
            holder.execute("ROLLBACK")
            thread.join()
    assert cause.evidence == (f"{pids}: {waiting}",)


def test_a_server_that_is_nearly_full_says_who_has_the_connections(
    loaded: PrivateServer, here: psycopg.Connection
) -> None:
    others = [loaded.connect(here.info.dbname) for _ in range(16)]
    try:
        # 17 with this one, and 20 - 3 that are kept for the administrator is what clients get.
        others.append(loaded.connect(here.info.dbname))
        cause = found(slowness.look(here), "are in use")
    finally:
        for other in others:
            other.close()
    assert "18 of 20 connections" in cause.found
    assert cause.evidence[0].endswith(": 18")


def test_an_index_that_a_stopped_migration_left_is_named(here: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        here.execute("CREATE UNIQUE INDEX CONCURRENTLY one_a_body ON documents (body)")
    cause = found(migration.look_in_database(here), "INVALID")
    assert "one_a_body" in cause.found
    assert "migrate.py upgrade" in cause.mend


def test_a_rule_that_was_never_checked_on_old_rows_is_named(here: psycopg.Connection) -> None:
    here.execute("ALTER TABLE documents ADD CONSTRAINT short CHECK (length(body) < 9) NOT VALID")
    cause = found(migration.look_in_database(here), "NOT VALID")
    assert "documents.short" in cause.found


def test_a_database_that_was_never_migrated_and_one_with_two_heads_are_told_apart(
    here: psycopg.Connection,
) -> None:
    here.execute("INSERT INTO alembic_version VALUES ('0002')")
    assert found(migration.look_in_database(here), "has 2 rows").evidence == ("0001", "0002")
    here.execute("DROP TABLE alembic_version")
    assert "nothing was ever migrated" in found(migration.look_in_database(here), "no table").found
