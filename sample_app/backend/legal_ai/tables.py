"""The tables as this release's code sees them; the migrations own what really stands."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
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

_metadata = MetaData()

schema_level = Table(
    "schema_level",
    _metadata,
    Column("singleton", Boolean, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("floor", Integer, nullable=False),
)

users = Table(
    "users",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(320), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

settings = Table(
    "settings",
    _metadata,
    Column("user_id", Uuid, ForeignKey(users.c.id), primary_key=True),
    Column("preferences", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, onupdate=func.now()),
)


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
