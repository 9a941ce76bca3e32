"""Comment tables and columns in PostgreSQL; index the one foreign key that had none.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0010"
down_revision = "0009"
downgrade = refused


def upgrade() -> None:
    """Create an index and add comments; neither is seen by the previous version."""
    op.create_index("ix_baselines_request", "baselines", ["request_id"])
    if op.get_bind().dialect.name == "sqlite":
        return
    inspector = sa.inspect(op.get_bind())
    there = {
        table: [str(column["name"]) for column in inspector.get_columns(table)]
        for table in inspector.get_table_names()
    }
    comment_on(op.get_bind(), there)
