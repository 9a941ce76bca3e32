"""Return the newest changes: who asked, who decided, what was written and what was read back.

Also what the words behind ``/legacytls history`` narrow them to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from handlers.policy.periods import WrongPeriod, spelled_period
from handlers.policy.votes import approvers, standing_approvals
from handlers.stored_command import number
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Decision, SettingValue, Vote

KINDS = {
    "opt-in": Kind.OPT_IN,
    "opt-out": Kind.OPT_OUT,
    "extension": Kind.EXTENSION,
    "shortening": Kind.SHORTENING,
    "outside": Kind.OUTSIDE,
}
"""How people write the kind of a change."""

STATES = {state.value: state for state in State if state is not State.OBSERVED}
"""How people write the state of a change; *observed* is every change made outside, so *outside* says it."""

TAKES = "a state (`rejected`), a kind (`opt-in`), a person (`@name`, `me`), a period (`2026-11`), `before 12`"
"""What history takes, for whoever wrote something else."""

_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,31})(?:\|[^>]*)?>|([UW][A-Z0-9]{2,31})")
"""A mention as Slack escapes it (docs.slack.dev, "Implementing slash commands", ``should_escape``), or the
bare id."""


class WrongWords(ValueError):
    """A word that history does not know; the text says which, and what it takes.

    It quotes what was typed: escape it.
    """


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """What was asked: which changes, and below which number the page begins (``None``: with the newest)."""

    only: HistoryFilter
    before: int | None = None


def history_question(words: Iterable[str], *, reader: str | None, today: date) -> HistoryQuestion:
    """Return what these words ask for; ``reader`` is who ``me`` is, ``None`` where nobody is.

    Raises ``WrongWords``.
    """
    asked, left = HistoryQuestion(EVERYTHING), list(words)
    while left:
        word = left.pop(0)
        if word.lower() == "before" and left:
            asked = replace(asked, before=_number(left.pop(0)))
        else:
            asked = replace(asked, only=_narrowed(asked.only, word, reader, today))
    return asked


def spelled(only: HistoryFilter) -> list[str]:
    """Return the words that ask for this filter again; a person by id."""
    kinds = [word for word, kind in KINDS.items() if kind in only.kinds]
    states = [word for word, state in STATES.items() if state in only.states]
    person = [only.person] if only.person else []
    return [*states, *kinds, *person, *_days(only)]


def _narrowed(only: HistoryFilter, word: str, reader: str | None, today: date) -> HistoryFilter:
    lower = word.lower().replace("_", "-")
    person = _PERSON.fullmatch(word)
    if lower in STATES:
        return replace(only, states=only.states | {STATES[lower]})
    if lower in KINDS:
        return replace(only, kinds=only.kinds | {KINDS[lower]})
    if lower == "me" and reader is not None:
        return _of(only, reader, word)
    if person:
        return _of(only, person[1] or person[2], word)
    if word.startswith("@"):
        raise WrongWords(
            f"`{word}` is nobody here: choose the person from what Slack suggests while you type."
        )
    return _within(only, word, today)


def _of(only: HistoryFilter, person: str, word: str) -> HistoryFilter:
    if only.person not in (None, person):
        raise WrongWords(f"`{word}` is a second person; history takes one.")
    return replace(only, person=person)


def _within(only: HistoryFilter, word: str, today: date) -> HistoryFilter:
    if only.since is not None:
        raise WrongWords(f"`{word}` comes after a period; history takes one.")
    try:
        period = spelled_period(word, today)
    except WrongPeriod as wrong:
        if word[:4].isdigit() and "-" in word:
            raise WrongWords(str(wrong)) from wrong
        raise WrongWords(f"`{word}` is nothing that history takes: {TAKES}.") from wrong
    return replace(only, since=period.begins, until=period.ends)


def _days(only: HistoryFilter) -> list[str]:
    if only.since is None or only.until is None:
        return []
    return [f"{only.since.date()}..{(only.until - timedelta(days=1)).date()}"]


def _number(word: str) -> int:
    try:
        return number(word.removeprefix("#"))
    except ValueError as wrong:
        raise WrongWords(f"`{word}` is no number of a change: write it as `before 12`.") from wrong


PAGE = 5
"""Changes per page: what fits a message on a phone."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change as history shows it."""

    request: ChangeRequest
    approved_by: Sequence[str]
    rejected_by: Sequence[str]
    reason: str | None
    read_back: SettingValue | None
    followed_by: ChangeRequest | None = None
    """What ended or extended its window before its time."""
    approved_at: datetime | None = None
    """When the last of the approvals that stand was cast."""
    claimed_by: str | None = None
    """Who said of a change made outside the bot that it was them; ``reason`` is why, then."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first; ``older`` is the number below which the next page starts, ``None`` on the last page."""

    lines: Sequence[HistoryLine]
    older: int | None
    only: HistoryFilter = EVERYTHING
    """What the page was narrowed to."""
    unreadable: tuple[int, ...] = ()
    """The numbers of the changes on this page whose rows are damaged."""


class History:
    """Pages through the ledger by key."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def page(
        self, *, before: int | None = None, limit: int = PAGE, only: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """Return the newest changes below number ``before`` that the filter lets through."""
        with self._ledger.reading() as reader:
            numbers = reader.history.numbers(before=before, limit=limit + 1, only=only)
            lines = _lines(reader, reader.history.requests(numbers[:limit]))
        read = {line.request.id for line in lines}
        return HistoryPage(
            lines=lines,
            older=numbers[limit - 1] if len(numbers) > limit else None,
            only=only,
            unreadable=tuple(number for number in numbers[:limit] if number not in read),
        )


def _lines(reader: Reader, requests: Sequence[ChangeRequest]) -> list[HistoryLine]:
    """One line a change; what is asked about all of them is asked once."""
    numbers = [request.id for request in requests]
    votes, reasons = reader.decisions(numbers), reader.reasons_given(numbers)
    read_back = {step.request_id: step.value for step in reader.attempts(numbers) if step.step == "read_back"}
    return [
        _line(
            request,
            [vote for vote in votes if vote.request_id == request.id],
            read_back=read_back.get(request.id),
            given=reasons.get(request.id),
            followed_by=reader.windows.followed_by(request)
            if request.window_end and request.state is State.APPLIED
            else None,
        )
        for request in requests
    ]


def _line(
    request: ChangeRequest,
    decisions: Sequence[Decision],
    *,
    read_back: SettingValue | None,
    given: tuple[str, str] | None,
    followed_by: ChangeRequest | None,
) -> HistoryLine:
    standing = standing_approvals(decisions)
    approved_by = approvers(decisions)
    return HistoryLine(
        request=request,
        approved_by=approved_by,
        approved_at=max((standing[person].voted_at for person in approved_by), default=None),
        claimed_by=given[0] if given and request.kind is Kind.OUTSIDE else None,
        rejected_by=tuple(vote.person_id for vote in decisions if vote.vote is Vote.REJECT),
        reason=given[1] if given else None,
        read_back=read_back,
        followed_by=followed_by,
    )
