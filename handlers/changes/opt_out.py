"""Use cases of the safe direction: one operator or approver opts out, or a window ends.

No second person, no votes.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from handlers.changes.transitions import supersede_unsent
from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing import news
from handlers.outgoing.notices import (
    asked_by,
    enqueue_announcement,
    enqueue_answer,
    enqueue_card,
    enqueue_redraw,
)
from handlers.outgoing.refusals import record_refusal
from handlers.policy.overdue import Overdue, overdue, pause
from handlers.policy.rule import Verdict
from handlers.register.devices_left import may_be_ended
from storage.database.correlation import correlated
from storage.errors import AlreadyOpen
from storage.ledger import Entry
from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Door, SettingValue

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much a failure may lie in the future without the clock having been set back: replicas' clocks are
not one."""


class OptOuts:
    """Opens opt-outs; they are born approved and supersede every opt-in that was not yet sent."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def may_opt_out(self, person: str) -> Verdict:
        """Tell whether one person may opt out. Raises ``Unavailable``."""
        return self._context.people.opting_out(person)

    def opt_out(self, interaction: Interaction, *, reason: str, ticket: str = "") -> None:
        """Record an approved opt-out by one operator or approver; it supersedes every opt-in not yet sent."""
        verdict = self.may_opt_out(interaction.person)
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            if not verdict.allowed:
                record_refusal(entry, interaction.person, "opt_out", verdict.sentence)
                text = verdict.sentence
            else:
                text = self._opt_out(entry, interaction, reason, ticket)
            enqueue_answer(entry, interaction, text)
        self._context.wake_worker()

    def end_window(self) -> int:
        """Opt out when the window has ended; returns how many opt-outs were opened: none or one.

        While it does not succeed, the channel and those to escalate to hear of it at once, and then once a
        day.
        """
        now = self._context.now()
        with self._context.ledger.reading() as reader:
            late = overdue(reader, now)
            if late is None or not (self._is_due(late, now) or self._is_to_be_told(reader, late, now)):
                return 0
        try:
            with correlated(), self._context.ledger.recording(now) as entry:
                opened = self._end(entry, now)
        except AlreadyOpen:
            return 0
        self._context.wake_worker()
        return opened

    def _end(self, entry: Entry, now: datetime) -> int:
        now = max(now, self._context.now())  # the lock may have been waited for, while the last try failed
        late = overdue(entry.reader, now)
        if late is None:
            return 0
        # what is due is tried first: when it fails, the message can say when it is tried again
        if not self._is_due(late, now):
            if self._is_to_be_told(entry.reader, late, now):
                enqueue_announcement(entry, _telling(late, now), self._told(entry.reader, late))
            return 0
        reason = f"The window of #{late.window_of} has ended." if late.window_of else "The window has ended."
        self._born_approved(entry, person=None, door=Door.BOT, reason=reason)
        _redraw_failed(entry)
        return 1

    def end_when_none_left(self) -> int:
        """Opt out once no active device is left and the wait is over; returns how many were opened."""
        now = self._context.now()
        if not self._context.opts_out_when_none_left:
            return 0
        with self._context.ledger.reading() as reader:
            left = may_be_ended(reader, now)
            failed = (
                reader.in_states({State.FAILED}, kinds=(Kind.OPT_OUT,), above=left.window_of) if left else []
            )
        tried = [request.settled_at for request in failed if request.settled_at is not None]
        if left is None or (tried and now < tried[-1] + pause(len(tried))):
            return 0
        try:
            with correlated(), self._context.ledger.recording(now) as entry:
                if may_be_ended(entry.reader, now) != left:
                    return 0
                reason = (
                    f"No active device is left: D{left.device} was the last, and nobody keeps the window."
                )
                self._born_approved(entry, person=None, door=Door.BOT, reason=reason)
        except AlreadyOpen:
            return 0
        self._context.wake_worker()
        return 1

    def open_again(self, entry: Entry, reason: str) -> None:
        """Ask for an opt-out by the bot where a row can no longer be acted on, if none is under way."""
        with suppress(AlreadyOpen):
            self._born_approved(entry, person=None, door=Door.BOT, reason=reason)

    def may_not_rest(self) -> bool:
        """Tell whether the bot has to end something or find it out, with or without Slack."""
        with self._context.ledger.reading() as reader:
            baseline = reader.baseline()
            opted_in = baseline is not None and baseline.value is SettingValue.OPTED_IN
            return opted_in or bool(reader.in_states({State.APPROVED, State.APPLYING, State.UNCERTAIN}))

    @staticmethod
    def _is_due(late: Overdue, now: datetime) -> bool:
        """Wait while one is under way or failed recently; a clock set back delays nothing."""
        if late.under_way is not None:
            return False
        return (
            late.next_try is None
            or now >= late.next_try
            or late.next_try - now > pause(late.failures) + CLOCKS_DIFFER
        )

    @staticmethod
    def _is_to_be_told(reader: Reader, late: Overdue, now: datetime) -> bool:
        return bool(late.problem) and not reader.messages.owed(_telling(late, now))

    def _told(self, reader: Reader, late: Overdue) -> news.Overdue:
        """What is uncertain is read again, not sent again, so that no next try is told."""
        is_uncertain = late.under_way is not None and late.under_way.state is State.UNCERTAIN
        asked = asked_by(reader.windows.requests_behind(late.window_of)) if late.window_of else []
        return news.Overdue(
            request=late.window_of,
            end=late.ended_at,
            problem=late.problem,
            next=None if is_uncertain else late.next_try,
            mention=tuple(dict.fromkeys([*self._context.escalate_to, *asked])),
        )

    def _opt_out(self, entry: Entry, interaction: Interaction, reason: str, ticket: str) -> str:
        asked = {"person": interaction.person, "reason": reason, "ticket": ticket}
        try:
            request = self._born_approved(entry, **asked, door=Door.COMMAND)
        except AlreadyOpen as taken:
            text = f"Opt-out #{taken.request_id} is already under way; its result will be posted."
            record_refusal(entry, interaction.person, "opt_out", text, taken.request_id)
            return text
        unless = "unless the live value is *opted out* already"
        return (
            f"Opt-out #{request.id} is recorded and goes to Exchange now, {unless}. The result follows by "
            "direct message."
        )

    def _born_approved(
        self, entry: Entry, *, person: str | None, door: Door, reason: str, ticket: str = ""
    ) -> ChangeRequest:
        by = f"Asked for by @{person}" if person else "Opened by the bot itself"
        request = entry.open(
            Kind.OPT_OUT,
            requester_id=person,
            door=door,
            to_value=SettingValue.OPTED_OUT,
            from_value=None,
            rule_digest=self._context.rule.digest,
            reason=reason,
            ticket=ticket,
            detail=f"{by}; opting out needs no second person.",
        )
        supersede_unsent(entry, request)
        enqueue_card(entry, request)
        return request


def _telling(late: Overdue, now: datetime) -> str:
    """The key of the message that a window is overdue: one for each day that it is."""
    return f"overdue:{late.window_of or 0}:{late.ended_at.isoformat()}:{(now - late.ended_at).days}"


def _redraw_failed(entry: Entry) -> None:
    """Redraw failed ends of a window once the end is tried again: they name an outdated time."""
    baseline = entry.reader.baseline()
    number = baseline.request_id or 0 if baseline else 0
    for request in entry.reader.in_states({State.FAILED}, kinds=(Kind.OPT_OUT,), above=number):
        for copy in entry.reader.messages.cards(request.id):
            enqueue_redraw(
                entry,
                request,
                channel=copy.channel,
                ts=copy.ts,
                key=f"tried:{entry.now.isoformat()}:{copy.ts}",
            )
