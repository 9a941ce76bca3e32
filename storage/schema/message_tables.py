"""Define the tables of what is owed, where it stands in Slack, and what came from there."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.database.clock import Instant
from storage.schema.base import authenticator, index_where, metadata, of_request, tenant

notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("kind", String(32), nullable=False),
    Column("key", String(255), nullable=False),
    Column("request_id", Integer),
    Column("recipient", String(32)),
    Column("channel", String(32)),
    Column("facts", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text),
    Column("delivered_at", Instant),
    Column("posted_channel", String(32)),
    Column("posted_ts", String(32)),
    Column("claimed_until", BigInteger, nullable=False),
    authenticator(),
    Column("what", String(32)),
    UniqueConstraint("tenant_id", "key", name="ux_notices_key"),
    Index("ix_notices_request", "request_id", "kind"),
)

_ANNOUNCES = text("what IS NOT NULL")

_NEWEST = (notices.c.tenant_id, notices.c.what, notices.c.id)
index_where(_ANNOUNCES, "ix_notices_what", *_NEWEST)

OWED = text("delivered_at IS NULL")
index_where(OWED, "ix_notices_owed", notices.c.tenant_id, notices.c.due_at)

reminder_answers = Table(
    "reminder_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("series", String(255), nullable=False),
    Column("key", String(255), nullable=False),
    Column("reply", String(16), nullable=False),
    Column("person_id", String(32), nullable=False),
    Column("until", Instant),
    Column("answered_at", Instant, nullable=False),
    UniqueConstraint("tenant_id", "key", name="ux_reminder_answers_key"),
    Index("ix_reminder_answers_series", "tenant_id", "series", "id"),
)

cards = Table(
    "cards",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("ts", String(32), primary_key=True),
    tenant(),
    of_request(),
    Column("drawn_version", Integer, nullable=False),
    authenticator(),
    Index("ix_cards_request", "request_id"),
)

_LINK: Column[str] = Column("link", Text, nullable=False)

permalinks = Table(
    "permalinks",
    metadata,
    Column("request_id", ForeignKey("change_requests.id"), primary_key=True),
    tenant(),
    _LINK,
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("key", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("claimed_until", BigInteger, nullable=False),
    Column("correlation_id", String(64)),
    authenticator(),
    Column("problem", Text),
    UniqueConstraint("tenant_id", "key", name="ux_inbox_key"),
)

WAITING = text("done_at IS NULL")
index_where(WAITING, "ix_inbox_waiting", inbox.c.tenant_id, inbox.c.id)
