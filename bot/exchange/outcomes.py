"""Say what an answer of Exchange's amounts to: whether it may be asked again, and what it proves of a write.

Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from bot.exchange.details import clean
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
``bot.exchange.proofs``."""

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
