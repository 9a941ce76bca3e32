"""Where a request's message is found in Slack, as a link, so that its number can lead there.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0012"
down_revision = "0011"
downgrade = refused


def upgrade() -> None:
    """Create one table; the previous version goes on beside this one and knows nothing of it."""
    op.create_table(
        "permalinks",
        sa.Column("request_id", sa.Integer, sa.ForeignKey("change_requests.id"), primary_key=True),
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("link", sa.Text, nullable=False),
    )
    comment_on(op.get_bind(), {"permalinks": ["request_id", "tenant_id", "link"]})
