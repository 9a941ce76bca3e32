"""Index changes made outside whose author is looked up, among any number of old ones.

Revision ID: 0003
"""

import sqlalchemy as sa

from storage.migrations.steps import partial_index, refused

revision = "0003"
down_revision = "0002"
downgrade = refused

ATTRIBUTABLE = sa.text("state = 'observed' AND retry_at IS NOT NULL")


def upgrade() -> None:
    """Create the index."""
    partial_index(
        "ix_change_requests_attributable", "change_requests", ["tenant_id", "retry_at"], ATTRIBUTABLE
    )
