"""Makes a reading out of the answer of ``Get-TransportConfig``, or says exactly why it is none.

Pure. A missing key, a value of another type or two rows never become "opted out": only ``null``, ``true`` and
``false`` under the exact key are values.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bot.exchange.outcomes import Outcome
from handlers.ports import Reading, Unavailable
from storage.records import SettingValue

KEY: Final = "AllowLegacyTLSClients"
_CLOUD_OR_BUG: Final = "If this lasts, Exchange Online has changed its interface: please report it."


def reading_of(outcome: Outcome, *, read_at: datetime, client_request_id: str) -> Reading:
    """The reading in an answered ``Get-TransportConfig``. Raises ``Unavailable``; never guesses.

    ``null`` under the key means never set, as in three independent exports of real tenants.
    """
    row = _only_row(outcome.document)
    disabled = row.get("SmtpClientAuthenticationDisabled")
    return Reading(
        value=_value(row),
        smtp_auth_disabled=disabled if isinstance(disabled, bool) else None,
        organization=_text(row, "OrganizationalUnitRoot") or _hosted(row),
        server=_text(row, "OriginatingServer"),
        changed_at=instant(row.get("WhenChangedUTC")),
        read_at=read_at,
        client_request_id=client_request_id,
    )


def rows_of(outcome: Outcome) -> list[Mapping[str, object]] | None:
    """The objects in ``value``; ``None`` when it is missing or not a list of objects.

    Null rows are left out.
    """
    value = outcome.document.get("value")
    if not isinstance(value, list):
        return None
    rows = [row for row in value if row is not None]
    return rows if all(isinstance(row, dict) and "_clixml" not in row for row in rows) else None


def instant(value: object) -> datetime | None:
    """Read an instant as Exchange writes it, UTC if no zone is named; ``None`` when unreadable."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _only_row(document: Mapping[str, object]) -> Mapping[str, object]:
    value = document.get("value")
    if not isinstance(value, list):
        raise _unreadable("holds no value")
    if len(value) != 1:
        raise _unreadable("holds nothing" if not value else f"holds {len(value)} objects instead of one")
    row = value[0]
    if not isinstance(row, dict):
        raise _unreadable("is not an object")
    if "_clixml" in row:
        raise _unreadable("came in PowerShell's own format")
    return row


def _value(row: Mapping[str, object]) -> SettingValue:
    if KEY not in row:
        raise _unreadable(f"does not contain {KEY}")
    match row[KEY]:
        case None:
            return SettingValue.NOT_SET
        case True:
            return SettingValue.OPTED_IN
        case False:
            return SettingValue.OPTED_OUT
    raise _unreadable(f"gives {KEY} as something other than true, false or null")


def _text(row: Mapping[str, object], key: str) -> str | None:
    found = row.get(key)
    return found if isinstance(found, str) and found else None


def _hosted(row: Mapping[str, object]) -> str | None:
    """Read the initial domain in ``OrganizationId``: ``…Hosted Organizations/contoso.onmicrosoft.com - ``."""
    found = re.search(
        r"/Microsoft Exchange Hosted Organizations/([\w.-]+) - ", _text(row, "OrganizationId") or ""
    )
    return found[1] if found else None


def _unreadable(why: str) -> Unavailable:
    return Unavailable(
        f"The value cannot be told: the answer of Exchange Online {why}.", mend=_CLOUD_OR_BUG, retryable=False
    )
