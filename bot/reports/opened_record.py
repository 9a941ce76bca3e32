"""Open the record of one tenant for a verb of the command line, or say why there is none to look at."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from bot.settings.load import WrongSettings
from bot.settings.model import Settings
from bot.terminal import progress
from storage.engine import Database
from storage.migrate import is_current
from storage.record.export import length_of, tenants

MOST_NAMED = 5
"""Tenants that are named where another one was meant."""


WRONG_CALL = 2
"""The exit code of a call that nothing can be done about; nothing was written then."""


class NoRecord(Exception):
    """There is nothing to check or to hand out; the text says what to look at."""


_NOT_CURRENT = (
    "the database holds no record of this version. Check DATABASE_URL; if it is the right one, `legacytls "
    "migrate` brings it up to date."
)


def checking(database: Database, tenant_id: str) -> AbstractContextManager[None]:
    """Tell whoever waits for a long record, on standard error, what is being done."""
    return progress(f"Checking the record of tenant {tenant_id}: {length_of(database, tenant_id):,} events…")


def tenant_of(settings: Settings) -> str:
    """Return the tenant whose record is meant. Raises ``WrongSettings``."""
    if settings.azure_tenant_id is None:
        raise WrongSettings(["AZURE_TENANT_ID: is not set; it names the tenant whose record is meant"])
    return settings.azure_tenant_id


def nothing_on_record(database: Database, tenant_id: str) -> NoRecord:
    """Nothing on record is not a sound record: most likely another tenant, or another database, was meant."""
    found = tenants(database)
    others = ", ".join(found[:MOST_NAMED]) or "no tenant at all"
    others += f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return NoRecord(
        f"nothing is on record of tenant {tenant_id}, so there is nothing to check; this database holds the "
        f"record of {others}. Check DATABASE_URL, and the tenant's id (AZURE_TENANT_ID, or in the file of "
        "LEGACYTLS_TENANTS)."
    )


@contextmanager
def record_of(
    settings: Settings, *, look_only: bool = True, live: bool = False
) -> Iterator[tuple[Database, str]]:
    """The database and the tenant. Where it is only looked at, a copy or a backup may be given.

    Raises ``NoRecord``.
    """
    tenant_id, url = tenant_of(settings), settings.database_url.get_secret_value()
    database = Database(url, look_only=look_only, live=live, keys=settings.keyring())
    try:
        if not is_current(database):
            raise NoRecord(_NOT_CURRENT)
        yield database, tenant_id
    finally:
        database.close()
