"""Add which act a delivery and request belong to, and find settings on record by index.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that may be empty and an index, so that the previous version goes on beside this one."""
    for table in ("change_requests", "inbox"):
        op.add_column(table, sa.Column("correlation_id", sa.String(length=64), nullable=True))
    settings = sa.text("kind = 'settings'")
    op.create_index(
        "ix_audit_events_settings",
        "audit_events",
        ["tenant_id", "seq"],
        sqlite_where=settings,
        postgresql_where=settings,
    )


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
