"""What the environment says to a migration."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from .errors import USAGE, MigrateError


@dataclass(frozen=True)
class Options:
    """Where the database is, and how patient to be; times in seconds."""

    database_url: str
    smoke_password: str | None = None
    wait: float = 60
    lock_wait: float = 300
    lock_timeout: float = 5
    statement_timeout: float = 60
    replica_lag: float = 10
    replica_wait: float = 300


def read_options(env: Mapping[str, str] = os.environ) -> Options:
    """Read the options from `env`. Raises MigrateError.

    MIGRATE_DATABASE_URL goes before DATABASE_URL, which may be a pooler's.
    """
    url = env.get("MIGRATE_DATABASE_URL") or env.get("DATABASE_URL")
    if not url:
        raise MigrateError("DATABASE_URL is not set: give the writer's address, no pooler's", USAGE)
    seconds = {}
    for name in (field.name for field in fields(Options) if field.type is float):
        variable = f"MIGRATE_{name.upper()}_SECONDS"
        if variable in env:
            seconds[name] = _seconds(variable, env[variable])
    return Options(url, env.get("SMOKE_PASSWORD") or None, **seconds)


def _seconds(variable: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise MigrateError(f"{variable}={text!r} is no number of seconds", USAGE)
    return seconds
