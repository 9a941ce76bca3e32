"""Add which act a delivery and request belong to, and find settings on record by index.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import partial_index, refused

revision = "0005"
down_revision = "0004"
downgrade = refused


def upgrade() -> None:
    """Add columns that may be empty and an index, so that the previous version goes on beside this one."""
    for table in ("change_requests", "inbox"):
        op.add_column(table, sa.Column("correlation_id", sa.String(length=64), nullable=True))
    settings = sa.text("kind = 'settings'")
    partial_index("ix_audit_events_settings", "audit_events", ["tenant_id", "seq"], settings)
