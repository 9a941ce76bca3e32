"""Authenticators beside the rows that carry authority, made with a key that is kept outside the database.

They stand beside an event and are no part of what is hashed. An event's own may be added and renewed (by a
new key), never taken away; everything else of an event is guarded as before.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AUTHENTICATED = ("audit_events", "cards", "inbox", "notices")
CONTENT = "tenant_id, seq, at, kind, actor, request_id, payload, prev_hash, hash"
"""The columns of an event that are fixed at birth."""
ALTERED = "audit_events: the record is never altered"


def upgrade() -> None:
    """Add nullable columns, so that the previous version goes on; guards let authenticators pass."""
    for table in AUTHENTICATED:
        op.add_column(table, sa.Column("authenticator", sa.String(length=96), nullable=True))
    op.add_column("inbox", sa.Column("problem", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")


def _guard_sqlite() -> None:
    op.execute("DROP TRIGGER audit_events_no_update")
    for name, event in (
        ("no_update", f"UPDATE OF {CONTENT} ON audit_events"),
        ("keeps_authenticator", "UPDATE OF authenticator ON audit_events WHEN NEW.authenticator IS NULL"),
    ):
        op.execute(
            f"CREATE TRIGGER audit_events_{name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{ALTERED}'); END"
        )


def _guard_postgresql() -> None:
    """With the function that guards the other tables since the first migration."""
    op.execute("DROP TRIGGER audit_events_append_only ON audit_events")
    for name, event, when in (
        ("append_only", f"DELETE OR UPDATE OF {CONTENT}", ""),
        ("keeps_authenticator", "UPDATE OF authenticator", "WHEN (NEW.authenticator IS NULL)"),
    ):
        op.execute(
            f"CREATE TRIGGER audit_events_{name} BEFORE {event} ON audit_events FOR EACH ROW {when} "
            "EXECUTE FUNCTION legacytls_refuse()"
        )
