"""``legacytls verify`` and ``legacytls export``: the record for auditors, from the database alone. Nothing is sent anywhere."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

from bot.options import Settings
from bot.settings import WrongSettings
from storage.engine import Database
from storage.export import Form, has_record, lines, tenants
from storage.migrate import is_current
from storage.verify import verify


class NoRecord(Exception):
    """There is nothing to check or to hand out; the text says what to look at."""


_NOT_CURRENT = (
    "the database holds no record of this version. Check DATABASE_URL; if it is the right one, `legacytls migrate` brings it up "
    "to date."
)


def check_record(settings: Settings, *, witness: tuple[int, str] | None, as_json: bool) -> int:
    """Check the hash chain, against a head seen in Slack if one is given. Exit code 0 when it is sound, 1 when not."""
    with _record_of(settings) as (database, tenant_id):
        verdict = verify(database, tenant_id, witness=witness)
        if verdict.ok and not verdict.checked:
            raise _nothing(database, tenant_id)
    if as_json:
        sys.stdout.write(json.dumps(asdict(verdict), indent=2) + "\n")
    elif verdict.ok:
        sys.stdout.write(f"The record is sound: {verdict.checked} events, head {verdict.head_seq}:{verdict.head_hash}\n")
        if witness is None:
            sys.stdout.write(
                "Compare the head with one posted in Slack: --witness SEQUENCE:HASH also finds a record cut short.\n"
            )
    else:
        sys.stdout.write(f"The record is NOT sound: {verdict.problem}\n")
    return 0 if verdict.ok else 1


def export_record(settings: Settings, *, form: Form, since: date | None, until: date | None) -> int:
    """Write the events of these days (UTC, both included) to standard output, oldest first."""
    last = datetime.combine(until + timedelta(days=1), time.min, UTC) if until and until < date.max else None
    first = datetime.combine(since, time.min, UTC) if since else None
    with _record_of(settings) as (database, tenant_id):
        if not has_record(database, tenant_id):
            raise _nothing(database, tenant_id)
        for line in lines(database, tenant_id, since=first, until=last, form=form):
            sys.stdout.write(line)
    return 0


def tenant_of(settings: Settings) -> str:
    """The tenant whose record is meant. Raises ``WrongSettings``."""
    if settings.azure_tenant_id is None:
        raise WrongSettings(["AZURE_TENANT_ID: is not set; it names the tenant whose record is meant"])
    return settings.azure_tenant_id


def _nothing(database: Database, tenant_id: str) -> NoRecord:
    """Nothing on record is not a sound record: most likely another tenant, or another database, was meant."""
    others = ", ".join(tenants(database)) or "no tenant at all"
    return NoRecord(
        f"nothing is on record of tenant {tenant_id}, so there is nothing to check; this database holds the record of {others}. "
        "Check AZURE_TENANT_ID and DATABASE_URL."
    )


@contextmanager
def _record_of(settings: Settings) -> Iterator[tuple[Database, str]]:
    """The database and the tenant. Nothing is changed, so a copy or a backup may be given. Raises ``NoRecord``."""
    tenant_id = tenant_of(settings)
    database = Database(settings.database_url.get_secret_value(), look_only=True)
    try:
        if not is_current(database):
            raise NoRecord(_NOT_CURRENT)
        yield database, tenant_id
    finally:
        database.close()
