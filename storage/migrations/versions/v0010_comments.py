"""Comment tables and columns in PostgreSQL; index the one foreign key that had none.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

from storage.schema.comments import statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


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
    for statement in statements(there):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
