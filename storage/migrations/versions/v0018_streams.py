"""How far each receiver of the stream has got, so that a restart goes on where it stopped.

Revision ID: 0018
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0018"
down_revision = "0017"
downgrade = refused


def upgrade() -> None:
    """Create one table; the previous version goes on beside this one and knows nothing of it."""
    columns: list[sa.Column[Any]] = [
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("receiver", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
    ]
    names = [column.name for column in columns]
    op.create_table("streams", *columns, sa.PrimaryKeyConstraint("tenant_id", "receiver", name="pk_streams"))
    comment_on(op.get_bind(), {"streams": names})
