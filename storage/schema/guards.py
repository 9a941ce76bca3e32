"""Define the triggers that guard the record: which must exist, which are missing.

What the migrations create is said here once more, as data: a test holds the two against each other on both
databases. In PostgreSQL what a trigger says is compared by its parts, because its spelled form differs
between versions of the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

_SETTLED = "'applied', 'failed', 'rejected', 'withdrawn', 'expired', 'stale', 'superseded', 'observed'"
_CONTENT = (
    "id, tenant_id, kind, requester_id, door, reason, clients, protocols, from_value, to_value, "
    "window_end, rule_digest, created_at, expires_at"
)
_EVENT = "tenant_id, seq, at, kind, actor, request_id, payload, prev_hash, hash"
_DEVICE_CONTENT = (
    "id, tenant_id, device, sender, site, protocol, reason, plan, proposer_id, proposer_enterprise_id, "
    "fingerprint, created_at"
)
_DEVICE_ENDED = "'replaced', 'withdrawn', 'refused'"
_APPEND_ONLY = (
    *("decisions", "reasons", "attempts", "rules", "reminder_answers", "audit_events"),
    *("device_acts", "reports"),
)
_IDENTITY = {
    "decisions": "id = NEW.id",
    "reasons": "request_id = NEW.request_id",
    "attempts": "id = NEW.id",
    "rules": "id = NEW.id",
    "audit_events": "tenant_id = NEW.tenant_id AND (seq = NEW.seq OR prev_hash = NEW.prev_hash)",
    "change_requests": "id = NEW.id",
    "reminder_answers": "id = NEW.id OR (tenant_id = NEW.tenant_id AND key = NEW.key)",
    "devices": "id = NEW.id",
    "device_acts": "id = NEW.id OR (tenant_id = NEW.tenant_id AND seq = NEW.seq)",
    "reports": "id = NEW.id OR (tenant_id = NEW.tenant_id AND digest = NEW.digest)",
}
_FIXED, _SETTLES = "a request is fixed at birth", "a settled request stays settled"
_DEVICE_FIXED, _DEVICE_ENDS = "a device is fixed at birth", "an entry that has ended stays ended"
_FUNCTION = "BEGIN RAISE EXCEPTION '%: the record is never altered', TG_TABLE_NAME; END"
_BITS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_ROW, _BEFORE = 1, 2
"""Bits of ``pg_trigger.tgtype`` (PostgreSQL's ``trigger.h``)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One trigger that refuses a statement before it does anything."""

    name: str
    table: str
    events: tuple[str, ...]
    columns: str = ""
    """What an UPDATE has to touch, as SQL lists it; empty for any."""
    when: str = ""
    message: str = ""
    """What SQLite says; PostgreSQL's one function has a message of its own."""

    def for_sqlite(self) -> str:
        """Return the statement that creates it in SQLite."""
        touched = f" OF {self.columns}" if self.columns else ""
        when = f" WHEN {self.when}" if self.when else ""
        event = f"{self.events[0]}{touched} ON {self.table}{when}"
        return f"CREATE TRIGGER {self.name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{self.message}'); END"

    def for_postgresql(self) -> str:
        """Return the statement that creates it in PostgreSQL."""
        events = " OR ".join(
            f"UPDATE OF {self.columns}" if self.columns and name == "UPDATE" else name for name in self.events
        )
        each = "STATEMENT" if "TRUNCATE" in self.events else "ROW"
        when = f" WHEN ({self.when})" if self.when else ""
        where = f"BEFORE {events} ON {self.table} FOR EACH {each}{when}"
        return f"CREATE TRIGGER {self.name} {where} EXECUTE FUNCTION legacytls_refuse()"

    def parts(self) -> tuple[object, ...]:
        """Return the same as PostgreSQL's catalogue has it, in force and with our function behind it."""
        kind = _BEFORE | sum(_BITS[name] for name in self.events) | (0 if "TRUNCATE" in self.events else _ROW)
        touched = tuple(sorted(self.columns.split(", "))) if self.columns else ()
        return self.name, self.table, kind, touched, bool(self.when), True, _FUNCTION


def _shared() -> Iterator[Guard]:
    """Those that are spelled alike in both."""
    settled = f"OLD.state IN ({_SETTLED}) AND NEW.state <> OLD.state"
    yield Guard(
        "change_requests_no_delete",
        "change_requests",
        ("DELETE",),
        message="a change request is never removed",
    )
    yield Guard("change_requests_content", "change_requests", ("UPDATE",), _CONTENT, message=_FIXED)
    yield Guard(
        "change_requests_requester", "change_requests", ("UPDATE",), "requester_enterprise_id", message=_FIXED
    )
    yield Guard("change_requests_ticket", "change_requests", ("UPDATE",), "ticket", message=_FIXED)
    yield Guard("change_requests_settled", "change_requests", ("UPDATE",), "state", settled, _SETTLES)
    named = f"OLD.state IN ({_SETTLED})"
    yield Guard("change_requests_devices", "change_requests", ("UPDATE",), "devices", named, _SETTLES)
    ended = f"OLD.state IN ({_DEVICE_ENDED})"
    yield Guard("devices_no_delete", "devices", ("DELETE",), message="a device is never removed")
    yield Guard("devices_content", "devices", ("UPDATE",), _DEVICE_CONTENT, message=_DEVICE_FIXED)
    yield Guard("devices_ended", "devices", ("UPDATE",), when=ended, message=_DEVICE_ENDS)
    name, without = "audit_events_keeps_authenticator", "NEW.authenticator IS NULL"
    yield Guard(name, "audit_events", ("UPDATE",), "authenticator", without, _altered("audit_events"))


def _sqlite() -> Iterator[Guard]:
    yield from _shared()
    for table in _APPEND_ONLY:
        columns = _EVENT if table == "audit_events" else ""
        yield Guard(f"{table}_no_update", table, ("UPDATE",), columns, message=_altered(table))
        yield Guard(f"{table}_no_delete", table, ("DELETE",), message=_altered(table))
    for table, same in _IDENTITY.items():
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - constants of this file
        yield Guard(f"{table}_no_replace", table, ("INSERT",), when=there, message=_altered(table))
    yield Guard(
        "change_requests_number", "change_requests", ("UPDATE",), when="NEW.id <> OLD.id", message=_FIXED
    )
    yield Guard("devices_number", "devices", ("UPDATE",), when="NEW.id <> OLD.id", message=_DEVICE_FIXED)


def _postgresql() -> Iterator[Guard]:
    yield from _shared()
    for table in _APPEND_ONLY:
        columns = _EVENT if table == "audit_events" else ""
        yield Guard(f"{table}_append_only", table, ("UPDATE", "DELETE"), columns)
    for table in (*_APPEND_ONLY, "change_requests", "devices"):
        yield Guard(f"{table}_no_truncate", table, ("TRUNCATE",))


def _altered(table: str) -> str:
    return f"{table}: the record is never altered"


SQLITE, POSTGRESQL = tuple(_sqlite()), tuple(_postgresql())

_IN_SQLITE = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
_IN_POSTGRESQL = text("""
    SELECT tgname, relname, tgtype, tgqual IS NOT NULL AS conditional, tgenabled IN ('O', 'A') AS enabled,
        prosrc, ARRAY(
            SELECT CAST(attname AS TEXT) FROM pg_attribute WHERE attrelid = tgrelid AND attnum = ANY (tgattr)
        ) AS columns
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE NOT tgisinternal AND pg_table_is_visible(tgrelid)
""")


def missing(connection: Connection) -> list[str]:
    """The names of the guards that are missing, switched off, or say something else than they should."""
    if connection.dialect.name == "sqlite":
        there = {row.name: row.sql for row in connection.execute(_IN_SQLITE)}
        return sorted(guard.name for guard in SQLITE if there.get(guard.name) != guard.for_sqlite())
    found = {
        (
            row.tgname,
            row.relname,
            row.tgtype,
            tuple(sorted(row.columns)),
            row.conditional,
            row.enabled,
            row.prosrc.strip(),
        )
        for row in connection.execute(_IN_POSTGRESQL)
    }
    return sorted(guard.name for guard in POSTGRESQL if guard.parts() not in found)


def put_back(connection: Connection) -> list[str]:
    """Create again what is missing, inside a transaction of the tables' owner; returns the names."""
    gone = missing(connection)
    if connection.dialect.name == "sqlite":
        for guard in SQLITE:
            if guard.name in gone:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard.name}")
                connection.exec_driver_sql(guard.for_sqlite())
        return gone
    if gone:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION legacytls_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"{_FUNCTION} $$"
            )
        )
    for guard in POSTGRESQL:
        if guard.name in gone:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}"))
            connection.execute(text(guard.for_postgresql()))
    return gone
