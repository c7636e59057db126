"""Users, documents, settings, and the level of the schema itself (v1.0.0)."""

from alembic import op

revision = "4f2a91c07d35"
down_revision = None
branch_labels = None
depends_on = None
level = 1
phase = "expand"
squawk_ignore = {
    "prefer-bigint-over-int": "a level, a floor and the bytes of an upload stay far below 2^31",
    "prefer-text-field": "no address is longer (RFC 5321), and the limit never has to grow",
}


def upgrade() -> None:
    """Create the first tables."""
    op.execute(
        """
        CREATE TABLE schema_level (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            level integer NOT NULL,
            floor integer NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            email varchar(320) NOT NULL UNIQUE,
            password_hash text NOT NULL,
            full_name text NOT NULL DEFAULT '',
            organization text NOT NULL DEFAULT '',
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE documents (
            id uuid PRIMARY KEY,
            owner_id uuid NOT NULL REFERENCES users (id),
            filename text NOT NULL,
            content_type text NOT NULL,
            size integer NOT NULL,
            content bytea NOT NULL,
            text text NOT NULL,
            analysis jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE settings (
            user_id uuid PRIMARY KEY REFERENCES users (id),
            preferences jsonb NOT NULL DEFAULT '{}',
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("INSERT INTO schema_level (level, floor) VALUES (1, 1)")


def downgrade() -> None:
    """Drop the first tables, with everything in them."""
    op.execute("DROP TABLE settings, documents, users, schema_level")
