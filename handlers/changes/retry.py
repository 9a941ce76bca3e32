"""Send a change back to *approved* where Exchange provably processed nothing, and try after a pause."""

from datetime import timedelta

from handlers.changes.supersede import supersede_overtaken
from handlers.outgoing.enqueue import enqueue_card, enqueue_outcome
from handlers.policy.days import spelled_instant
from handlers.ports import WriteAnswer
from storage.ledger import BOT, Entry
from storage.lifecycle import State
from storage.records import ChangeRequest

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds before a change that provably was not processed is sent again: at first, and at most; each pause is
twice the last."""


def send_again_later(entry: Entry, request: ChangeRequest, answer: WriteAnswer, sends: int) -> None:
    """Nothing was processed: back to *approved*, to be judged and read again after a pause.

    It never costs an approval. The requester is told the first time; from then on the card shows it.
    """
    wait = max(answer.retry_after or 0, _pause(sends))
    why = f"{answer.sentence} {answer.mend}".strip()
    detail = f"Waiting for Exchange, nothing was changed: {why} {_goes_on(request)}"
    retry_at = entry.now + timedelta(seconds=wait)
    again = entry.move(request, State.APPROVED, actor=BOT, detail=detail, retry_at=retry_at, sent_at=None)
    if supersede_overtaken(entry, again):
        return
    enqueue_card(entry, again)
    if sends == 1:
        enqueue_outcome(entry, again)


def _pause(sends: int) -> float:
    """Seconds before the next sending, after so many."""
    return min(FIRST_PAUSE * 2.0 ** min(sends - 1, 10), LONGEST_PAUSE)


def _goes_on(request: ChangeRequest) -> str:
    """For how long a change is sent again, for people."""
    until = (
        f"until the approval expires, {spelled_instant(request.expires_at)}"
        if request.expires_at
        else "until it is done"
    )
    return f"It is sent again {until}, with pauses that grow to {LONGEST_PAUSE // 60:.0f} minutes."
