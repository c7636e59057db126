"""Which backups a command works on: those of a stack, or of a database and a store named alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ops import backups, operations
from ops.backups import postgres, record, tags
from ops.cluster import Cluster
from ops.errors import UsageError
from ops.stack import Stack
from scripts.console import say

if TYPE_CHECKING:
    from ops.backups.engine import Engine

MAX_AGE_MINUTES: Final = 60

UrlOption = Annotated[
    str | None,
    typer.Option(
        "--database-url-env",
        metavar="NAME",
        help="no stack: the environment variable with the database's URL (then --store too)",
    ),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="no stack: a folder or s3://bucket/prefix")
]
ArchiveOption = Annotated[
    str | None, typer.Option("--archive", help="no stack: where the server archives its WAL")
]


@dataclass(frozen=True)
class Chosen:
    """The backups, the database they are of, what to write on a new one, and how old one may be.

    `connect` leads to the stack's cluster, where the alerts learn of backups.
    """

    engine: Engine
    source_url: str
    tags: dict[str, str]
    max_age: timedelta
    connect: Callable[[], Cluster] | None = None

    def tell(self, event: record.Event, at: datetime, backup: str) -> None:
        """Let the alerts know; backups of no stack have none."""
        if self.connect is not None:
            record.tell(self.connect, event, at, backup, say)


def choose(
    stack: str | None, url_variable: str | None, store: str | None, archive: str | None
) -> Chosen:
    """Read the options. Raises UsageError, and CouldNotFindOut for a stack that is not deployed."""
    if url_variable is None:
        if store is not None or archive is not None:
            raise UsageError("--store and --archive go with --database-url-env alone")
        return _of_stack(Stack.chosen(stack))
    if stack is not None or store is None:
        raise UsageError("--database-url-env goes with --store PLACE and without --stack")
    url = os.environ.get(url_variable)
    if not url:
        raise UsageError(f"the environment variable {url_variable} is not set, or empty")
    engine = postgres.at(url, _here(store), archive=_here(archive or ""))
    return Chosen(engine, url, {}, timedelta(minutes=MAX_AGE_MINUTES))


def _here(place: str) -> str:
    """A folder as the shell means it: from where the command runs."""
    return place if not place or "://" in place else str(Path(place).absolute())


def _of_stack(stack: Stack) -> Chosen:
    facts = operations.read(stack)
    engine = backups.connect(facts, stack.short_name)
    database = facts.database
    source = (
        engine.source.url if isinstance(engine, postgres.PostgresEngine) else database.admin_url
    )
    return Chosen(
        engine=engine,
        source_url=source or database.url,
        tags=tags.of_stack(facts, stack.short_name),
        max_age=timedelta(minutes=facts.backups.max_age_minutes),
        connect=facts.cluster,
    )
