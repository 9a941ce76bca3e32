"""Add a lease's tenant, duty, due time and outcome: jobs are found over all tenants.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import partial_index, refused
from storage.schema.comments import comment_on

revision = "0020"
down_revision = "0019"
downgrade = refused

OPEN_STATES = sa.text("state IN ('pending', 'approved', 'applying', 'uncertain')")


def upgrade() -> None:
    """Add columns, empty until a job is next taken: the previous version uses leases by name."""
    op.add_column("leases", sa.Column("tenant_id", sa.String(64), nullable=True))
    op.add_column("leases", sa.Column("duty", sa.String(32), nullable=True))
    op.add_column("leases", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leases", sa.Column("attempts", sa.Integer, nullable=True))
    op.add_column("leases", sa.Column("outcome", sa.String(16), nullable=True))
    op.create_index("ix_leases_due", "leases", ["duty", "due_at"])
    columns = ["tenant_id", "state"]
    partial_index("ix_change_requests_open", "change_requests", columns, OPEN_STATES)
    described = ["name", "holder", "epoch", "until", "tenant_id", "duty", "due_at", "attempts", "outcome"]
    comment_on(op.get_bind(), {"leases": described})
