"""Define the register's tables: entries, acts, imported reports, and sightings.

Entries are no more removed than requests are; acts and reports are only added. Sightings may be pruned.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    or_,
)

from storage.database.clock import Instant
from storage.schema.base import index_where, metadata, tenant

DAY = String(10)
"""A calendar day as ISO 8601 spells it: sorts as text, and is compared with the record as it stands."""

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("device", Text, nullable=False),
    Column("sender", String(320), nullable=False),
    Column("site", Text, nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("proposer_id", String(32), nullable=False),
    Column("proposer_enterprise_id", String(32)),
    Column("fingerprint", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("owner_id", String(32)),
    Column("due", DAY, nullable=False),
    Column("due_by", String(32), nullable=False),
    Column("asked_due", DAY),
    Column("asked_by", String(32)),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("moves", Integer, nullable=False),
    Column("active_at", Instant),
    Column("ended_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("ix_devices_page", "tenant_id", "id"),
    sqlite_autoincrement=True,
)

IS_STANDING = or_(devices.c.state == "proposed", devices.c.state == "active")
"""Spelled with OR, or SQLite does not take the index (sqlite.org/partialindex.html); an expression, since a
text is not put into parentheses where it is one condition of several.
"""
_OF_TENANT = devices.c.tenant_id
index_where(IS_STANDING, "ix_devices_due", _OF_TENANT, devices.c.due, devices.c.id)
index_where(IS_STANDING, "ix_devices_owner", *(_OF_TENANT, devices.c.owner_id, devices.c.due, devices.c.id))
index_where(IS_STANDING, "ix_devices_sender", _OF_TENANT, devices.c.sender)
index_where(IS_STANDING, "ux_devices_standing", *(_OF_TENANT, devices.c.fingerprint), unique=True)

device_acts = Table(
    "device_acts",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("device_id", ForeignKey("devices.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("act", String(24), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("due_before", DAY),
    Column("due_after", DAY),
    Column("why", Text, nullable=False),
    Column("request_id", Integer),
    UniqueConstraint("tenant_id", "seq", name="ux_device_acts_seq"),
    Index("ix_device_acts_device", "device_id", "id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Integer, primary_key=True),
    tenant(),
    Column("seq", Integer, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("first_day", DAY),
    Column("last_day", DAY),
    Column("digest", String(64), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("imported_by", String(64), nullable=False),
    Column("imported_at", Instant, nullable=False),
    UniqueConstraint("tenant_id", "digest", name="ux_reports_digest"),
)

sightings = Table(
    "sightings",
    metadata,
    tenant(),
    Column("sender", String(320), nullable=False),
    Column("report_id", ForeignKey("reports.id")),
    Column("as_of", DAY, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("tls10", Float),
    Column("tls11", Float),
    Column("tls12", Float),
    Column("messages", Integer),
    Column("is_legacy", Boolean, nullable=False),
    Column("last_seen", DAY),
    PrimaryKeyConstraint("tenant_id", "sender", name="pk_sightings"),
    Index("ix_sightings_report", "report_id", "is_legacy"),
    Index("ix_sightings_pruned", "tenant_id", "imported_at"),
)
