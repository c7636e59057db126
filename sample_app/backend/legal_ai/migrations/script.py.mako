"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

# One more than the newest revision's.
level =
# expand: older code does not notice. migrate: rows are brought over, older code still runs.
# contract: takes away what older code needs, and raises `floor` to the least level that fits.
phase =


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    op.execute(f"UPDATE schema_level SET level = {level}")


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
    op.execute(f"UPDATE schema_level SET level = {level - 1}")
