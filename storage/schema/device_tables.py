"""Define the register's tables and their comments: entries, acts, imported reports, and sightings.

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


DEVICE_COMMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "devices": (
        "The register: one device or application that still needs legacy TLS a row.",
        {
            "id": "Number that people read, such as D12; counted over all tenants, never given twice.",
            "device": "What it is, as typed.",
            "sender": "The mail address it sends as, in small letters.",
            "site": "Where it stands, as typed; may be empty.",
            "protocol": "The protocol it uses.",
            "reason": "Why it cannot speak TLS 1.2, as typed.",
            "plan": "What is to become of it, as typed.",
            "proposer_id": "Slack id of whoever put it on the register.",
            "proposer_enterprise_id": (
                "The same person's id in the whole Enterprise Grid organisation; empty: outside of one."
            ),
            "fingerprint": "SHA-256 of device, site and sender: the same device stands on the register once.",
            "created_at": "When it was put on the register.",
            "owner_id": "Slack id of whoever answers for it; empty: nobody does.",
            "due": "The last day on which it may need legacy TLS.",
            "due_by": "Slack id of whoever set that day.",
            "asked_due": "A later day that waits for an approver; empty: none was asked for.",
            "asked_by": "Slack id of whoever asked for it.",
            "state": "proposed, active, replaced, withdrawn or refused.",
            "version": "Counts the acts on it.",
            "moves": "How often the due day was moved.",
            "active_at": "When a second person agreed to it; empty: never.",
            "ended_at": "When it came off the list; empty: it stands.",
            "changed_at": "When it was acted on last.",
        },
    ),
    "device_acts": (
        "One act on an entry of the register a row. Rows are only added.",
        {
            "device_id": "Number of the entry (devices.id).",
            "seq": "Number of the event that records it (audit_events.seq).",
            "act": "What was done.",
            "person_id": "Who did it: a Slack id, or the bot.",
            "at": "When.",
            "due_before": "The due day before; empty: it is not about that.",
            "due_after": "The due day since then, or the one that was asked for.",
            "why": "As typed.",
            "request_id": "The change that names the entry, where that is the cause.",
        },
    ),
    "reports": (
        "One imported export of the admin centre or of Entra a row. Rows are only added.",
        {
            "seq": "Number of the event that records it (audit_events.seq).",
            "kind": "Which export it is.",
            "first_day": "First day of its period; empty: not told.",
            "last_day": "Last day of its period; empty: not told.",
            "digest": "SHA-256 of the file and how it was read: the same one changes nothing.",
            "row_count": "How many rows it holds.",
            "imported_by": "Who imported it: a Slack id, or the bot for the command line.",
            "imported_at": "When.",
        },
    ),
    "sightings": (
        "What the newest report says of one sender a row; old ones are removed (LEGACYTLS_RETENTION).",
        {
            "sender": "Mail address, in small letters.",
            "report_id": "The report (reports.id); empty: it was seen in sign-ins alone.",
            "as_of": "The last day that the report speaks of, or the day of its import.",
            "imported_at": "When.",
            "tls10": "Share of its messages over TLS 1.0 in percent; empty: not told.",
            "tls11": "Share over TLS 1.1 in percent; empty: not told.",
            "tls12": "Share over TLS 1.2 in percent; empty: not told.",
            "messages": "How many messages it sent; empty: not told.",
            "is_legacy": "Whether anything of it came over TLS 1.0 or 1.1.",
            "last_seen": "The last day on which it was seen.",
        },
    ),
}
"""Table by table: the comment, and that of each column which does not mean the same everywhere."""
