"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

# One more than the newest revision's; raise `floor` in schema_level only in a contract.
level =


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    op.execute(f"UPDATE schema_level SET level = {level}")


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
    op.execute(f"UPDATE schema_level SET level = {level - 1}")
