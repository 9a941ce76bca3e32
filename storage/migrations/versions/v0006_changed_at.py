"""Add when the configuration was last changed, as read: it tells old readings from new.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused

revision = "0006"
down_revision = "0005"
downgrade = refused


def upgrade() -> None:
    """Add a column that may be empty, so that the previous version goes on beside this one."""
    op.add_column("observations", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
