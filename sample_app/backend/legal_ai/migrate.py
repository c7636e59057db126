"""Bring the database to this image's schema, once however many ask: `python3 -m legal_ai.migrate`.

Exit codes: 0 done or nothing to do; 1 failed, run it again; 2 wrong environment; 3 this image
doesn't fit the database.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from .passwords import hash_password, verify_password
from .release import Release, read_release
from .tables import schema_level, users

SMOKE_USER = "test@example.com"

# Any number, the same in every release: whoever holds it migrates.
LOCK_KEY = 0x4C454741
LOCK_NOT_AVAILABLE = "55P03"
LOCK_TRIES = 5
POLL_SECONDS = 0.5


class MigrateError(Exception):
    """It could not be done; the message says what to do next. `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Plan(StrEnum):
    """What to do, by what stands in the database."""

    UPGRADE = "upgrade"
    NOTHING = "nothing"
    AHEAD = "ahead"


@dataclass(frozen=True)
class Options:
    """What the environment says; seconds."""

    database_url: str
    smoke_password: str | None
    wait: float = 60
    lock_wait: float = 300
    lock_timeout: float = 5
    statement_timeout: float = 60


def read_options(env: Mapping[str, str] = os.environ) -> Options:
    """Read the options from `env`. Raises MigrateError."""
    url = env.get("DATABASE_URL")
    if not url:
        raise MigrateError("DATABASE_URL is not set: give the writer's address, no pooler's", 2)
    seconds = {}
    for field in ("wait", "lock_wait", "lock_timeout", "statement_timeout"):
        name = f"MIGRATE_{field.upper()}_SECONDS"
        if name in env:
            try:
                seconds[field] = float(env[name])
            except ValueError as error:
                raise MigrateError(f"{name}={env[name]!r} is no number of seconds", 2) from error
    return Options(url, env.get("SMOKE_PASSWORD") or None, **seconds)


def plan(current: Set[str], known: Set[str], heads: Set[str]) -> Plan:
    """Decide by the revisions the database is at, those this image has, and its newest.

    A revision unknown here was made by a newer release: its schema is ours too, as long as its
    floor allows it, and nothing is to be done.
    """
    if current - known:
        return Plan.AHEAD
    return Plan.NOTHING if current == heads else Plan.UPGRADE


def migrate(options: Options, release: Release, say: Callable[[str], None]) -> None:
    """Wait for the database and its lock, upgrade, seed. Raises MigrateError."""
    timeouts = (
        f"-c lock_timeout={int(options.lock_timeout * 1000)} "
        f"-c statement_timeout={int(options.statement_timeout * 1000)} -c timezone=UTC"
    )
    engine = create_engine(
        options.database_url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": 3,
            "application_name": f"legal-ai-migrate-{release.version}",
            "options": timeouts,
            "prepare_threshold": None,
        },
    )
    _wait_until_up(engine, options.wait)
    with migration_lock(engine, options.lock_wait, say):
        _upgrade(engine, say)
        with engine.begin() as connection:
            _check_fits(connection, release)
            _seed(connection, options.smoke_password, say)


@contextmanager
def migration_lock(engine: Engine, wait: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the database-wide lock of migrations; it ends with its connection at the latest.

    Asked for again and again instead of waited for: a waiting statement is an open transaction,
    and CREATE INDEX CONCURRENTLY of the one who has the lock would wait for that one in turn.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        until = time.monotonic() + wait
        told = False
        lock = {"key": LOCK_KEY}
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), lock).scalar():
            if time.monotonic() > until:
                raise MigrateError(
                    f"another migration has held the lock for {wait:g} s: find it in "
                    "pg_stat_activity (application_name legal-ai-migrate-…), wait for its end or "
                    "stop it, then run this again"
                )
            if not told:
                say("another migration is running: waiting for it")
                told = True
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), lock)


def alembic_config() -> Config:
    """Return Alembic's configuration for the migrations in this image."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _wait_until_up(engine: Engine, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            with engine.connect():
                return
        except OperationalError as error:
            if time.monotonic() > until:
                reason = str(error.orig).strip()
                raise MigrateError(
                    f"the database did not let us in within {wait:g} s: {reason}"
                ) from error
        time.sleep(POLL_SECONDS)


def _upgrade(engine: Engine, say: Callable[[str], None]) -> None:
    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    with engine.connect() as connection:
        current = set(MigrationContext.configure(connection).get_current_heads())
    at = ", ".join(sorted(current)) or "empty"
    todo = plan(current, known, set(script.get_heads()))
    if todo is Plan.AHEAD:
        say(f"the database is ahead of this image (at {at}, unknown here): nothing to migrate")
        return
    if todo is Plan.NOTHING:
        say(f"the database is at {at}: nothing to migrate")
        return
    say(f"the database is at {at}: upgrading to {', '.join(script.get_heads())}")
    for left in reversed(range(LOCK_TRIES)):
        try:
            with engine.connect() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or left == 0:
                raise
            say(f"a table was in use for too long: trying again ({left} tries left)")
        else:
            say("upgraded")
            return


def _check_fits(connection: Connection, release: Release) -> None:
    if not inspect(connection).has_table(schema_level.name):
        raise MigrateError("the database has no table schema_level after the upgrade", 3)
    row = connection.execute(select(schema_level.c.level, schema_level.c.floor)).one()
    problem = release.refuses(row.level, row.floor)
    if problem:
        raise MigrateError(problem, 3)


def _seed(connection: Connection, password: str | None, say: Callable[[str], None]) -> None:
    if password is None:
        say(f"SMOKE_PASSWORD is not set: {SMOKE_USER} left as it is")
        return
    query = select(users.c.password_hash).where(users.c.email == SMOKE_USER)
    stored = connection.execute(query).scalar_one_or_none()
    if stored is not None and verify_password(password, stored):
        say(f"{SMOKE_USER} is there")
        return
    values = {"email": SMOKE_USER, "password_hash": hash_password(password)}
    write = insert(users).values(
        id=uuid4(), full_name="Smoke Test", organization="Legal AI System", **values
    )
    connection.execute(write.on_conflict_do_update(index_elements=["email"], set_=values))
    say(f"{SMOKE_USER} {'has a new password' if stored else 'was made'}")


def main() -> int:
    """Migrate as the environment says; returns the exit code."""

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201

    release = read_release()
    try:
        options = read_options()
        say(f"migrating for {release.version} (schema level {release.level})")
        migrate(options, release, say)
    except MigrateError as error:
        print(f"not migrated: {error}", file=sys.stderr)  # noqa: T201
        return error.code
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        print(f"the migration failed, safe to run again: {reason}", file=sys.stderr)  # noqa: T201
        return 1
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
