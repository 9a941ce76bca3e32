"""Answer a reminder: an operator or approver snoozes it or calls it done, for all to read."""

from datetime import UTC, datetime

from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.announcement_view import announcement_of, offer_of
from handlers.outgoing.notices import enqueue_answer, enqueue_reminder
from handlers.outgoing.refusals import record_refusal
from handlers.outgoing.reminders import Scheduled
from handlers.policy.days import spelled_instant
from handlers.policy.working_hours import in_working_hours, next_opening
from handlers.reminders import snooze
from storage.ledger import Entry
from storage.messages.records import Notice, ReminderReply
from storage.reminder_answers import keep_answer


class ReminderReplies:
    """Takes answers to reminders, one a message; refusals are answered like everything else."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def reply(self, notice_id: int, reply: ReminderReply, interaction: Interaction) -> None:
        """Put the reminder of this notice off, or call it done. Raises ``Conflict`` and ``Unavailable``."""
        verdict = self._context.people.operator_or_approver(interaction.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            notice = entry.reader.messages.notice(notice_id)
            refused = verdict.sentence if not verdict.allowed else self._refusal(entry, notice, reply)
            is_news = True
            if refused or notice is None:
                recorded = record_refusal(
                    entry, interaction.person, f"{reply.value} reminder {notice_id}", refused
                )
                is_news = recorded or not (verdict.allowed or verdict.is_refusal)
                text = refused
            else:
                text = self._keep(entry, notice, reply, interaction.person)
            if is_news:
                self._show(entry, notice, interaction)
                enqueue_answer(entry, interaction, text)
        self._context.wake_worker()

    def _refusal(self, entry: Entry, notice: Notice | None, reply: ReminderReply) -> str:
        if notice is None:
            return "The bot knows no such reminder any more."
        offer = offer_of(notice.facts)
        answers = entry.reader.messages.reminder_answers(offer.series)
        return (
            snooze.refusal(announcement_of(notice.facts), offer, notice.key, answers, reply, now=entry.now)
            or ""
        )

    def _keep(self, entry: Entry, notice: Notice, reply: ReminderReply, person: str) -> str:
        until = self._until(notice, entry.now) if reply is ReminderReply.SNOOZED else None
        keep_answer(
            entry,
            series=offer_of(notice.facts).series,
            key=notice.key,
            reply=reply,
            person_id=person,
            until=until,
        )
        if until is None:
            return "This reminder is done and is not told again; your name is on its message and on record."
        return (
            f"This reminder is put off until {spelled_instant(until)}; your name is on its message and on "
            "record."
        )

    def _until(self, notice: Notice, now: datetime) -> datetime:
        """When it is told again at the earliest: nothing is posted outside working hours."""
        said = announcement_of(notice.facts)
        assert isinstance(said, Scheduled)  # any other was refused
        until, zone, hours = snooze.until(said, now), self._context.zone, self._context.hours
        return (
            until
            if in_working_hours(until, zone, hours)
            else next_opening(until, zone, hours).astimezone(UTC)
        )

    @staticmethod
    def _show(entry: Entry, notice: Notice | None, interaction: Interaction) -> None:
        """Redraw every known copy, posted and touched, once there is an answer to show."""
        if notice is None or not _answered(entry, notice):
            return
        for channel, ts in {
            (interaction.channel, interaction.ts),
            entry.reader.messages.posted_at(notice.id) or ("", ""),
        }:
            enqueue_reminder(entry, notice.id, channel=channel, ts=ts, key=f"{interaction.key}:{ts}")


def _answered(entry: Entry, notice: Notice) -> bool:
    return any(
        answer.key == notice.key
        for answer in entry.reader.messages.reminder_answers(offer_of(notice.facts).series)
    )
