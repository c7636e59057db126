"""The tools of a restore for a stack as it is deployed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops import backups, operations, pending, pods
from ops.backups import tags
from ops.backups.opening import open_store
from ops.maintenance import SharedRedis
from ops.restore import journal
from ops.restore.on_postgres import SERVER, OnPostgres
from ops.restore.place import renamed
from ops.restore.tools import Tools
from ops.who import me

if TYPE_CHECKING:
    from ops.backups.engine import Engine, Say
    from ops.operations import Operations
    from ops.restore.place import Place
    from ops.stack import Stack


@dataclass(frozen=True)
class Wishes:
    """What an operator may choose. `keep` is a folder or s3://bucket/prefix; empty: the usual."""

    confirm: Callable[[str], bool]
    say: Say
    keep: str = ""
    accept_unknown: bool = False


def connect(stack: Stack, wishes: Wishes) -> Tools:
    """Read what is deployed, and reach what it names. Raises UsageError and CouldNotFindOut."""
    facts = operations.read(stack)
    engine = backups.connect(_between_databases(facts), stack.short_name)
    cluster = facts.cluster()
    return Tools(
        stack=stack.short_name,
        engine=engine,
        place=place(stack, facts, engine),
        journal=journal.in_cluster(cluster),
        redis=SharedRedis(facts.redis_url),
        store=open_store(wishes.keep or facts.backups.store or _home(stack.short_name)),
        pending=lambda: pending.changes(stack.config(), facts),
        unready=lambda: pods.unready(cluster),
        tags=tags.of_stack(facts, stack.short_name),
        confirm=wishes.confirm,
        say=wishes.say,
        by=me(),
        accept_unknown=wishes.accept_unknown,
    )


def place(stack: Stack, facts: Operations, engine: Engine) -> Place:
    """Where the stack's databases stand."""
    if facts.database.engine == "postgres":
        return OnPostgres(stack, facts.database, engine)
    from ops.backups.rds import Rds  # noqa: PLC0415 boto3 takes a while, and is for one of the two
    from ops.restore.on_rds import OnRds  # noqa: PLC0415

    assert isinstance(engine, Rds)  # noqa: S101 both are chosen by the same fact
    assert engine.secrets  # noqa: S101 `rds.connect` gives it
    return OnRds(stack.short_name, stack, facts.database, engine.instances, engine.secrets)


def _between_databases(facts: Operations) -> Operations:
    """The engine is to stay out of the old database: it will be closed for writing."""
    if facts.database.engine != "postgres":
        return facts
    outside = renamed(facts.database.admin_url or facts.database.url, SERVER)
    database = facts.database.model_copy(update={"admin_url": outside})
    return facts.model_copy(update={"database": database})


def _home(stack: str) -> str:
    """Outside of the checkout: what is kept there is people's data."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return f"{state}/legal-ai/{stack}"
