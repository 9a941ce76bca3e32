"""Return the newest changes: who asked, who decided, what was written and what was read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.policy.votes import approvers, standing_approvals
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.reading import Reader
from storage.records import ChangeRequest, SettingValue, Vote

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


class History:
    """Pages through the ledger by key."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def page(self, *, before: int | None = None, limit: int = PAGE) -> HistoryPage:
        """The newest changes below number ``before``."""
        with self._ledger.reading() as reader:
            found = reader.page(before=before, limit=limit + 1)
            shown = found[:limit]
            lines = [_line(reader, request) for request in shown]
        return HistoryPage(lines=lines, older=shown[-1].id if len(found) > limit else None)


def _line(reader: Reader, request: ChangeRequest) -> HistoryLine:
    decisions = reader.decisions([request.id])
    read_backs = [step.value for step in reader.attempts([request.id]) if step.step == "read_back"]
    given = reader.reason_given(request.id)
    standing = standing_approvals(decisions)
    approved_by = approvers(decisions)
    return HistoryLine(
        request=request,
        approved_by=approved_by,
        approved_at=max((standing[person].voted_at for person in approved_by), default=None),
        claimed_by=given[0] if given and request.kind is Kind.OUTSIDE else None,
        rejected_by=tuple(vote.person_id for vote in decisions if vote.vote is Vote.REJECT),
        reason=given[1] if given else None,
        read_back=read_backs[-1] if read_backs else None,
        followed_by=reader.followed_by(request) if request.window_end and request.state is State.APPLIED else None,
    )
