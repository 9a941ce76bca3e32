"""End a request that nobody decided: its requester takes it back, or its time runs out."""

from datetime import datetime

from handlers.changes.conflicts import Look
from handlers.changes.transitions import decided_by, expire, expire_if_due
from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_answer, enqueue_card, enqueue_lost_copy, enqueue_redraw
from handlers.outgoing.refusals import record_refusal
from handlers.policy.rule import judge_withdrawal
from storage.lifecycle import State
from storage.records import ChangeRequest


class Withdrawals:
    """Withdraw requests and let them expire."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def withdraw(self, request_id: int, interaction: Interaction) -> None:
        """Take a request back for its requester; anybody else is told why not. Raises ``NoSuchRequest``."""
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            request = expire_if_due(entry, entry.reader.request(request_id), self._context.now())
            verdict = judge_withdrawal(request, interaction.person, decided_by(entry.reader, request))
            text, is_news = verdict.sentence, True
            if verdict.allowed:
                detail = f"Withdrawn by @{interaction.person}."
                request = entry.move(request, State.WITHDRAWN, actor=interaction.person, detail=detail)
                enqueue_card(entry, request)
                text = f"#{request.id} is withdrawn. Nothing was changed in Exchange."
            else:
                is_news = record_refusal(entry, interaction.person, "withdraw", text, request_id)
            if is_news:
                enqueue_redraw(
                    entry, request, channel=interaction.channel, ts=interaction.ts, key=interaction.key
                )
                enqueue_answer(entry, interaction, text, request_id=request_id)
            else:
                enqueue_lost_copy(entry, request, channel=interaction.channel, ts=interaction.ts)
        self._context.wake_worker()

    def expire_due(self) -> int:
        """End every undecided request whose time has run out; returns how many. Raises ``Stuck``."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            expired = reader.expired(now)
        look = Look()
        for request in expired:
            with look.at(request):
                self._expire(request, now)
        return look.moved()

    def _expire(self, request: ChangeRequest, now: datetime) -> None:
        with self._context.ledger.recording(now) as entry:
            expire(entry, request)
