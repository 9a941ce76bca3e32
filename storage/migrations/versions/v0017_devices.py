"""The register of devices: entries, acts, reports, sightings, and the entries that a request names.

Revision ID: 0017
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import append_only, guard, in_sqlite, never_replaced, partial_index, refused
from storage.schema.comments import comment_on
from storage.schema.guards import Guard

revision = "0017"
down_revision = "0016"
downgrade = refused

STANDING = sa.text("state = 'proposed' OR state = 'active'")
"""Spelled with OR, or SQLite does not take the index (sqlite.org/partialindex.html)."""

CONTENT = (
    "id, tenant_id, device, sender, site, protocol, reason, plan, proposer_id, proposer_enterprise_id, "
    "fingerprint, created_at"
)
"""The columns of an entry that are fixed at birth."""

ENDED = "OLD.state IN ('replaced', 'withdrawn', 'refused')"
SETTLED = (
    "OLD.state IN ('applied', 'failed', 'rejected', 'withdrawn', 'expired', 'stale', 'superseded', "
    "'observed')"
)
IDENTITY = {
    "device_acts": "id = NEW.id OR (tenant_id = NEW.tenant_id AND seq = NEW.seq)",
    "reports": "id = NEW.id OR (tenant_id = NEW.tenant_id AND digest = NEW.digest)",
}
"""Tables whose rows are only ever added, and what makes a new row the same as an old one."""

FIXED, ENDS, SETTLES = (
    "a device is fixed at birth",
    "an entry that has ended stays ended",
    "a settled request stays settled",
)


def upgrade() -> None:
    """Create four tables and a column, then their guards; the previous version goes on beside this one."""
    _devices()
    _device_acts()
    _reports()
    _sightings()
    op.add_column("change_requests", sa.Column("devices", sa.Text(), nullable=True))
    never_replaced("devices", "id = NEW.id")
    for table, same in IDENTITY.items():
        append_only(table, same)
    guard(*_guards())
    if in_sqlite():
        return
    there = sa.inspect(op.get_bind())
    tables = {
        table: [column["name"] for column in there.get_columns(table)]
        for table in ("devices", *IDENTITY, "sightings")
    }
    comment_on(op.get_bind(), tables | {"change_requests": ["devices"]})


def _guards() -> Iterator[Guard]:
    yield Guard("change_requests_devices", "change_requests", ("UPDATE",), "devices", SETTLED, SETTLES)
    yield Guard("devices_no_delete", "devices", ("DELETE",), message="a device is never removed")
    yield Guard("devices_content", "devices", ("UPDATE",), CONTENT, message=FIXED)
    yield Guard("devices_ended", "devices", ("UPDATE",), when=ENDED, message=ENDS)
    if in_sqlite():
        yield Guard("devices_number", "devices", ("UPDATE",), when="NEW.id <> OLD.id", message=FIXED)


def _day(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(10), nullable=nullable)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _devices() -> None:
    op.create_table(
        "devices",
        _number("id"),
        _text("tenant_id", 64),
        _text("device"),
        _text("sender", 320),
        _text("site"),
        _text("protocol", 16),
        _text("reason"),
        _text("plan"),
        _text("proposer_id", 32),
        _text("proposer_enterprise_id", 32, nullable=True),
        _text("fingerprint", 64),
        _instant("created_at"),
        _text("owner_id", 32, nullable=True),
        _day("due", nullable=False),
        _text("due_by", 32),
        _day("asked_due"),
        _text("asked_by", 32, nullable=True),
        _text("state", 16),
        _number("version"),
        _number("moves"),
        _instant("active_at", nullable=True),
        _instant("ended_at", nullable=True),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    _device_indexes()


def _device_indexes() -> None:
    op.create_index("ix_devices_page", "devices", ["tenant_id", "id"])
    for name, columns in (
        ("ix_devices_due", ["tenant_id", "due", "id"]),
        ("ix_devices_owner", ["tenant_id", "owner_id", "due", "id"]),
        ("ix_devices_sender", ["tenant_id", "sender"]),
    ):
        partial_index(name, "devices", columns, STANDING)
    unique = ["tenant_id", "fingerprint"]
    partial_index("ux_devices_standing", "devices", unique, STANDING, unique=True)


def _device_acts() -> None:
    op.create_table(
        "device_acts",
        _number("id"),
        _text("tenant_id", 64),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), nullable=False),
        _number("seq"),
        _text("act", 24),
        _text("person_id", 64),
        _instant("at"),
        _day("due_before"),
        _day("due_after"),
        _text("why"),
        _number("request_id", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "seq", name="ux_device_acts_seq"),
    )
    op.create_index("ix_device_acts_device", "device_acts", ["device_id", "id"])


def _reports() -> None:
    op.create_table(
        "reports",
        _number("id"),
        _text("tenant_id", 64),
        _number("seq"),
        _text("kind", 24),
        _day("first_day"),
        _day("last_day"),
        _text("digest", 64),
        _number("row_count"),
        _text("imported_by", 64),
        _instant("imported_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "digest", name="ux_reports_digest"),
    )


def _sightings() -> None:
    op.create_table(
        "sightings",
        _text("tenant_id", 64),
        _text("sender", 320),
        sa.Column("report_id", sa.Integer, sa.ForeignKey("reports.id"), nullable=True),
        _day("as_of", nullable=False),
        _instant("imported_at"),
        *(sa.Column(name, sa.Float, nullable=True) for name in ("tls10", "tls11", "tls12")),
        _number("messages", nullable=True),
        sa.Column("is_legacy", sa.Boolean, nullable=False),
        _day("last_seen"),
        sa.PrimaryKeyConstraint("tenant_id", "sender", name="pk_sightings"),
    )
    op.create_index("ix_sightings_report", "sightings", ["report_id", "is_legacy"])
    op.create_index("ix_sightings_pruned", "sightings", ["tenant_id", "imported_at"])
