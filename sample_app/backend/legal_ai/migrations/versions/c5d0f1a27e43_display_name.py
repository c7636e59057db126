"""A user's name moves from full_name to display_name (v1.2.0): both, kept the same by a trigger."""

from alembic import op

revision = "c5d0f1a27e43"
down_revision = "17c94ab2e8d6"
branch_labels = None
depends_on = None
level = 4
phase = "expand"

# In an update the column that was changed is the one to believe; a new row may lack the new column.
KEEP_NAMES = """
CREATE FUNCTION users_keep_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.display_name IS NULL
        OR (TG_OP = 'UPDATE'
            AND NEW.display_name IS NOT DISTINCT FROM OLD.display_name
            AND NEW.full_name IS DISTINCT FROM OLD.full_name)
    THEN
        NEW.display_name := NEW.full_name;
    ELSE
        NEW.full_name := NEW.display_name;
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    """Add the column, empty, and the trigger; and a table for the progress of backfills."""
    op.execute("ALTER TABLE users ADD COLUMN display_name text")
    op.execute(KEEP_NAMES)
    op.execute(
        "CREATE TRIGGER users_keep_names BEFORE INSERT OR UPDATE ON users "
        "FOR EACH ROW EXECUTE FUNCTION users_keep_names()"
    )
    op.execute(
        """
        CREATE TABLE backfills (
            name text PRIMARY KEY,
            last_key text,
            rows bigint NOT NULL DEFAULT 0,
            updated_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz
        )
        """
    )
    op.execute("UPDATE schema_level SET level = 4")


def downgrade() -> None:
    """Drop the new column: full_name has all that was written, thanks to the trigger."""
    op.execute("DROP TRIGGER users_keep_names ON users")
    op.execute("DROP FUNCTION users_keep_names()")
    op.execute("ALTER TABLE users DROP COLUMN display_name")
    op.execute("DROP TABLE backfills")
    op.execute("UPDATE schema_level SET level = 3")
