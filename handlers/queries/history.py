"""Return the newest changes: who asked, who decided, what was written and what was read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.policy.votes import approvers, standing_approvals
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.reading import Reader
from storage.records import ChangeRequest, Decision, SettingValue, Vote

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
