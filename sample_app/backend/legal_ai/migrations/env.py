"""Alembic's environment: one transaction a revision, on `migrate`'s connection or DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection


def _run(connection: Connection | None) -> None:
    context.configure(
        connection=connection,
        url=None if connection else os.environ.get("DATABASE_URL", "postgresql+psycopg://"),
        literal_binds=connection is None,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _run(None)
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    with create_engine(os.environ["DATABASE_URL"]).connect() as opened:
        _run(opened)
