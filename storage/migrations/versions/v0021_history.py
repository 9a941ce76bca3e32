"""Index history by kind, person and days: a page costs the same however long the record is.

Revision ID: 0021
"""

from alembic import op

from storage.migrations.steps import refused

revision = "0021"
down_revision = "0020"
downgrade = refused


def upgrade() -> None:
    """Add three indexes; a replica of the previous version neither needs nor minds them."""
    op.create_index("ix_change_requests_kind", "change_requests", ["tenant_id", "kind", "state", "id"])
    op.create_index("ix_change_requests_created", "change_requests", ["tenant_id", "created_at", "id"])
    op.create_index("ix_decisions_person", "decisions", ["tenant_id", "person_id", "request_id"])
