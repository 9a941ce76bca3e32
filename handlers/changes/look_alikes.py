"""Tell an approver once that a reaction that looks like a vote decides nothing, and which do."""

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import answer_key, enqueue_answer
from handlers.ports import Unavailable
from storage.ledger_reader import Reader
from storage.lifecycle import State


class LookAlikes:
    """Answer another tick, thumb or cross on an open request, without counting it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def answer(self, request_id: int, emoji: str, interaction: Interaction) -> None:
        """Tell an approver once a request that ``emoji`` decides nothing; unknown people hear nothing."""
        key = f"look_alike:{request_id}:{interaction.person}"
        with self._context.ledger.reading() as reader:
            tell = self._is_open(reader, request_id) and not reader.messages.owed(answer_key(key))
        tell = tell and self._is_approver(interaction.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            if tell and self._is_open(entry.reader, request_id):
                text = self._told(request_id, emoji)
                enqueue_answer(entry, interaction, text, request_id=request_id, key=key)
        if tell:
            self._context.wake_worker()

    def _is_open(self, reader: Reader, request_id: int) -> bool:
        request = reader.request(request_id)
        return request.state is State.PENDING and not request.has_expired(self._context.now())

    def _is_approver(self, person: str) -> bool:
        try:
            return self._context.people.approver(person).allowed
        except Unavailable:
            return False

    def _told(self, request_id: int, emoji: str) -> str:
        rule = self._context.rule
        return (
            f"Your :{emoji}: on #{request_id} counts for nothing. To approve, react with "
            f":{rule.approve_emoji}:, to reject with :{rule.reject_emoji}:, or use the buttons on the "
            "message."
        )
