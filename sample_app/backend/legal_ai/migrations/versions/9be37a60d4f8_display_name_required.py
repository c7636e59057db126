"""Every user has a display_name (v1.3.0): checked, and required from here on."""

from alembic import op
from alembic.util import CommandError
from sqlalchemy import text

revision = "9be37a60d4f8"
down_revision = "c5d0f1a27e43"
branch_labels = None
depends_on = None
level = 5
phase = "migrate"
squawk_ignore = {
    "ban-drop-constraint": "only the proof for NOT NULL, which takes its place in the same moment"
}

CHECK = "users_display_name_given"


def upgrade() -> None:
    """Check all rows while they stay writable; refused while any is not backfilled.

    In statements of their own, each of which may be repeated: adding a constraint blocks everybody
    for a moment, validating it takes as long as the table is big and blocks nobody.
    """
    with op.get_context().autocommit_block():
        if not op.get_context().as_sql:
            _require_backfilled()
        op.execute(
            f"ALTER TABLE users DROP CONSTRAINT IF EXISTS {CHECK}, "
            f"ADD CONSTRAINT {CHECK} CHECK (display_name IS NOT NULL) NOT VALID"
        )
        op.execute("SET statement_timeout = 0")
        op.execute(f"ALTER TABLE users VALIDATE CONSTRAINT {CHECK}")
        op.execute("RESET statement_timeout")
    op.execute("ALTER TABLE users ALTER COLUMN display_name SET NOT NULL")
    op.execute(f"ALTER TABLE users DROP CONSTRAINT {CHECK}")
    op.execute("UPDATE schema_level SET level = 5")


def downgrade() -> None:
    """Let the column be empty again; what is in it stays."""
    op.execute("ALTER TABLE users ALTER COLUMN display_name DROP NOT NULL")
    op.execute(f"ALTER TABLE users DROP CONSTRAINT IF EXISTS {CHECK}")
    op.execute("UPDATE schema_level SET level = 4")


def _require_backfilled() -> None:
    missing = "SELECT EXISTS (SELECT FROM users WHERE display_name IS NULL)"
    if op.get_bind().execute(text(missing)).scalar_one():
        raise CommandError(
            f"{revision}: users without a display_name are left, so nothing was changed. Run the "
            "backfill (scripts/migrate.py backfill), then this again"
        )
