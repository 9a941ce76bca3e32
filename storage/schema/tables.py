"""The tables of the ledger, as SQLAlchemy Core sees them; the migrations create them.

Every table carries the tenant's id. What may never change (decisions, attempts, events, rules, reasons,
answers to reminders and the content of a request) is additionally guarded by triggers, see the first
migration.
"""

from sqlalchemy import (
    Boolean,
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
from storage.schema import base, device_tables, message_tables, work_tables
from storage.schema.base import authenticator, index_where, of_request, tenant
from storage.schema.comments import describe

metadata = base.metadata
devices = device_tables.devices
leases, streams = work_tables.leases, work_tables.streams
probes, homes = work_tables.probes, work_tables.homes
notices, inbox, cards = message_tables.notices, message_tables.inbox, message_tables.cards
reminder_answers, permalinks = message_tables.reminder_answers, message_tables.permalinks
OWED, WAITING = message_tables.OWED, message_tables.WAITING


change_requests = Table(
    "change_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("kind", String(16), nullable=False),
    Column("requester_id", String(32)),
    Column("door", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("clients", Text, nullable=False),
    Column("protocols", String(64), nullable=False),
    Column("from_value", String(16)),
    Column("to_value", String(16), nullable=False),
    Column("window_end", Instant),
    Column("rule_digest", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("retry_at", Instant),
    Column("sent_at", Instant),
    Column("settled_at", Instant),
    Column("correlation_id", String(64)),
    Column("requester_enterprise_id", String(32)),
    Column("waiting", String(16)),
    Column("devices", Text),
    Column("ticket", String(64)),
    Index("ix_change_requests_page", "tenant_id", "id"),
    Index("ix_change_requests_requester", "tenant_id", "requester_id", "id"),
    Index("ix_change_requests_state", "tenant_id", "state", "id"),
    Index("ix_change_requests_kind", "tenant_id", "kind", "state", "id"),
    Index("ix_change_requests_created", "tenant_id", "created_at", "id"),
    sqlite_autoincrement=True,
)

_ONE_OPEN = text(
    "kind IN ('opt_in', 'extension') AND state IN ('pending', 'approved', 'applying', 'uncertain')"
)
_ONE_OPT_OUT = text("kind = 'opt_out' AND state IN ('approved', 'applying')")
index_where(_ONE_OPEN, "ux_one_open_opt_in", change_requests.c.tenant_id, unique=True)
index_where(_ONE_OPT_OUT, "ux_one_open_opt_out", change_requests.c.tenant_id, unique=True)

OPEN_STATES = text("state IN ('pending', 'approved', 'applying', 'uncertain')")
_OF_A_TENANT = (change_requests.c.tenant_id, change_requests.c.state)
index_where(OPEN_STATES, "ix_change_requests_open", *_OF_A_TENANT)

ATTRIBUTABLE = text("state = 'observed' AND retry_at IS NOT NULL")
index_where(
    ATTRIBUTABLE, "ix_change_requests_attributable", change_requests.c.tenant_id, change_requests.c.retry_at
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    of_request(),
    Column("person_id", String(32), nullable=False),
    Column("vote", String(16), nullable=False),
    Column("door", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("voted_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_decisions_request", "request_id", "id"),
    Index("ix_decisions_person", "tenant_id", "person_id", "request_id"),
)

reasons = Table(
    "reasons",
    metadata,
    Column("request_id", ForeignKey("change_requests.id"), primary_key=True),
    tenant(),
    Column("person_id", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    of_request(),
    Column("step", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("client_request_id", String(64)),
    Column("value", String(16)),
    Column("detail", Text, nullable=False),
    Column("outcome", String(16)),
    Index("ix_attempts_request", "request_id", "id"),
)

observations = Table(
    "observations",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("at", Instant, nullable=False),
    Column("value", String(16)),
    Column("smtp_auth_disabled", Boolean),
    Column("organization", String(255)),
    Column("problem", Text),
    Column("changed_at", Instant),
    Column("first_at", Instant),
    Column("readings", Integer),
    Index("ix_observations_newest", "tenant_id", "id"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("tenant_id", String(64), primary_key=True),
    Column("value", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("request_id", ForeignKey("change_requests.id")),
    Column("window_end", Instant),
    Index("ix_baselines_request", "request_id"),
)

organizations = Table(
    "organizations",
    metadata,
    Column("tenant_id", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Index("ix_rules_newest", "tenant_id", "id"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("tenant_id", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("request_id", Integer),
    Column("payload", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    authenticator(),
    UniqueConstraint("tenant_id", "prev_hash", name="ux_audit_events_prev"),
)

SETTINGS = text("kind = 'settings'")
index_where(SETTINGS, "ix_audit_events_settings", audit_events.c.tenant_id, audit_events.c.seq)

_OF_A_REQUEST = text("request_id IS NOT NULL")
index_where(
    _OF_A_REQUEST,
    "ix_audit_events_request",
    audit_events.c.tenant_id,
    audit_events.c.request_id,
    audit_events.c.seq,
)
COMPARED = ("baseline", "rule", "organization", "guards", "disagreed")
"""The kinds of which the newest event is looked up while the bot works."""
_COMPARED = text(" OR ".join(f"kind = '{kind}'" for kind in COMPARED))
index_where(
    _COMPARED, "ix_audit_events_compared", audit_events.c.tenant_id, audit_events.c.kind, audit_events.c.seq
)

describe(metadata)
