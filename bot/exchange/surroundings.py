"""What stands around the setting: a mailbox's own locks, the tenant's domains, who changed the setting.

Every one is optional: the app's role may lack the cmdlet, and then the answer is a typed "not allowed" instead of an exception.
Reads only; never part of deciding or applying a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

from bot.exchange.answers import Meaning, Outcome
from bot.exchange.audit import Change, changes_in
from bot.exchange.readings import rows_of
from handlers.ports import Unavailable

PATIENCE: Final = 30.0
MOST_RECORDS: Final = 1000


class Why(StrEnum):
    """Why there is no answer."""

    NOT_ALLOWED = "not_allowed"
    """The app's role lacks the cmdlet, or the cmdlet does not exist: Exchange does not tell these apart."""
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    """Not with these parameters: a trimmed role looks like this, too."""
    NOT_NOW = "not_now"
    """Passing trouble: worth asking again."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer, with a sentence and a mend for people."""

    why: Why
    sentence: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class MailboxLocks:
    """What a mailbox allows by itself. ``None``: inherited from the organisation (SMTP AUTH), or not told (the others)."""

    address: str
    smtp_auth_disabled: bool | None
    pop_enabled: bool | None
    imap_enabled: bool | None


@dataclass(frozen=True, slots=True)
class Domains:
    """The names of the tenant's domains; ``complete`` is false when there are more than one answer holds."""

    names: tuple[str, ...]
    complete: bool


class Invokes(Protocol):
    """What runs a cmdlet: ``ExchangeOnline``."""

    def invoke(self, cmdlet: str, parameters: Mapping[str, object], *, timeout: float) -> Outcome:
        """Run it once. Raises ``Unavailable`` without a token."""


class Surroundings:
    """The optional reads, each asked once; whoever asks decides whether to ask again."""

    def __init__(self, exchange: Invokes) -> None:
        self._exchange = exchange

    def mailbox_locks(self, address: str) -> MailboxLocks | Unanswered:
        """The locks of one mailbox, by any of its addresses (``Get-CASMailbox``)."""
        outcome = self._asked("Get-CASMailbox", {"Identity": address})
        rows = rows_of(outcome) if isinstance(outcome, Outcome) else []
        if isinstance(outcome, Unanswered):
            return outcome
        if not rows or len(rows) != 1:
            return _unreadable("Get-CASMailbox")
        return MailboxLocks(
            address=_text(rows[0], "PrimarySmtpAddress") or address,
            smtp_auth_disabled=_flag(rows[0], "SmtpClientAuthenticationDisabled"),
            pop_enabled=_flag(rows[0], "PopEnabled"),
            imap_enabled=_flag(rows[0], "ImapEnabled"),
        )

    def accepted_domains(self) -> Domains | Unanswered:
        """The tenant's domains (``Get-AcceptedDomain``)."""
        outcome = self._asked("Get-AcceptedDomain", {})
        if isinstance(outcome, Unanswered):
            return outcome
        rows = rows_of(outcome)
        if rows is None:
            return _unreadable("Get-AcceptedDomain")
        names = tuple(name for row in rows if (name := _text(row, "DomainName")))
        return Domains(names, complete=_is_last_page(outcome) and len(names) == len(rows))

    def who_changed(self, since: datetime, until: datetime) -> tuple[Change, ...] | Unanswered:
        """The changes of the setting recorded between two instants (``Search-UnifiedAuditLog``), oldest first.

        Finding none proves nothing: records come late, there may be more than one answer holds, and at 21Vianet there are none.
        """
        parameters = {
            "StartDate": _stamp(since),
            "EndDate": _stamp(until),
            "RecordType": "ExchangeAdmin",
            "Operations": ["Set-TransportConfig"],
            "ResultSize": MOST_RECORDS,
        }
        outcome = self._asked("Search-UnifiedAuditLog", parameters)
        if isinstance(outcome, Unanswered):
            return outcome
        rows = rows_of(outcome)
        if rows is None and outcome.document.get("value") is not None:
            return _unreadable("Search-UnifiedAuditLog")
        return changes_in(rows or [])

    def _asked(self, cmdlet: str, parameters: Mapping[str, object]) -> Outcome | Unanswered:
        try:
            outcome = self._exchange.invoke(cmdlet, parameters, timeout=PATIENCE)
        except Unavailable as failure:
            return Unanswered(Why.NOT_NOW, failure.sentence, failure.mend)
        if outcome.meaning is Meaning.ANSWERED:
            return outcome
        return Unanswered(_why(outcome), outcome.sentence, outcome.mend)


def _why(outcome: Outcome) -> Why:
    if outcome.retryable:
        return Why.NOT_NOW
    reasons = {
        Meaning.FORBIDDEN: Why.NOT_ALLOWED,
        Meaning.UNAUTHORIZED: Why.NOT_ALLOWED,
        Meaning.NOT_FOUND: Why.NOT_FOUND,
        Meaning.REFUSED: Why.REFUSED,
        Meaning.FAILED: Why.REFUSED,
        Meaning.UNTRUSTED: Why.NOT_NOW,
    }
    return reasons.get(outcome.meaning, Why.UNREADABLE)


def _unreadable(cmdlet: str) -> Unanswered:
    return Unanswered(Why.UNREADABLE, f"The answer to {cmdlet} cannot be read.")


def _is_last_page(outcome: Outcome) -> bool:
    """Continuations are not fetched: the cursor is bound to a server, and each replay that a public client measured failed."""
    return "@odata.nextLink" not in outcome.document


def _flag(row: Mapping[str, object], key: str) -> bool | None:
    found = row.get(key)
    return found if isinstance(found, bool) else None


def _text(row: Mapping[str, object], key: str) -> str:
    found = row.get(key)
    return found if isinstance(found, str) else ""


def _stamp(instant: datetime) -> str:
    """An instant as the service wants it: UTC with seven digits of a second."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
