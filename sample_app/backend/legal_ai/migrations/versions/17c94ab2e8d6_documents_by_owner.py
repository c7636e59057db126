"""An index for a user's newest documents (v1.1.0), built while the table stays writable."""

from alembic import op
from sqlalchemy import text

revision = "17c94ab2e8d6"
down_revision = "b83e6d5120fa"
branch_labels = None
depends_on = None
level = 3
phase = "expand"

INDEX = "ix_documents_owner_created"


def upgrade() -> None:
    """Build the index outside a transaction; one left invalid by an earlier try goes first."""
    with op.get_context().autocommit_block():
        # The build waits for older transactions and takes as long as the table is big. It blocks
        # nobody meanwhile, so neither limit is for it.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        if not op.get_context().as_sql and _is_invalid():
            op.execute(f"DROP INDEX CONCURRENTLY {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {INDEX} "
            "ON documents (owner_id, created_at DESC)"
        )
        op.execute("RESET statement_timeout")
        op.execute("RESET lock_timeout")
    op.execute("UPDATE schema_level SET level = 3")


def downgrade() -> None:
    """Drop the index while the table stays writable."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
    op.execute("UPDATE schema_level SET level = 2")


def _is_invalid() -> bool:
    query = text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().execute(query, {"name": INDEX}).scalar())
