"""Index a request's events, and the newest event of kinds that rows are compared with.

Revision ID: 0009
"""

import sqlalchemy as sa

from storage.migrations.steps import partial_index, refused

revision = "0009"
down_revision = "0008"
downgrade = refused

OF_A_REQUEST = sa.text("request_id IS NOT NULL")
COMPARED = sa.text(
    "kind = 'baseline' OR kind = 'rule' OR kind = 'organization' OR kind = 'guards' OR kind = 'disagreed'"
)
"""Spelled with OR, or SQLite does not take the index for one of these kinds
(sqlite.org/partialindex.html)."""


def upgrade() -> None:
    """Create two indexes; the previous version goes on beside this one."""
    columns = ["tenant_id", "request_id", "seq"]
    partial_index("ix_audit_events_request", "audit_events", columns, OF_A_REQUEST)
    partial_index("ix_audit_events_compared", "audit_events", ["tenant_id", "kind", "seq"], COMPARED)
