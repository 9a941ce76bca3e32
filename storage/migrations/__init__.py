"""Alembic's script directory; ``storage.migrate`` runs it."""
