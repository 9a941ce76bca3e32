"""Define the table of what an App Home first showed; ``schema.tables`` has all others."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, String, Table

from storage.database.instants import Instant
from storage.schema.base import metadata, tenant

homes = Table(
    "homes",
    metadata,
    tenant(),
    Column("person_id", String(32), nullable=False),
    Column("request_id", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("shown_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant_id", "person_id", name="pk_homes"),
)
