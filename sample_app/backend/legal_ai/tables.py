"""The tables as this release's code sees them; the migrations own what really stands."""

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from .release import Release

schema_level = Table(
    "schema_level",
    MetaData(),
    Column("singleton", Boolean, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("floor", Integer, nullable=False),
)

settings = Table(
    "settings",
    MetaData(),
    Column("user_id", Uuid, primary_key=True),
    Column("preferences", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, onupdate=func.now()),
)


def users(release: Release) -> Table:
    """Return the users table with only the columns that `release` may use."""
    names = [
        Column(name, Text, nullable=name == "display_name" and release.needs < 5)
        for name in release.name_columns
    ]
    return Table(
        "users",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("email", String(320), nullable=False),
        Column("password_hash", Text, nullable=False),
        *names,
        Column("organization", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )


def shown_name(table: Table, release: Release) -> ColumnElement[str]:
    """A user's name as `release` reads it: the first of its columns that has one."""
    return func.coalesce(*(table.c[name] for name in release.name_columns)).label("full_name")


def documents(release: Release) -> Table:
    """Return the documents table with only the columns that `release` may use."""
    added = [Column("summary", Text)] if release.has_summaries else []
    return Table(
        "documents",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("owner_id", Uuid, nullable=False),
        Column("filename", Text, nullable=False),
        Column("content_type", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("text", Text, nullable=False),
        Column("analysis", JSONB(none_as_null=True)),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False, onupdate=func.now()),
        *added,
    )


def all_tables(release: Release) -> MetaData:
    """Return every table that `release` uses, in one place, to compare with what stands."""
    together = MetaData()
    for table in (schema_level, settings, users(release), documents(release)):
        table.to_metadata(together)
    return together
