"""Add a column for what Exchange's answer proves; ``integrity.first_edition`` reads old rows.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

from storage.schema.comments import statements

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a nullable column, so that the previous version goes on; the table is guarded whole."""
    op.add_column("attempts", sa.Column("outcome", sa.String(length=16), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        return
    for statement in statements({"attempts": ["outcome"]}):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
