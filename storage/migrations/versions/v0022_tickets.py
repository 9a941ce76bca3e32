"""The change ticket of a request, fixed at birth like the rest of what is approved.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import guard, refused
from storage.schema.comments import comment_on
from storage.schema.guards import Guard

revision = "0022"
down_revision = "0021"
downgrade = refused

FIXED = "a request is fixed at birth"


def upgrade() -> None:
    """Add a column and its guard; the previous version goes on beside this one and leaves it empty."""
    op.add_column("change_requests", sa.Column("ticket", sa.String(64), nullable=True))
    guard(Guard("change_requests_ticket", "change_requests", ("UPDATE",), "ticket", message=FIXED))
    comment_on(op.get_bind(), {"change_requests": ["ticket"]})
