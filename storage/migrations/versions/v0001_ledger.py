"""Create change requests, decisions, attempts, events, and the guards of the record.

Revision ID: 0001
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from storage.migrations.steps import append_only, guard, in_sqlite, never_replaced, partial_index, refused
from storage.schema.guards import Guard

revision = "0001"
down_revision = None
downgrade = refused

APPEND_ONLY = {
    "decisions": "id = NEW.id",
    "reasons": "request_id = NEW.request_id",
    "attempts": "id = NEW.id",
    "rules": "id = NEW.id",
    "audit_events": "tenant_id = NEW.tenant_id AND (seq = NEW.seq OR prev_hash = NEW.prev_hash)",
}
"""Tables whose rows are only ever added, and what makes a new row the same as an old one."""

CONTENT = (
    "id, tenant_id, kind, requester_id, door, reason, clients, protocols, from_value, to_value, "
    "window_end, rule_digest, created_at, expires_at"
)
"""The columns of a change request that are fixed at birth."""

ONE_OPEN = sa.text(
    "kind IN ('opt_in', 'extension') AND state IN ('pending', 'approved', 'applying', 'uncertain')"
)
"""An opt-in or an extension holds the tenant's one place from pending to uncertain."""

ONE_OPT_OUT = sa.text("kind = 'opt_out' AND state IN ('approved', 'applying')")
"""One opt-out at a time; opt-outs stand outside the place of the opt-ins."""

SETTLED = "'applied', 'failed', 'rejected', 'withdrawn', 'expired', 'stale', 'superseded', 'observed'"


def upgrade() -> None:
    """Create every table, then the guards."""
    for create in TABLES:
        create()
    if not in_sqlite():
        op.execute(
            "CREATE FUNCTION legacytls_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION '%: the record is never altered', TG_TABLE_NAME; END $$"
        )
    for table, same in APPEND_ONLY.items():
        append_only(table, same)
    never_replaced("change_requests", "id = NEW.id")
    guard(*_guards_of_requests())


def _guards_of_requests() -> Iterator[Guard]:
    table, fixed = "change_requests", "a request is fixed at birth"
    settled = f"OLD.state IN ({SETTLED}) AND NEW.state <> OLD.state"
    yield Guard(f"{table}_no_delete", table, ("DELETE",), message="a change request is never removed")
    yield Guard(f"{table}_content", table, ("UPDATE",), CONTENT, message=fixed)
    yield Guard(f"{table}_settled", table, ("UPDATE",), "state", settled, "a settled request stays settled")
    if in_sqlite():
        yield Guard(f"{table}_number", table, ("UPDATE",), when="NEW.id <> OLD.id", message=fixed)


def _change_requests() -> None:
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("requester_id", sa.String(length=32), nullable=True),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clients", sa.Text(), nullable=False),
        sa.Column("protocols", sa.String(length=64), nullable=False),
        sa.Column("from_value", sa.String(length=16), nullable=True),
        sa.Column("to_value", sa.String(length=16), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _open_places() -> None:
    op.create_index("ix_change_requests_page", "change_requests", ["tenant_id", "id"], unique=False)
    op.create_index("ix_change_requests_state", "change_requests", ["tenant_id", "state", "id"], unique=False)
    partial_index("ux_one_open_opt_in", "change_requests", ["tenant_id"], ONE_OPEN, unique=True)
    partial_index("ux_one_open_opt_out", "change_requests", ["tenant_id"], ONE_OPT_OUT, unique=True)


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("vote", sa.String(length=16), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_requests.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_decisions_request", "decisions", ["request_id", "id"], unique=False)


def _reasons() -> None:
    op.create_table(
        "reasons",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_requests.id"],
        ),
        sa.PrimaryKeyConstraint("request_id"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_request_id", sa.String(length=64), nullable=True),
        sa.Column("value", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_requests.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempts_request", "attempts", ["request_id", "id"], unique=False)


def _observations() -> None:
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=True),
        sa.Column("smtp_auth_disabled", sa.Boolean(), nullable=True),
        sa.Column("organization", sa.String(length=255), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_observations_newest", "observations", ["tenant_id", "id"], unique=False)


def _baselines() -> None:
    op.create_table(
        "baselines",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_requests.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id"),
    )


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )


def _rules() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rules_newest", "rules", ["tenant_id", "id"], unique=False)


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
        sa.UniqueConstraint("tenant_id", "prev_hash", name="ux_audit_events_prev"),
    )


TABLES = (
    _change_requests,
    _open_places,
    _decisions,
    _reasons,
    _attempts,
    _observations,
    _baselines,
    _organizations,
    _rules,
    _audit_events,
)
