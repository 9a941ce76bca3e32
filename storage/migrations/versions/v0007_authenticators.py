"""Authenticators beside the rows that carry authority, made with a key that is kept outside the database.

They stand beside an event and are no part of what is hashed. An event's own may be added and renewed (by a
new key), never taken away; everything else of an event is guarded as before.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import guard, in_sqlite, refused
from storage.schema.guards import Guard

revision = "0007"
down_revision = "0006"
downgrade = refused

AUTHENTICATED = ("audit_events", "cards", "inbox", "notices")
CONTENT = "tenant_id, seq, at, kind, actor, request_id, payload, prev_hash, hash"
"""The columns of an event that are fixed at birth."""
ALTERED = "audit_events: the record is never altered"


def upgrade() -> None:
    """Add nullable columns, so that the previous version goes on; guards let authenticators pass."""
    for table in AUTHENTICATED:
        op.add_column(table, sa.Column("authenticator", sa.String(length=96), nullable=True))
    op.add_column("inbox", sa.Column("problem", sa.Text(), nullable=True))
    if in_sqlite():
        op.execute("DROP TRIGGER audit_events_no_update")
        guard(Guard("audit_events_no_update", "audit_events", ("UPDATE",), CONTENT, message=ALTERED))
    else:
        op.execute("DROP TRIGGER audit_events_append_only ON audit_events")
        guard(Guard("audit_events_append_only", "audit_events", ("UPDATE", "DELETE"), CONTENT))
    name, without = "audit_events_keeps_authenticator", "NEW.authenticator IS NULL"
    guard(Guard(name, "audit_events", ("UPDATE",), "authenticator", without, ALTERED))
