"""The table of how far each receiver of the stream has got; ``storage.schema.tables`` has all the others."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, Table, Text

from storage.database.instants import Instant
from storage.schema.base import metadata, tenant

streams = Table(
    "streams",
    metadata,
    tenant(),
    Column("receiver", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("taken_at", Instant),
    Column("tries", Integer, nullable=False),
    Column("problem", Text),
    Column("next_at", Instant),
    PrimaryKeyConstraint("tenant_id", "receiver", name="pk_streams"),
)
