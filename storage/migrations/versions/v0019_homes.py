"""What each person's App Home was first seen to show, and an index for what somebody asked for.

Revision ID: 0019
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0019"
down_revision = "0018"
downgrade = refused


def upgrade() -> None:
    """Create one table and one index that the previous version does not know."""
    columns: list[sa.Column[Any]] = [
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
    ]
    names = [column.name for column in columns]
    op.create_table("homes", *columns, sa.PrimaryKeyConstraint("tenant_id", "person_id", name="pk_homes"))
    op.create_index("ix_change_requests_requester", "change_requests", ["tenant_id", "requester_id", "id"])
    comment_on(op.get_bind(), {"homes": names})
