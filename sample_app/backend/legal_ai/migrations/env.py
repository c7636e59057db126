"""Alembic's environment: one transaction a revision, on `migrate`'s connection or its own.

By hand (`alembic upgrade head`) it has the limits that `legal_ai.migrate` has, and its manners:
a contract has to be allowed, with `-x allow-contract`.
"""

import os
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

LIMITS = {"lock_timeout": "5s", "statement_timeout": "60s"}


def _run(connection: Connection | None, **more: Any) -> None:
    context.configure(connection=connection, transaction_per_migration=True, **more)
    if connection is None:
        for name, value in LIMITS.items():
            context.execute(f"SET {name} = '{value}'")
    with context.begin_transaction():
        context.run_migrations()


def _refuse_contract(step: Any, **_: Any) -> None:
    """Undo a contract that nobody allowed: raised within its transaction."""
    if step.is_upgrade and step.up_revision.module.phase == "contract":
        raise CommandError(
            f"{step.up_revision_id} is a contract: it takes away what older code needs. Run "
            "scripts/migrate.py upgrade, which looks whether such code is left"
        )


if context.is_offline_mode():
    _run(None, dialect_name="postgresql", literal_binds=True)
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    allowed = "allow-contract" in context.get_x_argument(as_dictionary=True)
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    by_hand = create_engine(os.environ["DATABASE_URL"], connect_args={"options": limits})
    with by_hand.connect() as opened:
        _run(opened, on_version_apply=None if allowed else _refuse_contract)
