"""Which act a delivery and a request belong to, for whoever follows one click through the logs.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be empty, so that the previous version goes on beside this one."""
    for table in ("change_requests", "inbox"):
        op.add_column(table, sa.Column("correlation_id", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
