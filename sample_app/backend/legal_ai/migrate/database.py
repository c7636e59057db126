"""The way into the database: connections with limits, directly to the writer, and the one lock."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from .errors import USAGE, MigrateError
from .options import Options

Say = Callable[[str], None]

# Any number, the same in every release: whoever holds it migrates.
LOCK_KEY: Final = 0x4C454741
APPLICATION: Final = "legal-ai-migrate"
POLL_SECONDS: Final = 0.5


def make_engine(options: Options, version: str) -> Engine:
    """Return an engine whose sessions have the limits of `options`; it keeps no connection."""
    limits = (
        f"-c lock_timeout={int(options.lock_timeout * 1000)} "
        f"-c statement_timeout={int(options.statement_timeout * 1000)} -c timezone=UTC"
    )
    return create_engine(
        options.database_url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 3,
            # The lock's connection is idle for hours; nothing on the way must forget it.
            "keepalives_idle": 30,
            "application_name": f"{APPLICATION}-{version}",
            "options": limits,
            "prepare_threshold": None,
        },
    )


def wait_until_up(engine: Engine, wait: float) -> None:
    """Return once the writer lets us in. Raises MigrateError, also where it is no writer."""
    until = time.monotonic() + wait
    while True:
        try:
            with engine.connect() as connection:
                require_direct_writer(connection)
                return
        except OperationalError as error:
            if time.monotonic() > until:
                reason = str(error.orig).strip()
                raise MigrateError(
                    f"the database did not let us in within {wait:g} s: {reason}"
                ) from error
        time.sleep(POLL_SECONDS)


def require_direct_writer(connection: Connection) -> None:
    """Raise MigrateError where a pooler or a standby answers.

    A pooler gives its own process id at the start, and may hand the session, with the lock in it,
    to somebody else.
    """
    driver = connection.connection.driver_connection
    announced = driver.info.backend_pid if driver is not None else 0
    row = connection.execute(text("SELECT pg_backend_pid(), pg_is_in_recovery()")).one()
    if announced != row[0]:
        raise MigrateError(
            "the address is a connection pooler's: set MIGRATE_DATABASE_URL to the writer's own",
            USAGE,
        )
    if row[1]:
        raise MigrateError(
            "the address is a replica's: set DATABASE_URL or MIGRATE_DATABASE_URL to the writer's",
            USAGE,
        )


@contextmanager
def migration_lock(engine: Engine, wait: float, say: Say) -> Iterator[Callable[[], None]]:
    """Hold the database-wide lock of migrations; it ends with its connection at the latest.

    Gives a function that raises MigrateError once the lock is lost; call it before each step.
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
                    f"pg_stat_activity (application_name {APPLICATION}-…), wait for its end or "
                    "stop it, then run this again"
                )
            if not told:
                say("another migration is running: waiting for it")
                told = True
            time.sleep(POLL_SECONDS)

        def still_held() -> None:
            try:
                connection.execute(text("SELECT 1"))
            except SQLAlchemyError as error:
                raise MigrateError(
                    f"the connection that held the lock of migrations is gone: {error}. "
                    "What was done stays; run this again"
                ) from error

        try:
            yield still_held
        finally:
            with suppress(SQLAlchemyError):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), lock)
