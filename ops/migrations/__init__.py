"""Migrations of the stack's database, run as Jobs from a color's image (docs/migrations.md)."""
