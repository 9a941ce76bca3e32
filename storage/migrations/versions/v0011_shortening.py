"""What the kinds of changes are, in the comment of their column: windows can be given an earlier end.

Revision ID: 0011
"""

from alembic import op

from storage.schema.comments import statements

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Renew one comment; nothing that the previous version reads or writes is changed."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for statement in statements({"change_requests": ["kind"]}):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")
