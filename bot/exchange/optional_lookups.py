"""Look up what stands around the setting: a mailbox's locks, accepted domains, who changed it.

Every lookup is optional: the app's role may lack the cmdlet. Reads only, each asked once; never part of
deciding or applying a change. A change that is not found is unknown, not an intrusion: audit records arrive
after 60 to 90 minutes and sometimes after a day. Shapes: rows from public write-ups of ``Set-*`` commands and
Microsoft's audit schema.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.exchange.answer_details import clean
from bot.exchange.client import KEY, ExchangeOnline
from bot.exchange.outcomes import Meaning, Outcome, instant, rows_of, text
from bot.exchange.retries import LOOKUP_LIMIT
from handlers.ports import AcceptedDomains, AuditRow, Author, MailboxLocks, Unavailable
from storage.records import SettingValue

_VALUES: Final = {
    "true": SettingValue.OPTED_IN,
    "$true": SettingValue.OPTED_IN,
    "false": SettingValue.OPTED_OUT,
    "$false": SettingValue.OPTED_OUT,
    "": SettingValue.NOT_SET,
    "$null": SettingValue.NOT_SET,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded ``Set-TransportConfig`` that named the setting.

    ``app_id``, ``client_app_id`` and ``object_id`` (the service principal's) tell the bot's own changes from
    others. ``value`` is ``None`` when what was set cannot be told, ``succeeded`` when the record does not
    say.
    """

    at: datetime
    user: str
    app_id: str | None
    object_id: str | None
    value: SettingValue | None
    succeeded: bool | None
    client_app_id: str | None = None
    record_id: str = ""
    """The id of the row in the audit log."""


def changes_in(rows: Iterable[Mapping[str, object]]) -> tuple[Change, ...]:
    """Read changes of the setting in rows of ``Search-UnifiedAuditLog``, oldest first, skipping bad ones."""
    changes: list[Change] = []
    for row in rows:
        record = _record(row.get("AuditData"))
        at = instant(record.get("CreationTime")) if record else None
        if record is not None and at is not None and (parameter := _parameter(record)) is not None:
            changes.append(_change(record, at, parameter))
    return tuple(sorted(changes, key=lambda change: change.at))


def unreadable(rows: Iterable[Mapping[str, object]]) -> int:
    """How many rows cannot be read, and so may hide a change of the setting."""
    records = [_record(row.get("AuditData")) for row in rows]
    return sum(
        record is None or instant(record.get("CreationTime")) is None or not text(record, "Id")
        for record in records
    )


def _record(data: object) -> Mapping[str, object] | None:
    if not isinstance(data, str):
        return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _parameter(record: Mapping[str, object]) -> Mapping[str, object] | None:
    """The parameter that names the setting; the same command changes thirty others."""
    listed = record.get("Parameters")
    for parameter in listed if isinstance(listed, list) else ():
        if isinstance(parameter, dict) and str(parameter.get("Name", "")).lower() == KEY.lower():
            return parameter
    return None


def _change(record: Mapping[str, object], at: datetime, parameter: Mapping[str, object]) -> Change:
    value = parameter.get("Value")
    return Change(
        at=at,
        user=clean(text(record, "UserId") or ""),
        app_id=text(record, "AppId"),
        object_id=text(record, "TokenObjectId"),
        value=_VALUES.get(str("" if value is None else value).strip().lower()),
        succeeded={"true": True, "false": False}.get((text(record, "ResultStatus") or "").lower()),
        client_app_id=text(record, "ClientAppId"),
        record_id=text(record, "Id") or "",
    )


MOST_RECORDS: Final = 1000

LONGEST_PART: Final = timedelta(days=30)
SHORTEST_PART: Final = timedelta(minutes=1)

AUDITED: Final = ("worldwide", "gcc", "gcc-high", "dod")
"""The clouds in which the search finds anything (Search-UnifiedAuditLog: none in 21Vianet)."""


