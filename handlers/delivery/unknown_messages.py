"""Answer a reaction on a copy of a request's message that is not on record, and redraw the copy.

Slack's answer to posting such a copy was lost. Which request it is about its own buttons tell; nothing is
decided upon that, for whether the reaction still stands is not known. Once the copy is redrawn its place is
noted, and reactions on it decide.
"""

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import enqueue_answer, enqueue_lost_copy
from handlers.outgoing.refusals import record_refusal
from handlers.policy.rule import about
from handlers.ports import Copies, Place, Unavailable

UNMATCHED = (
    "Your reaction decided nothing: it is on a copy of a message that the bot cannot match to a request, "
    "because Slack's answer to posting it was lost. The buttons on it work, and so does a reaction on the "
    "request's other message."
)

FOUND = (
    "Your reaction decided nothing yet: it is on a copy of the message that the bot did not know of, because "
    "Slack's answer to posting it was lost. Take it away and react once more; the buttons work as well."
)


class LostCopies:
    """Answers one reaction at a time; Slack is asked outside the transaction."""

    def __init__(self, context: Context, copies: Copies) -> None:
        self._context = context
        self._copies = copies

    def answer(self, interaction: Interaction) -> None:
        """Answer whoever reacted there. Raises ``NoSuchRequest`` for the copy of another record's request."""
        number, is_known = None, True
        try:
            number = self._copies.request_at(Place(interaction.channel, interaction.ts))
        except Unavailable:
            is_known = False  # the answer says what works all the same
        text = UNMATCHED if number is None else about(number, FOUND)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            is_news = record_refusal(entry, interaction.person, "vote", text, number)
            if is_news or not is_known:
                enqueue_answer(entry, interaction, text, request_id=number)
            if number is not None:
                enqueue_lost_copy(
                    entry, entry.reader.request(number), channel=interaction.channel, ts=interaction.ts
                )
        self._context.wake_worker()
