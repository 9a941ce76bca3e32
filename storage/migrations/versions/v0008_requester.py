"""Add who asked by organisation-wide id: two ids of one person are told without Slack.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import guard, refused
from storage.schema.guards import Guard

revision = "0008"
down_revision = "0007"
downgrade = refused


def upgrade() -> None:
    """Add a nullable, guarded column, so that the previous version goes on beside this one."""
    op.add_column(
        "change_requests", sa.Column("requester_enterprise_id", sa.String(length=32), nullable=True)
    )
    name, column = "change_requests_requester", "requester_enterprise_id"
    guard(Guard(name, "change_requests", ("UPDATE",), column, message="a request is fixed at birth"))
