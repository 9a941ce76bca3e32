"""What was last found of each endpoint and TLS version, so that a change of it can be told once.

Revision ID: 0015
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0015"
down_revision = "0014"
downgrade = refused


def upgrade() -> None:
    """Create one table; the previous version goes on beside this one and knows nothing of it."""
    columns: list[sa.Column[Any]] = [
        sa.Column("tenant_id", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("tls", sa.String(8), nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
    ]
    names = [column.name for column in columns]
    op.create_table(
        "probes", *columns, sa.PrimaryKeyConstraint("tenant_id", "host", "port", "tls", name="pk_probes")
    )
    comment_on(op.get_bind(), {"probes": names})
