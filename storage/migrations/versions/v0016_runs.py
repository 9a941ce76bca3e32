"""Keep equal readings as one row with first and last time and number, not a row each.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0016"
down_revision = "0015"
downgrade = refused


def upgrade() -> None:
    """Add two columns, empty in a row of one reading: all old ones and the previous version's."""
    op.add_column("observations", sa.Column("first_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("observations", sa.Column("readings", sa.Integer, nullable=True))
    comment_on(op.get_bind(), {"observations": ["at", "first_at", "readings"]})
