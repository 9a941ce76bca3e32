"""What people answered to reminders: put off until when, or done.

Only ever added, like every word of a person. Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import append_only, refused

revision = "0004"
down_revision = "0003"
downgrade = refused

TABLE = "reminder_answers"


def upgrade() -> None:
    """Create the table, then its guards."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("series", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("reply", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "key", name="ux_reminder_answers_key"),
    )
    op.create_index("ix_reminder_answers_series", TABLE, ["tenant_id", "series", "id"], unique=False)
    append_only(TABLE, "id = NEW.id OR (tenant_id = NEW.tenant_id AND key = NEW.key)")
