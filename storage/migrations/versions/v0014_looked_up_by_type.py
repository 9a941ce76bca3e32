"""Add columns for what requests wait for and announcements are about, formerly read from text.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import partial_index, refused
from storage.schema.comments import comment_on

revision = "0014"
down_revision = "0013"
downgrade = refused

ANNOUNCES = sa.text("what IS NOT NULL")
LOOKED_UP = ("head", "unreadable")
"""The announcements of which the newest is looked up; in the first edition their keys began with these words
and a colon."""


def upgrade() -> None:
    """Add two nullable columns, so that the previous version goes on, and fill them in."""
    op.add_column("change_requests", sa.Column("waiting", sa.String(length=16), nullable=True))
    op.add_column("notices", sa.Column("what", sa.String(length=32), nullable=True))
    for what in LOOKED_UP:
        mine = sa.text("UPDATE notices SET what = :what WHERE kind = 'channel' AND key LIKE :key")
        op.get_bind().execute(mine, {"what": what, "key": f"{what}:%"})
    columns = ["tenant_id", "what", "id"]
    partial_index("ix_notices_what", "notices", columns, ANNOUNCES)
    comment_on(op.get_bind(), {"change_requests": ["waiting"], "notices": ["what"]})
