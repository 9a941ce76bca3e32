"""${message}

Revision ID: ${up_revision}
"""

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import refused

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
downgrade = refused


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}
