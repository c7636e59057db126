"""The SQL of migrations, for people and linters to read before it runs."""

import io

from alembic import command

from .errors import USAGE, MigrateError
from .revisions import BASE, alembic_config, read_chain


def sql(between: str) -> str:
    """Return the SQL from one revision to another, `FROM:TO`; asks no database.

    Limits stand at the top: the sessions of a run have them from their start. Raises MigrateError.
    """
    config = alembic_config()
    chain = read_chain(config)
    start, colon, end = between.partition(":")
    if not colon:
        raise MigrateError(f"{between!r} is not FROM:TO, e.g. base:head", USAGE)
    first, last = chain.find(start or BASE), chain.find(end)
    if not chain.between(first.id if first else None, last):
        return ""
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{first.id if first else BASE}:{last.id if last else BASE}", sql=True)
    return config.output_buffer.getvalue()
