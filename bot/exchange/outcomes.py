"""Say what an answer of Exchange's amounts to: whether to ask again, and what it proves of a write. Pure.

The answers that prove that a command was not run are listed, each with its source; whatever is not listed
proves nothing. A write that meets anything else may have been made, and is settled by reading.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.exchange.answer_details import clean
from handlers.ports import Unavailable
from storage.records import WriteOutcome


class Meaning(StrEnum):
    """What an answer amounts to."""

    ANSWERED = "answered"
    NO_CONNECTION = "no_connection"
    UNTRUSTED = "untrusted"
    NO_ANSWER = "no_answer"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    FAULT = "fault"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    MISDIRECTED = "misdirected"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    FAILED = "failed"
    GARBLED = "garbled"


_FATES: Final[Mapping[Meaning, WriteOutcome]] = {
    Meaning.ANSWERED: WriteOutcome.ACCEPTED,
    Meaning.NO_CONNECTION: WriteOutcome.NOT_PROCESSED,
    Meaning.THROTTLED: WriteOutcome.NOT_PROCESSED,
    Meaning.UNTRUSTED: WriteOutcome.NOT_PROCESSED,
    Meaning.UNAUTHORIZED: WriteOutcome.REFUSED,
    Meaning.FORBIDDEN: WriteOutcome.REFUSED,
    Meaning.MISDIRECTED: WriteOutcome.REFUSED,
    Meaning.REFUSED: WriteOutcome.REFUSED,
}
"""Of a write; whatever is not named here is unknown. Each refusal among them is proven by
``bot.exchange.outcomes``."""

_PASSING: Final = frozenset(
    {
        Meaning.NO_CONNECTION,
        Meaning.NO_ANSWER,
        Meaning.THROTTLED,
        Meaning.TRANSIENT,
        Meaning.FAULT,
        Meaning.GARBLED,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The judged answer to one command.

    ``document`` is the decoded body of a success, ``claims`` what a 401 asks for.
    """

    meaning: Meaning
    sentence: str
    mend: str = ""
    retry_after: float | None = None
    claims: str | None = field(default=None, repr=False)
    document: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def outcome(self) -> WriteOutcome:
        """What this says of a write."""
        return _FATES.get(self.meaning, WriteOutcome.UNKNOWN)

    @property
    def retryable(self) -> bool:
        """Whether a read may simply be tried again."""
        return self.meaning in _PASSING

    @property
    def warnings(self) -> tuple[str, ...]:
        """``@adminapi.warnings``, fit for people."""
        listed = self.document.get("@adminapi.warnings")
        return tuple(clean(one) for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()

    @property
    def changed_nothing(self) -> bool:
        """Tell whether Exchange says that the command modified nothing because the values stood already."""
        return any("no settings of" in one and "have been modified" in one for one in self.warnings)

    def unavailable(self) -> Unavailable:
        """The same as an exception, for reads."""
        wait, code = self.retry_after, self.meaning.value
        return Unavailable(
            self.sentence, mend=self.mend, retryable=self.retryable, retry_after=wait, code=code
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


def text(row: Mapping[str, object], key: str) -> str | None:
    """A text of a row; ``None`` where it is missing, empty, or something else."""
    found = row.get(key)
    return found if isinstance(found, str) and found else None


def instant(value: object) -> datetime | None:
    """Read an instant as Exchange writes it, UTC if no zone is named; ``None`` when unreadable."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class KnownRefusal:
    """Describe an exception thrown before a cmdlet begins: ``lead`` for people, ``mend`` as next step."""

    exception: str
    """Its class name, without the namespace."""
    lead: str
    mend: str
    source: str


REFUSED_STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: (
            "The token is judged before the command: rknightion/graph2otel, docs/graph-api-gotchas.md "
            "(measured 2026-07-27)"
        ),
        403: (
            "No role, or a cmdlet that is not granted: rknightion/graph2otel, DrollRobot/azure-auth "
            "(measured 2026-09-25)"
        ),
        405: (
            "There is no InvokeCommand in this version of the API: DrollRobot/azure-auth (measured "
            "2026-09-25)"
        ),
    }
)
"""Statuses that are given before a command is run, whatever stands in their body, and who measured it."""

_DEFECT: Final = "This is a defect of the bot: please report it."
_ROLE: Final = (
    "Put the app into a role group whose role includes the command; a new grant takes from minutes to "
    "hours to arrive."
)
_BINDING: Final = "learn.microsoft.com/dotnet/api/system.management.automation."

REFUSALS: Final[Mapping[str, KnownRefusal]] = MappingProxyType(
    {
        one.exception: one
        for one in (
            KnownRefusal(
                "AmbiguousParameterSetException",
                "Exchange Online does not let the app use this parameter",
                "Check which parameters the app's role includes.",
                "The parameters fit no parameter set: rknightion/graph2otel, internal/exoclient (measured "
                "2026-07-23)",
            ),
            KnownRefusal(
                "ParameterTransformationException",
                "Exchange Online does not understand the value",
                _DEFECT,
                "A value could not be bound: rknightion/graph2otel, internal/exoclient (measured 2026-07-23)",
            ),
            KnownRefusal(
                "ParameterBindingException",
                "Exchange Online does not understand the parameters",
                _DEFECT,
                f"The parameters could not be bound: {_BINDING}parameterbindingexception",
            ),
            KnownRefusal(
                "CommandNotFoundException",
                "Exchange Online does not let the app run this command",
                _ROLE,
                f"There is no such command for the caller: {_BINDING}commandnotfoundexception",
            ),
            KnownRefusal(
                "CmdletAccessDeniedException",
                "Exchange Online does not let the app run this command",
                _ROLE,
                "The caller has no management role, so no session is set up for them: "
                "MicrosoftDocs/SupportArticles-docs, exchange/administration (The user isn't assigned to "
                "any management roles)",
            ),
            KnownRefusal(
                "InvalidOperationInDehydratedContextException",
                "The tenant's organization does not take changes of its settings yet",
                "Run Enable-OrganizationCustomization once in Exchange Online PowerShell, wait an hour, and "
                "ask again.",
                "Thrown in place of the command while the organization is dehydrated: "
                "MicrosoftDocs/microsoft-365-docs #7403",
            ),
        )
    }
)
"""By the name of the exception."""

_WRAPPERS: Final = frozenset({"", "DirectInvokeCmdletExecutionException", "ODataServiceException"})
"""What Exchange puts around every error of a cmdlet; they say nothing of it."""


def turned_away(status: int, types: Collection[str]) -> bool:
    """Tell whether an answer with this status and these error types replaces running the command.

    An error of a type that is not on the list is a cmdlet's, whatever status it comes with.
    """
    return status in REFUSED_STATUSES and _own(types) <= REFUSALS.keys()


def proven_by(types: Collection[str]) -> KnownRefusal | None:
    """Return the refusal for an error of these types; ``None`` if one of them is not on the list."""
    own = _own(types)
    return REFUSALS[min(own)] if own and own <= REFUSALS.keys() else None


def is_busy(types: Collection[str]) -> bool:
    """Tell whether these error types mean a busy server took nothing (M365Permissions; V3 module)."""
    return _own(types) == {"ServerBusyException"}


def _own(types: Collection[str]) -> frozenset[str]:
    return frozenset(types) - _WRAPPERS
