"""``legacytls evidence``: the evidence of a period as one file, whole or not there at all."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO, Final

from bot.exchange.optional_lookups import OptionalLookups
from bot.from_settings import exchange_of
from bot.process import utc_now
from bot.reports.opened_record import WRONG_CALL, checking, nothing_on_record, record_of
from bot.reports.slack_names import bare_names_of
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from handlers.evidence.pack import Made, Pack
from handlers.evidence.reconciliation import Reconciliation
from handlers.policy.periods import Period, WrongPeriod, period_of
from handlers.ports import Unavailable
from storage.engine import Database, Unreachable
from storage.ledger import Ledger
from storage.record.export import length_of
from storage.record.key_adoption import first_and_last

PROVEN: Final = 0
NOT_PROVEN: Final = 3


class WrongTarget(Exception):
    """The file cannot be written; the text says why, and what to do."""


def write_evidence(
    settings: Settings, *, first: date, last: date, output: Path, force: bool, names: bool
) -> int:
    """Write the pack; returns 0 when proven complete, 3 when something is missing, 2 when not written."""
    try:
        period = period_of(first, last, utc_now().date())
        with _whole(output, force=force) as file:
            made = _written(settings, period, file, names=names)
    except (WrongPeriod, WrongTarget) as wrong:
        sys.stderr.write(f"legacytls: {wrong}\n")
        return WRONG_CALL
    sys.stdout.write(f"Written: {output}, the record up to {made.head}.\n")
    if made.proven:
        sys.stdout.write("It proves that it is complete.\n")
        return PROVEN
    sys.stdout.write(
        "It does NOT prove that it is complete:\n" + "".join(f"  - {sentence}\n" for sentence in made.missing)
    )
    return NOT_PROVEN


def folder_of(output: Path) -> None:
    """Make the folder into which the evidence of many tenants is written. Raises ``WrongTarget``.

    That it cannot be written to is told once, not for each tenant.
    """
    if output.exists() and not output.is_dir():
        raise WrongTarget(
            f"{output} is a file: with --tenant all name a folder with --output; it gets a zip a tenant."
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as refused:
        raise _cannot(output, refused) from None


def _written(settings: Settings, period: Period, file: IO[bytes], *, names: bool) -> Made:
    named = bare_names_of(settings) if names else None
    not_found_out = _searched(settings, period)
    with record_of(settings) as (database, tenant_id):
        if not length_of(database, tenant_id):
            raise nothing_on_record(database, tenant_id)
        with checking(database, tenant_id):
            return Pack(database, tenant_id, period, named=named, not_found_out=not_found_out).write(file)


def _searched(settings: Settings, period: Period) -> list[str]:
    """Search Exchange's audit log again for what is unsettled; returns why that failed, if it did.

    Without a credential nobody is asked, and what is not on record stays unproven.
    """
    if settings.credential_kind is None:
        return []
    with record_of(settings, look_only=False) as (database, tenant_id):
        if not _may_record(settings, database, tenant_id):
            return [
                (
                    "Exchange's audit log was not searched: this record is not one that these settings may "
                    "add to."
                )
            ]
        exchange = exchange_of(settings, utc_now)
        lookups = OptionalLookups(exchange, client_id=settings.azure_client_id or "")
        ledger = Ledger(database, tenant_id, unbroken=2 * settings.observe_every)
        try:
            Reconciliation(ledger, lookups, operators=settings.operators).on_demand(period, utc_now())
        except Unavailable as away:
            return [f"Exchange's audit log could not be searched: {away.sentence}"]
        except Unreachable as away:
            return [f"What Exchange's audit log says could not be kept: {away}."]
        finally:
            exchange.close()
    return []


def _may_record(settings: Settings, database: Database, tenant_id: str) -> bool:
    """Tell whether an event of ours would be believed: authenticated by a key of ours, or by none."""
    with database.read() as connection:
        first, newest = first_and_last(connection, tenant_id)
    if first is None or newest is None:
        return False
    signed = newest.authenticator is not None
    return signed is bool(settings.keyring()) and standing_of(settings, database).look() is None


@contextmanager
def _whole(output: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is whole; whatever goes wrong, nothing half written is left.

    Raises ``WrongTarget``.
    """
    try:
        if output.is_dir():
            raise WrongTarget(f"{output} is a folder: name a file in it with --output.")
        if not force and os.path.lexists(output):
            raise WrongTarget(f"{output} exists already: name another file with --output, or add --force.")
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name[:100]}.")
    except OSError as refused:
        raise _cannot(output, refused) from None
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(Path(name), output, force=force)
    except OSError as refused:
        raise _cannot(output, refused) from None
    finally:
        with suppress(OSError):
            Path(name).unlink()


def _name(written: Path, output: Path, *, force: bool) -> None:
    """Give it its name; without ``force`` another program's file of that name is never replaced."""
    if force:
        written.replace(output)
        return
    try:
        os.link(written, output)
    except FileExistsError:
        raise WrongTarget(
            f"{output} exists by now: name another file with --output, or add --force."
        ) from None
    except OSError:  # a file system without hard links
        written.rename(output)


def _cannot(output: Path, refused: OSError) -> WrongTarget:
    why = (refused.strerror or "it failed").lower()
    return WrongTarget(
        f"{output} cannot be written ({why}); nothing was left there. Name another place with --output."
    )
