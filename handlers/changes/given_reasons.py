"""Record why somebody rejected a request, or made a change outside the bot: once, in their own words.

Must never alter a reason that is on record.
"""

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_answer, enqueue_card, enqueue_change
from handlers.outgoing.refusals import record_refusal
from handlers.policy.forms import text_problem
from handlers.policy.rule import ALLOWED, Reason, Verdict, about
from storage.ledger import Entry
from storage.ledger_reader import Reader
from storage.lifecycle import Kind
from storage.records import ChangeRequest, Vote


class Claims:
    """Record whose a change made outside the bot was."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_claim(self, person: str) -> Verdict:
        """Judge who may say that it was them: operators and approvers. Raises ``Unavailable``."""
        return self._context.people.operator_or_approver(person)

    def claim(self, request_id: int, reason: str, interaction: Interaction) -> None:
        """Record that this operator or approver made the change outside the bot, and why; once."""
        verdict = self.may_claim(interaction.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            text = verdict.sentence if not verdict.allowed else _claim_problem(entry, request_id, reason)
            if text:
                record_refusal(entry, interaction.person, "claim", text, request_id)
            else:
                entry.give_reason(request_id, person_id=interaction.person, reason=reason)
                enqueue_card(entry, entry.reader.request(request_id))
                text = f"Your name and reason are on record for #{request_id}."
            enqueue_answer(entry, interaction, text, request_id=request_id)
        self._context.wake_worker()


def _claim_problem(entry: Entry, request_id: int, reason: str) -> str:
    if entry.reader.request(request_id).kind is not Kind.OUTSIDE:
        return f"#{request_id} was not made outside the bot."
    if entry.reader.reason_given(request_id) is not None:
        return f"Somebody has put a name to #{request_id} already; the record is never altered."
    problem = text_problem(reason, "Write a sentence, so that the record says why.")
    return about(request_id, problem) if problem else ""


class Reasons:
    """Adds the reason of a rejection to the record; refusals are answered like everything else."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_give(self, request_id: int, person: str) -> Verdict:
        """Judge whether ``person`` may give a reason, before the form opens. Raises ``NoSuchRequest``."""
        with self._context.ledger.reading() as reader:
            return _judge(reader, reader.request(request_id), person)

    def give(self, request_id: int, reason: str, interaction: Interaction) -> None:
        """Record the reason of a rejection, or answer why not. Raises ``Conflict`` and ``NoSuchRequest``."""
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            request = entry.reader.request(request_id)
            text = _judge(entry.reader, request, interaction.person).sentence or _problem(request_id, reason)
            if text:
                record_refusal(entry, interaction.person, "reason", text, request_id)
            else:
                entry.give_reason(request_id, person_id=interaction.person, reason=reason)
                enqueue_change(entry, entry.reader.request(request_id))
                text = f"Thank you. Your reason for rejecting #{request_id} is on record."
            enqueue_answer(entry, interaction, text, request_id=request_id)
        self._context.wake_worker()


def _judge(reader: Reader, request: ChangeRequest, person: str) -> Verdict:
    rejecters = [vote.person_id for vote in reader.decisions([request.id]) if vote.vote is Vote.REJECT]
    told = ""
    if person not in rejecters:
        told = f"Only the person who rejected #{request.id} can say why."
    elif reader.reason_given(request.id) is not None:
        told = f"A reason for rejecting #{request.id} is on record already; the record is never altered."
    return Verdict(allowed=False, reason=Reason.NOT_PENDING, sentence=told) if told else ALLOWED


def _problem(request_id: int, reason: str) -> str:
    problem = text_problem(reason, "Write a sentence, so that the requester knows what to change.")
    return about(request_id, problem) if problem else ""
