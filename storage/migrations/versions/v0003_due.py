"""Index changes made outside whose author is looked up, among any number of old ones.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ATTRIBUTABLE = sa.text("state = 'observed' AND retry_at IS NOT NULL")


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "ix_change_requests_attributable",
        "change_requests",
        ["tenant_id", "retry_at"],
        unique=False,
        sqlite_where=ATTRIBUTABLE,
        postgresql_where=ATTRIBUTABLE,
    )


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
