"""Add who asked by organisation-wide id: two ids of one person are told without Slack.

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
    """Add a nullable, guarded column, so that the previous version goes on beside this one."""
    op.add_column(
        "change_requests", sa.Column("requester_enterprise_id", sa.String(length=32), nullable=True)
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {GUARD} BEFORE {EVENT} BEGIN SELECT RAISE(ABORT, 'a request is fixed at "
            "birth'); END"
        )
    else:
        op.execute(f"CREATE TRIGGER {GUARD} BEFORE {EVENT} FOR EACH ROW EXECUTE FUNCTION legacytls_refuse()")


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
