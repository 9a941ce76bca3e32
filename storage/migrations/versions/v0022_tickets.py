"""The change ticket of a request, fixed at birth like the rest of what is approved.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

from storage.schema.comments import statements

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FIXED = "a request is fixed at birth"


def upgrade() -> None:
    """Add a column and its guard; the previous version goes on beside this one and leaves it empty."""
    op.add_column("change_requests", sa.Column("ticket", sa.String(64), nullable=True))
    guard = "CREATE TRIGGER change_requests_ticket BEFORE UPDATE OF ticket ON change_requests"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"{guard} BEGIN SELECT RAISE(ABORT, '{FIXED}'); END")
        return
    op.execute(f"{guard} FOR EACH ROW EXECUTE FUNCTION legacytls_refuse()")
    for statement in statements({"change_requests": ["ticket"]}):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
