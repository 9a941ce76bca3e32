"""Add a column for what Exchange's answer proves; ``integrity.first_edition`` reads old rows.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0013"
down_revision = "0012"
downgrade = refused


def upgrade() -> None:
    """Add a nullable column, so that the previous version goes on; the table is guarded whole."""
    op.add_column("attempts", sa.Column("outcome", sa.String(length=16), nullable=True))
    comment_on(op.get_bind(), {"attempts": ["outcome"]})
