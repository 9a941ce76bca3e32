"""Who asked, by the id that holds in the whole organisation: two ids of one person are told although Slack forgot one.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GUARD = "change_requests_requester"
EVENT = "UPDATE OF requester_enterprise_id ON change_requests"


def upgrade() -> None:
    """Add a column that may be empty, so that the previous version goes on beside this one, and guard it like the others."""
    op.add_column("change_requests", sa.Column("requester_enterprise_id", sa.String(length=32), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {GUARD} BEFORE {EVENT} BEGIN SELECT RAISE(ABORT, 'a request is fixed at birth'); END")
    else:
        op.execute(f"CREATE TRIGGER {GUARD} BEFORE {EVENT} FOR EACH ROW EXECUTE FUNCTION legacytls_refuse()")


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
