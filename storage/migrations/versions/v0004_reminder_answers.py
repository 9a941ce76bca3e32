"""What people answered to reminders: put off until when, or done.

Only ever added, like every word of a person. Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "reminder_answers"
ALTERED = f"{TABLE}: the record is never altered"


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
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")


def _guard_sqlite() -> None:
    """Refuse a second row too: ``REPLACE`` removes the old one without its DELETE trigger."""
    same = "id = NEW.id OR (tenant_id = NEW.tenant_id AND key = NEW.key)"
    events = {
        "no_update": f"UPDATE ON {TABLE}",
        "no_delete": f"DELETE ON {TABLE}",
        "no_replace": (f"INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE {same})"),  # noqa: S608 - constants of this file
    }
    for name, event in events.items():
        op.execute(
            f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{ALTERED}'); END"
        )


def _guard_postgresql() -> None:
    """With the function that guards the other tables since the first migration."""
    for name, event in (("append_only", "UPDATE OR DELETE"), ("no_truncate", "TRUNCATE")):
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        op.execute(
            f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION "
            "legacytls_refuse()"
        )
