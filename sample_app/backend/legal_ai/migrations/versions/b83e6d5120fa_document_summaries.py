"""A summary for each document (v1.1.0, expand: older code never names the column)."""

from alembic import op

revision = "b83e6d5120fa"
down_revision = "4f2a91c07d35"
branch_labels = None
depends_on = None
level = 2
phase = "expand"


def upgrade() -> None:
    """Add the column, empty: PostgreSQL changes the catalogue only."""
    op.execute("ALTER TABLE documents ADD COLUMN summary text")
    op.execute("UPDATE schema_level SET level = 2")


def downgrade() -> None:
    """Drop the column, with the summaries in it."""
    op.execute("ALTER TABLE documents DROP COLUMN summary")
    op.execute("UPDATE schema_level SET level = 1")
