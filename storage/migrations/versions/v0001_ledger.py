"""Create change requests, decisions, attempts, events, and the guards of the record.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("decisions", "reasons", "attempts", "rules", "audit_events")
"""Tables whose rows are only ever added."""

IDENTITY = {
    "decisions": "id = NEW.id",
    "reasons": "request_id = NEW.request_id",
    "attempts": "id = NEW.id",
    "rules": "id = NEW.id",
    "audit_events": "tenant_id = NEW.tenant_id AND (seq = NEW.seq OR prev_hash = NEW.prev_hash)",
    "change_requests": "id = NEW.id",
}
"""What makes a new row the same as an old one. SQLite's REPLACE removes the old one without asking its DELETE
trigger."""

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
    guard = _guard_sqlite if op.get_bind().dialect.name == "sqlite" else _guard_postgresql
    guard()


def downgrade() -> None:
    """Refused: the record is never thrown away."""
    raise NotImplementedError("the ledger is never downgraded; restore a backup instead")


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            _sqlite_trigger(
                f"{table}_no_{verb.lower()}", f"{verb} ON {table}", f"{table}: the record is never altered"
            )
    for table, same in IDENTITY.items():
        twice = f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - constants of this file
        _sqlite_trigger(f"{table}_no_replace", twice, f"{table}: the record is never altered")
    _sqlite_trigger(
        "change_requests_no_delete", "DELETE ON change_requests", "a change request is never removed"
    )
    _sqlite_trigger(
        "change_requests_content", f"UPDATE OF {CONTENT} ON change_requests", "a request is fixed at birth"
    )
    renumbered = "UPDATE ON change_requests WHEN NEW.id <> OLD.id"
    _sqlite_trigger("change_requests_number", renumbered, "a request is fixed at birth")
    _sqlite_trigger(
        "change_requests_settled",
        f"UPDATE OF state ON change_requests WHEN OLD.state IN ({SETTLED}) AND NEW.state <> OLD.state",
        "a settled request stays settled",
    )


def _sqlite_trigger(name: str, event: str, message: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION legacytls_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%: the record is never altered', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        _postgresql_trigger(f"{table}_append_only", f"UPDATE OR DELETE ON {table}", "FOR EACH ROW")
    for table in (*APPEND_ONLY, "change_requests"):
        _postgresql_trigger(f"{table}_no_truncate", f"TRUNCATE ON {table}", "FOR EACH STATEMENT")
    _postgresql_trigger("change_requests_no_delete", "DELETE ON change_requests", "FOR EACH ROW")
    _postgresql_trigger("change_requests_content", f"UPDATE OF {CONTENT} ON change_requests", "FOR EACH ROW")
    settled = f"FOR EACH ROW WHEN (OLD.state IN ({SETTLED}) AND NEW.state <> OLD.state)"
    _postgresql_trigger("change_requests_settled", "UPDATE OF state ON change_requests", settled)


def _postgresql_trigger(name: str, event: str, each: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} {each} EXECUTE FUNCTION legacytls_refuse()")


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
    op.create_index(
        "ux_one_open_opt_in",
        "change_requests",
        ["tenant_id"],
        unique=True,
        sqlite_where=ONE_OPEN,
        postgresql_where=ONE_OPEN,
    )
    op.create_index(
        "ux_one_open_opt_out",
        "change_requests",
        ["tenant_id"],
        unique=True,
        sqlite_where=ONE_OPT_OUT,
        postgresql_where=ONE_OPT_OUT,
    )


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
