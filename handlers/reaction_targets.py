"""Find the request a button or reaction is about; answer reactions on unknown messages.

A button carries the number; a reaction is matched to a message of the bot's own by its place, never by what
Slack says of it. Where Slack's answer to posting a copy was lost, the copy's own buttons tell its request;
nothing is decided upon that, for whether the reaction still stands is not known. The copy is redrawn, its
place is noted, and reactions on it decide from then on.
"""

from datetime import timedelta

from handlers.commands import AboutMessage, CastVote
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


PLACING = timedelta(minutes=1)
"""How long a reaction on an unknown message is kept while an open request's own message has no known place
yet."""

NOTING = timedelta(seconds=5)
"""How long one on a message of the bot's own is kept that is not known: it may have been posted this
moment."""


class NoPlaceYet(Exception):
    """Report a reaction on an unknown message while one may just be posted; retry ``within``."""

    def __init__(self, command: AboutMessage, within: timedelta) -> None:
        super().__init__()
        self.command = command
        self.within = within


class ReactionTargets:
    """Matches reactions to requests by the places of the bot's messages."""

    def __init__(self, context: Context, lost_copies: LostCopies) -> None:
        self._context = context
        self._lost_copies = lost_copies

    def request_of(self, command: AboutMessage, interaction: Interaction) -> int | None:
        """Return the number of the request, ``None`` for a message that shows none. Raises ``NoPlaceYet``."""
        if command.request_id is not None:
            return command.request_id
        with self._context.ledger.reading() as reader:
            request = reader.open_request()
            unplaced = request is not None and not reader.messages.cards(
                request.id
            )  # before the place itself, which may be noted meanwhile
            card = reader.messages.card_at(interaction.channel, interaction.ts)
            if card is None and unplaced:
                raise NoPlaceYet(command, PLACING)
            if (
                card is None
                and _awaits_a_word(command)
                and not reader.messages.announced_at(interaction.channel, interaction.ts)
            ):
                raise NoPlaceYet(command, NOTING)
        return card.request_id if card else None

    def shown_at(self, interaction: Interaction) -> int | None:
        """Return the number of the request that the message acted on shows, as far as is known by now."""
        with self._context.ledger.reading() as reader:
            card = reader.messages.card_at(interaction.channel, interaction.ts)
        return card.request_id if card else None

    def answer_unmatched(self, command: AboutMessage, interaction: Interaction) -> None:
        """Finish a reaction on an unknown message; tell who voted where the bot wrote it.

        A message of the bot's own that is about no request, and everybody else's messages, are none of its
        business.
        """
        with self._context.ledger.reading() as reader:
            is_ours = _awaits_a_word(command) and not reader.messages.announced_at(
                interaction.channel, interaction.ts
            )
        if is_ours:
            self._lost_copies.answer(interaction)
            return
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)


def _awaits_a_word(command: AboutMessage) -> bool:
    """Whether somebody decided on a message that the bot itself posted."""
    return isinstance(command, CastVote) and command.on_own_message
