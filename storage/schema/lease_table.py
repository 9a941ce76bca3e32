"""The table of jobs, each with its lease; ``storage.schema.tables`` has all the others."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from storage.database.instants import Instant
from storage.schema.base import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(96), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("tenant_id", String(64)),
    Column("duty", String(32)),
    Column("due_at", Instant),
    Column("attempts", Integer),
    Column("outcome", String(16)),
    Index("ix_leases_due", "duty", "due_at"),
)
