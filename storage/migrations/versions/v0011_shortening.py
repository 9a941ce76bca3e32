"""What the kinds of changes are, in the comment of their column: windows can be given an earlier end.

Revision ID: 0011
"""

from alembic import op

from storage.migrations.steps import refused
from storage.schema.comments import comment_on

revision = "0011"
down_revision = "0010"
downgrade = refused


def upgrade() -> None:
    """Renew one comment; nothing that the previous version reads or writes is changed."""
    comment_on(op.get_bind(), {"change_requests": ["kind"]})
