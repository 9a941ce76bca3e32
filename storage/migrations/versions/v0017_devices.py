"""The register of devices: entries, acts, reports, sightings, and the entries that a request names.

Revision ID: 0017
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.schema.comments import statements

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

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
    if op.get_bind().dialect.name == "sqlite":
        for name, event, message in _sqlite():
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    for name, event in _postgresql():
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} EXECUTE FUNCTION legacytls_refuse()")
    there = sa.inspect(op.get_bind())
    tables = {
        table: [column["name"] for column in there.get_columns(table)]
        for table in ("devices", *IDENTITY, "sightings")
    }
    for statement in statements(tables | {"change_requests": ["devices"]}):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")


def _sqlite() -> Iterator[tuple[str, str, str]]:
    yield "change_requests_devices", f"UPDATE OF devices ON change_requests WHEN {SETTLED}", SETTLES
    yield "devices_no_delete", "DELETE ON devices", "a device is never removed"
    yield "devices_content", f"UPDATE OF {CONTENT} ON devices", FIXED
    yield "devices_ended", f"UPDATE ON devices WHEN {ENDED}", ENDS
    yield "devices_number", "UPDATE ON devices WHEN NEW.id <> OLD.id", FIXED
    for table, same in {"devices": "id = NEW.id", **IDENTITY}.items():
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - constants of this file
        yield (
            f"{table}_no_replace",
            f"INSERT ON {table} WHEN {there}",
            f"{table}: the record is never altered",
        )
    for table in IDENTITY:
        for verb in ("UPDATE", "DELETE"):
            yield f"{table}_no_{verb.lower()}", f"{verb} ON {table}", f"{table}: the record is never altered"


def _postgresql() -> Iterator[tuple[str, str]]:
    """With the function that guards the other tables since the first migration."""
    yield "change_requests_devices", f"UPDATE OF devices ON change_requests FOR EACH ROW WHEN ({SETTLED})"
    yield "devices_no_delete", "DELETE ON devices FOR EACH ROW"
    yield "devices_content", f"UPDATE OF {CONTENT} ON devices FOR EACH ROW"
    yield "devices_ended", f"UPDATE ON devices FOR EACH ROW WHEN ({ENDED})"
    for table in IDENTITY:
        yield f"{table}_append_only", f"UPDATE OR DELETE ON {table} FOR EACH ROW"
    for table in ("devices", *IDENTITY):
        yield f"{table}_no_truncate", f"TRUNCATE ON {table} FOR EACH STATEMENT"


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
        op.create_index(name, "devices", columns, sqlite_where=STANDING, postgresql_where=STANDING)
    unique = ["tenant_id", "fingerprint"]
    op.create_index(
        "ux_devices_standing",
        "devices",
        unique,
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


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
