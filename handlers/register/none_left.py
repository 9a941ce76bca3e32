"""Act when no active device is left while opted in: ask people, or opt out by the bot.

It only says so and keeps what people answer; ``changes.opt_out`` opts out once the wait is over.
"""

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.announcement_view import Offer
from handlers.outgoing.device_news import NoneLeft as NoneLeftNews
from handlers.outgoing.notices import enqueue_announcement, enqueue_answer, enqueue_reminder
from handlers.outgoing.refusals import record_refusal
from handlers.register.devices_left import WAIT, is_kept, none_left
from handlers.suggested import Suggested
from storage.ledger import Entry
from storage.messages.records import ReminderReply
from storage.reminder_answers import keep_answer

OVER = (
    f"There is nothing to keep: this window is over, or somebody keeps it already. {Suggested('status')} "
    "shows how things stand."
)

KEPT = "The window stays open to its end, though no active device is left."


class NoneLeft:
    """Looks whether the last device has gone, and keeps what people say about it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self) -> int:
        """Say once that no active entry is left, and what follows; returns how many messages are owed."""
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            left = none_left(reader, now)
            if left is None or reader.messages.owed(left.key):
                return 0
        wait = int(WAIT.total_seconds() // 3600) if self._context.opts_out_when_none_left else None
        with self._context.ledger.recording(now) as entry:
            said = NoneLeftNews(request=left.window_of, device=left.device, wait=wait)
            told = enqueue_announcement(entry, left.key, said, Offer(slot=left.key, series=left.key))
        self._context.wake_worker()
        return int(told)

    def keep(self, request_id: int, interaction: Interaction) -> None:
        """Keep the window of this change open to its end, by one operator or approver.

        Raises ``Unavailable``.
        """
        verdict, person = self._context.people.operator_or_approver(interaction.person), interaction.person
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            left = none_left(entry.reader, entry.now)
            problem = verdict.sentence
            if not problem and (left is None or left.window_of != request_id or is_kept(entry.reader, left)):
                problem = OVER
            if not problem and left is not None:
                keep_answer(
                    entry,
                    series=left.key,
                    key=left.key,
                    reply=ReminderReply.DONE,
                    person_id=person,
                    until=None,
                )
                _draw_again(entry, interaction)
            if not problem or record_refusal(entry, person, "keep_until_end", problem):
                enqueue_answer(entry, interaction, problem or KEPT)
        self._context.wake_worker()


def _draw_again(entry: Entry, interaction: Interaction) -> None:
    """Let everybody read on the message who keeps the window, instead of the button for that."""
    number = entry.reader.messages.announcement_at(interaction.channel, interaction.ts)
    if number is not None:
        enqueue_reminder(entry, number, channel=interaction.channel, ts=interaction.ts, key=interaction.key)
