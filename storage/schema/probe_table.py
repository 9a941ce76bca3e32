"""Define the table of probe results; ``storage.schema.tables`` has all others."""

from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, String, Table

from storage.database.instants import Instant
from storage.schema.base import metadata, tenant

probes = Table(
    "probes",
    metadata,
    tenant(),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("tls", String(8), nullable=False),
    Column("accepted", Boolean),
    Column("since", Instant),
    Column("seen_at", Instant),
    Column("tried_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant_id", "host", "port", "tls", name="pk_probes"),
)
