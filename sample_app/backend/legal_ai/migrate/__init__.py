"""Migrations, inside the image: `python3 -m legal_ai.migrate`. See `__main__.py` for its commands.

Alembic's own files are in `legal_ai/migrations`; here is what makes running them safe.
"""
