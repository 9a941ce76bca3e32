"""Read Entra's downloads of sign-ins, CSV or JSON: who signed in over SMTP, POP3 or IMAP, and when.

They never tell a TLS version. Columns and their traps are those of Learn's *howto-download-logs* and of
Graph's ``signIn`` (facts of 30 November 2026).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from handlers.register.files import numbers
from handlers.register.files.columns import (
    APP,
    CODE,
    STATUS,
    USER,
    WHEN,
    columns_of_sign_ins,
    is_auth_details,
    seen,
)
from handlers.register.files.decoding import NotRead
from handlers.register.files.parsed_file import FileKind, Parsed, Seen, Skipped
from handlers.register.files.smtp_clients import ADDRESS, NO_ADDRESS
from handlers.register.files.table import MOST_ROWS, Table

APPS = frozenset(
    {
        "authenticated smtp",
        "smtp",
        "imap4",
        "imap",
        "pop3",
        "pop",
        "other clients",
        "andere clients",
        "authentifiziertes smtp",
    }
)
"""The client apps that may be a device; ``Other clients`` holds older protocols as well."""

_SUCCESS = frozenset({"success", "erfolg", "erfolgreich", "succès", "riuscito"})

AUTH_DETAILS = (
    "This is the AuthDetails part of a sign-in download, which does not tell the client. Take the files "
    "whose names begin with InteractiveSignIns and NonInteractiveSignIns."
)
AMBIGUOUS = (
    "Its days are written like 3/12/2025, which is March or December: Excel re-saves them so. Take the "
    "file as Entra wrote it."
)
NO_DAY = "this is no day"


def is_sign_ins(table: Table) -> bool:
    """Tell whether a table is a sign-in download.

    Raises ``NotRead`` for its part that does not tell the client.
    """
    if is_auth_details(table.header):
        raise NotRead(AUTH_DETAILS)
    return {USER, APP, WHEN} <= set(columns_of_sign_ins(table.header))


def parse_table(table: Table) -> Parsed:
    """Read the CSV. Raises ``NotRead`` where its days can be read in two ways."""
    places = columns_of_sign_ins(table.header)
    rows = list(table.numbered())
    whens = [row[places[WHEN]] for _, row in rows if len(row) > places[WHEN]]
    month_first = numbers.puts_month_first(whens)
    if month_first is None and any(map(numbers.is_slashed, whens)):
        raise NotRead(f"{AMBIGUOUS} {seen(table.header)}")

    def cell(row: Sequence[str], field: str) -> str:
        place = places.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    told = (
        (
            number,
            cell(row, USER),
            cell(row, APP),
            numbers.day(cell(row, WHEN), month_first=month_first),
            _succeeded(row, cell),
        )
        for number, row in rows
    )
    return _collected(told, len(rows))


def parse_json(text: str) -> Parsed:
    """Read the JSON: an array of Graph's ``signIn``, or an object with it under ``value``.

    Raises ``NotRead``.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise NotRead(
            "This file begins like JSON and is none that can be read; it may have been cut off."
        ) from broken
    entries = found.get("value") if isinstance(found, dict) else found
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise NotRead("This JSON is no list of sign-ins.")
    if len(entries) > MOST_ROWS:
        raise NotRead(
            f"This file has {len(entries):,} sign-ins; at most {MOST_ROWS:,} are read. Export a shorter "
            "period."
        )
    if not any("userPrincipalName" in each and "clientAppUsed" in each for each in entries):
        raise NotRead(
            "This JSON is no list of sign-ins: `userPrincipalName` and `clientAppUsed` are not in it."
        )
    return _collected((_entry(number, each) for number, each in enumerate(entries, start=1)), len(entries))


_Told = tuple[int, str, str, date | None, bool]


def _entry(number: int, entry: Mapping[str, Any]) -> _Told:
    status = entry.get("status")
    code = status.get("errorCode") if isinstance(status, dict) else None
    when = numbers.day(_text(entry.get("createdDateTime")), month_first=None)
    return (
        number,
        _text(entry.get("userPrincipalName")),
        _text(entry.get("clientAppUsed")),
        when,
        code in (0, None),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _succeeded(row: Sequence[str], cell: Any) -> bool:
    code, status = cell(row, CODE), cell(row, STATUS)
    if code:
        return bool(code == "0")
    return not status or status.casefold() in _SUCCESS


def _collected(told: Iterable[_Told], rows: int) -> Parsed:
    """Return each mail client's newest successful sign-in day; failures tell nothing of a device."""
    newest: dict[str, date] = {}
    skipped = []
    for number, user, app, when, succeeded in told:
        if app.casefold() not in APPS or not succeeded:
            continue
        if not ADDRESS.fullmatch(user):
            skipped.append(Skipped(number, NO_ADDRESS))
        elif when is None:
            skipped.append(Skipped(number, NO_DAY))
        else:
            sender = user.lower()
            newest[sender] = max(when, newest.get(sender, when))
    seen_then = tuple(Seen(sender, last_seen=day) for sender, day in newest.items())
    return Parsed(FileKind.SIGN_INS, rows, seen=seen_then, skipped=tuple(skipped))
