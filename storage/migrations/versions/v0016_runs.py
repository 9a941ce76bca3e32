"""Keep equal readings as one row with first and last time and number, not a row each.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

from storage.schema.comments import statements

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns, empty in a row of one reading: all old ones and the previous version's."""
    op.add_column("observations", sa.Column("first_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("observations", sa.Column("readings", sa.Integer, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        for statement in statements({"observations": ["at", "first_at", "readings"]}):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
