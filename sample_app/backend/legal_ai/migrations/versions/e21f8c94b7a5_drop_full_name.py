"""full_name goes (v1.4.0): code older than v1.3.0 can't run from here on."""

from alembic import op
from sqlalchemy import text

revision = "e21f8c94b7a5"
down_revision = "9be37a60d4f8"
branch_labels = None
depends_on = None
level = 6
phase = "contract"
floor = 5
squawk_ignore = {
    "ban-drop-column": "this is the contract: no code at or above the floor names the column",
    "ban-drop-function": "only the trigger called it",
}

BATCH = 1000

# As in c5d0f1a27e43; a migration stands alone, so that it does in years what it does today.
KEEP_NAMES = """
CREATE OR REPLACE FUNCTION users_keep_names() RETURNS trigger LANGUAGE plpgsql AS $$
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
    """Raise the floor; drop the trigger and the column.

    The new column's default waited for the trigger's end: with it, a row of an older release would
    have come in with an empty display_name, and the trigger would have believed that one.
    """
    op.execute("UPDATE schema_level SET level = 6, floor = 5")
    op.execute("DROP TRIGGER users_keep_names ON users")
    op.execute("DROP FUNCTION users_keep_names()")
    op.execute("ALTER TABLE users ALTER COLUMN display_name SET DEFAULT ''")
    op.execute("ALTER TABLE users DROP COLUMN full_name")


def downgrade() -> None:
    """Bring the column back, with the trigger, and fill it again; only then lower the floor."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS full_name text NOT NULL DEFAULT ''")
        op.execute("ALTER TABLE users ALTER COLUMN display_name DROP DEFAULT")
        op.execute(KEEP_NAMES)
        op.execute(
            "CREATE OR REPLACE TRIGGER users_keep_names BEFORE INSERT OR UPDATE ON users "
            "FOR EACH ROW EXECUTE FUNCTION users_keep_names()"
        )
        if not op.get_context().as_sql:
            _refill()
    op.execute("UPDATE schema_level SET level = 5, floor = 1")


def _refill() -> None:
    """Copy the names back, a range of users at a time, each a transaction of its own."""
    fill = text(
        "WITH batch AS (SELECT id FROM users WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT :n),"
        " filled AS (UPDATE users SET full_name = display_name FROM batch WHERE users.id = batch.id"
        " AND users.full_name IS DISTINCT FROM users.display_name)"
        " SELECT id FROM batch ORDER BY id DESC LIMIT 1"
    )
    after = "00000000-0000-0000-0000-000000000000"
    while last := op.get_bind().execute(fill, {"after": after, "n": BATCH}).scalar_one_or_none():
        after = str(last)
