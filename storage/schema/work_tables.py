"""Tables of the bot's own work, no part of the record: jobs and leases, the stream, probes, Homes."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from storage.database.clock import Instant
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