class OptionalLookups:
    """Implements ``handlers.ports.Lookups``.

    The bot's own writes are told apart by ``client_id`` and by what its token's claims say: with a managed
    identity no client id is configured, and how Exchange records an app-only change is not published.
    """

    def __init__(self, exchange: ExchangeOnline, *, client_id: str) -> None:
        self._exchange = exchange
        self._client_id = client_id

    def mailbox_locks(self, address: str) -> MailboxLocks | None:
        """The locks of the mailbox that has this address among its own; ``None`` when there is none.

        Raises ``Unavailable``.
        """
        try:
            rows = rows_of(self._asked("Get-CASMailbox", {"Identity": address}))
        except Unavailable as away:
            if away.code == Meaning.NOT_FOUND:
                return None
            raise
        if not rows or len(rows) != 1:
            raise _unreadable("Get-CASMailbox")
        return MailboxLocks(
            smtp_auth_disabled=_flag(rows[0], "SmtpClientAuthenticationDisabled"),
            pop_enabled=_flag(rows[0], "PopEnabled"),
            imap_enabled=_flag(rows[0], "ImapEnabled"),
        )

    def sign_in_blocked(self, address: str) -> bool | None:
        """``AccountDisabled`` of the mailbox's account; ``None`` when the answer does not say.

        Raises ``Unavailable``.
        """
        rows = rows_of(self._asked("Get-User", {"Identity": address}))
        if not rows or len(rows) != 1:
            raise _unreadable("Get-User")
        return _flag(rows[0], "AccountDisabled")

    def accepted_domains(self) -> AcceptedDomains:
        """The tenant's domains. Raises ``Unavailable``."""
        outcome = self._asked("Get-AcceptedDomain", {})
        rows = rows_of(outcome)
        if rows is None:
            raise _unreadable("Get-AcceptedDomain")
        names = tuple(name.lower() for row in rows if (name := text(row, "DomainName")))
        return AcceptedDomains(names, complete=_is_last_page(outcome) and len(names) == len(rows))

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        """The changes on record that were not refused. Raises ``Unavailable``."""
        found, ours = self.recorded(since, until), self._ours()
        return [_author(change, ours) for change in found if change.succeeded is not False]

    def recorded(self, since: datetime, until: datetime) -> tuple[Change, ...]:
        """The rows of ``Search-UnifiedAuditLog`` about the setting between two instants, oldest first.

        Raises ``Unavailable``. Finding none proves nothing: records come late, there may be more than one
        answer holds, and at 21Vianet there are none.
        """
        return changes_in(self._rows(since, until))

    def search(self, since: datetime, until: datetime) -> list[AuditRow]:
        """Every row about the setting, refused changes included, oldest first.

        Raises ``Unavailable`` where it cannot be whole. An answer that is full may leave rows out, so the
        time is halved until none is.
        """
        if self._exchange.cloud.name not in AUDITED:
            raise Unavailable(
                f"The audit log cannot be searched in {self._exchange.cloud.display}.", retryable=False
            )
        self._recorded_at_all()
        found: dict[str, AuditRow] = {}
        for first, last in _parts(since, until):
            found |= {row.id: row for row in self._searched(first, last)}
        return sorted(found.values(), key=lambda row: (row.at, row.id))

    def _searched(self, since: datetime, until: datetime) -> list[AuditRow]:
        rows = self._rows(since, until)
        if len(rows) >= MOST_RECORDS:
            if until - since <= SHORTEST_PART:
                raise Unavailable(
                    "Exchange's audit log has more rows than one answer holds.", retryable=False
                )
            middle = since + (until - since) / 2
            return self._searched(since, middle) + self._searched(middle, until)
        if unreadable(rows):
            raise Unavailable("A row of Exchange's audit log cannot be read.", retryable=False)
        ours = self._ours()
        return [_audit_row(change, ours) for change in changes_in(rows)]

    def _recorded_at_all(self) -> None:
        """Raise ``Unavailable`` where Exchange says it records nothing; a missing role changes nothing."""
        try:
            rows = rows_of(self._asked("Get-AdminAuditLogConfig", {})) or []
        except Unavailable as away:
            if away.code == Meaning.FORBIDDEN:
                return
            raise
        if [row.get("UnifiedAuditLogIngestionEnabled") for row in rows] == [False]:
            raise Unavailable("Exchange records no changes: its audit log is switched off.", retryable=False)

    def _rows(self, since: datetime, until: datetime) -> list[Mapping[str, object]]:
        parameters = {
            "StartDate": _stamp(since),
            "EndDate": _stamp(until),
            "RecordType": "ExchangeAdmin",
            "Operations": ["Set-TransportConfig"],
            "ResultSize": MOST_RECORDS,
        }
        outcome = self._asked("Search-UnifiedAuditLog", parameters)
        rows = rows_of(outcome)
        if rows is None and outcome.document.get("value") is not None:
            raise _unreadable("Search-UnifiedAuditLog")
        return rows or []

    def _asked(self, cmdlet: str, parameters: Mapping[str, object]) -> Outcome:
        return self._exchange.invoke(cmdlet, parameters, timeout=LOOKUP_LIMIT)

    def _ours(self) -> frozenset[str]:
        """Every id by which a record may name this app; empty when none is known."""
        try:
            said = self._exchange.tokens.claims()
        except Unavailable:
            said = {}
        ids = (self._client_id, said.get("appid"), said.get("oid"))
        return frozenset(one.lower() for one in ids if isinstance(one, str) and one)


def _parts(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time in parts of a month: a search over half a year is slow, and its answer may be cut off."""
    while since < until:
        last = min(until, since + LONGEST_PART)
        yield since, last
        since = last


def _audit_row(change: Change, ours: frozenset[str]) -> AuditRow:
    author = _author(change, ours)
    value, done = author.value, change.succeeded
    return AuditRow(
        change.record_id, change.at, change.user, value, succeeded=done is not False, own=author.own
    )


def _author(change: Change, ours: frozenset[str]) -> Author:
    named = {one.lower() for one in (change.app_id, change.client_app_id, change.object_id) if one}
    own = bool(named & ours) or any(one in change.user.lower() for one in ours) if ours else None
    return Author(
        name=change.user or "somebody the record does not name", at=change.at, value=change.value, own=own
    )


def _unreadable(cmdlet: str) -> Unavailable:
    return Unavailable(f"The answer to {cmdlet} cannot be read.", retryable=False)


def _is_last_page(outcome: Outcome) -> bool:
    """Fetch no continuations: the cursor is bound to a server, and replaying it failed in public reports."""
    return "@odata.nextLink" not in outcome.document


def _flag(row: Mapping[str, object], key: str) -> bool | None:
    found = row.get(key)
    return found if isinstance(found, bool) else None


def _stamp(instant: datetime) -> str:
    """An instant as the service wants it: UTC with seven digits of a second."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
