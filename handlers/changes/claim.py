"""Have an operator or approver say that a change made outside the bot was theirs, and why."""

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_answer, enqueue_card
from handlers.outgoing.refusals import record_refusal
from handlers.policy.forms import text_problem
from handlers.policy.rule import Verdict, about
from storage.ledger import Entry
from storage.lifecycle import Kind


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
