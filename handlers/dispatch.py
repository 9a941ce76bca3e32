"""Keep what was delivered, hand it to its use case and answer: what Slack's edge and the worker call.

A delivery is kept before it is acknowledged and finished in the transaction of what it caused; whatever is
left over by a process that died is taken up by the worker.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, assert_never

import structlog

from handlers.changes.ask import Requests
from handlers.changes.decide import Decisions
from handlers.changes.drift import Drift
from handlers.changes.form_proposals import Proposals
from handlers.changes.given_reasons import Claims, Reasons
from handlers.changes.look_alikes import LookAlikes
from handlers.changes.opt_out import OptOuts
from handlers.changes.record_disagreements import tell
from handlers.changes.recorded_rule import Rules
from handlers.changes.shorten import Shortening
from handlers.changes.withdraw import Withdrawals
from handlers.commands import (
    AboutMessage,
    AnswerLookAlike,
    AskExtension,
    AskOptIn,
    CastVote,
    ClaimChange,
    Command,
    GiveReason,
    OptOut,
    ReplyToReminder,
    ShortenWindow,
    TakeBackVote,
    Withdraw,
    command_of,
)
from handlers.context.context import Context
from handlers.context.lazy_parts import FirstUse
from handlers.context.look_ups import ActedTooOften
from handlers.context.readers import Readers
from handlers.evidence.evidence_file import EvidenceFiles
from handlers.interaction import Interaction
from handlers.outgoing.news import Subject
from handlers.outgoing.notices import as_typed, enqueue_answer, enqueue_word
from handlers.outgoing.refusals import Refusals, record_refusal
from handlers.policy.rule import about
from handlers.ports import Copies, FetchFile, Lookups, Unavailable
from handlers.queries.history import History
from handlers.queries.mailbox_diagnosis import Locks
from handlers.queries.status import StatusReports
from handlers.reaction_targets import LostCopies, NoPlaceYet, ReactionTargets
from handlers.register.commands import RegisterCommand
from handlers.register.device_acts import Register
from handlers.reminders.replies import ReminderReplies
from storage.database.correlation import correlated
from storage.engine import Unreachable
from storage.errors import AlreadyHandled, Conflict, NoSuchDevice, NoSuchRequest
from storage.inbox import Inbox, Item
from storage.integrity.row_comparison import WHOLE, Difference

log = structlog.get_logger(__name__)
Query = TypeVar("Query")

BEFORE_ACK = 1.0
"""Seconds a listener may wait for the database before it acknowledges (Slack allows three in all)."""

BROKEN = (
    "Something went wrong inside the bot, and nothing was changed by this. Try again; should it happen once "
    "more, have whoever runs the bot look at its log."
)
"""For a defect: its details are in the log and nobody else's business."""

CROWDED = "Others acted in the same moment, so nothing was changed. Look again, then decide."

UNREAD = "What you did could not be read when its turn came, so nothing was changed. Do it again."

TRIES = 7
"""How often an act is begun, as long as somebody else is faster, before the person is told to look again."""

LOOK_AGAIN_MS = 250
"""Milliseconds before a reaction on a message that is not known yet is looked at again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery that is kept, and what it asks for."""

    item: Item
    command: Command
    interaction: Interaction


class Dispatch:
    """Hold the use cases, and find the one for each kept delivery."""

    status = FirstUse(lambda own: own.begun(StatusReports(own.context, after=own.drift.seen)))
    locks = FirstUse(lambda own: Locks(own.context, own.lookups))
    evidence = FirstUse(lambda own: EvidenceFiles(own.context, own.lookups))
    register = FirstUse(lambda own: Register(own.context, own.fetch, own.lookups))
    _targets = FirstUse(lambda own: ReactionTargets(own.context, LostCopies(own.context, own.copies)))
    history = FirstUse(lambda own: History(own.context.ledger))
    proposals, shortening = FirstUse.of(Proposals), FirstUse.of(Shortening)
    requests, decisions, reasons = FirstUse.of(Requests), FirstUse.of(Decisions), FirstUse.of(Reasons)
    look_alikes, refusals, claims = FirstUse.of(LookAlikes), FirstUse.of(Refusals), FirstUse.of(Claims)
    replies = FirstUse.of(ReminderReplies)

    def __init__(
        self, context: Context, inbox: Inbox, lookups: Lookups, copies: Copies,
        fetch: FetchFile | None = None, *,
        begun: Callable[[StatusReports], StatusReports] = lambda reports: reports,
    ) -> None:  # fmt: skip
        """``begun`` has reports of the live value served, once somebody asks for one, and returns them."""
        self.context, self._inbox, self.begun = context, inbox, begun
        self.lookups, self.copies, self.fetch = lookups, copies, fetch
        self.withdrawals, self.optouts = Withdrawals(context), OptOuts(context)
        self.rules, self.drift = Rules(context), Drift(context)
        self.may_read = Readers(context).may_read
        self._queries: dict[Callable[[Context], Any], Any] = {}

    def query(self, kind: Callable[[Context], Query]) -> Query:
        """Return the one use case of a class that is made of the context alone; made when first asked for."""
        made: Query = self._queries.get(kind) or self._queries.setdefault(kind, kind(self.context))
        return made

    @cached_property
    def channels(self) -> frozenset[str]:
        """Return where messages about requests stand, now and by earlier settings. Raises ``Unreachable``."""
        with self.context.ledger.reading() as reader:
            return reader.messages.card_channels() | {self.context.rule.channel}

    def seems_involved(self, person: str) -> bool:
        """Tell whether somebody is named as approver or operator, as of the last minute; only to show by."""
        return self.context.people.seems_involved(person)

    def take(self, command: Command, interaction: Interaction) -> Kept | None:
        """Keep one command before it is acknowledged; ``None`` when it is known already.

        Raises ``Unreachable`` when it was not kept, and ``NotKnown`` when even that cannot be found out.
        """
        payload, now = interaction.to_payload() | command.to_payload(), self.context.now()
        item = self._inbox.put(interaction.key, command.kind.value, payload, now=now, patience=BEFORE_ACK)
        return Kept(item, command, interaction) if item is not None else None

    def is_first(self, key: str) -> bool:
        """Tell whether no copy of the bot began before what this command asks for. Raises ``Unreachable``."""
        return self._inbox.note(key, now=self.context.now())

    def enqueue_word(self, person: str, text: str) -> None:
        """Owe somebody a sentence that Slack did not take just now; it goes out by direct message.

        Raises ``Unreachable``.
        """
        now = self.context.now()
        with self.context.ledger.recording(now) as entry:
            enqueue_word(entry, f"word:{person}:{now.isoformat()}", person, text)
        self.context.wake_worker()

    def handle(self, kept: Kept) -> bool:
        """Do what was delivered; returns whether to ask the person for the reason of a rejection."""
        with correlated(kept.item.correlation_id):
            rejected = self._handle(kept.item, kept.command, kept.interaction)
            log.info("act.handled", kind=kept.command.kind.value, **kept.command.logged)
        return rejected

    def _handle(self, item: Item, command: Command, interaction: Interaction) -> bool:
        for _ in range(TRIES):
            try:
                return self._dispatch(command, interaction)
            except AlreadyHandled:
                return False
            except Conflict:
                continue  # somebody was faster: it is begun anew
            except NoPlaceYet as unplaced:
                self._look_later(item, unplaced, interaction)
            except (NoSuchRequest, NoSuchDevice) as unknown:
                self._answer(command, interaction, str(unknown), is_refusal=True)
            except Unavailable as away:
                text = f"Nothing was changed: {away.sentence} {away.mend}".strip()
                self._answer(command, interaction, text, is_refusal=isinstance(away, ActedTooOften))
            except Unreachable:
                raise  # it is kept, and taken up again
            except Exception:
                self._answer(command, interaction, BROKEN)  # what was begun is rolled back
                raise
            return False
        self._answer(command, interaction, CROWDED)
        return False

    def _dispatch(self, command: Command, interaction: Interaction) -> bool:
        """Hand a command to its use case; tells whether it was a rejection that stands."""
        if isinstance(command, RegisterCommand):
            return self.register.do(command, interaction)
        match command:
            case AskOptIn() | AskExtension():
                self.requests.ask(command.asked, command.form, interaction)
            case ShortenWindow():
                self.shortening.shorten(command.form, interaction)
            case OptOut():
                self.optouts.opt_out(interaction, reason=command.reason, ticket=command.ticket or "")
            case CastVote() | TakeBackVote() | AnswerLookAlike():
                return self._act_on_message(command, interaction)
            case Withdraw():
                self.withdrawals.withdraw(command.request_id, interaction)
            case GiveReason():
                self.reasons.give(command.request_id, command.reason, interaction)
            case ClaimChange():
                self.claims.claim(command.request_id, command.reason, interaction)
            case ReplyToReminder():
                self.replies.reply(command.notice_id, command.reply, interaction)
            case _:
                assert_never(command)
        return False

    def _act_on_message(self, command: AboutMessage, interaction: Interaction) -> bool:
        request_id = self._targets.request_of(command, interaction)
        if request_id is None:
            self._targets.answer_unmatched(command, interaction)
            return False
        match command:
            case CastVote():
                return self.decisions.decide(request_id, command.vote, interaction)
            case TakeBackVote():
                self.decisions.take_back(request_id, interaction)
            case AnswerLookAlike():
                self.look_alikes.answer(request_id, command.emoji, interaction)
            case _:
                assert_never(command)
        return False

    def take_up_leftovers(self) -> int:
        """Handle what a process that died had acknowledged but not finished; returns how many."""
        waiting = self._inbox.claim_waiting(self.context.now())
        # one that cannot be handled is raised in the end and holds none of the others up
        with ExitStack() as each:
            for item in reversed(waiting):
                each.callback(self._take_up, item)
        return len(waiting)

    def _take_up(self, item: Item) -> None:
        interaction = None
        try:
            interaction = Interaction.from_payload(item.key, item.payload)
            kept = Kept(item, command_of(item.kind, item.payload), interaction)
        except ValueError:
            self._set_aside(item, interaction)
        else:
            self.handle(kept)

    def _set_aside(self, item: Item, interaction: Interaction | None) -> None:
        """Finish a delivery that no listener of ours can have written, so that it is not taken up again."""
        with suppress(AlreadyHandled), self.context.ledger.recording(self.context.now()) as entry:
            entry.finish_inbox(item.key)
            tell(entry, Subject.UNREADABLE, f"inbox:{item.id}", [Difference("inbox", str(item.id), WHOLE)])
            if interaction is not None:
                enqueue_answer(entry, interaction, UNREAD)
        self.context.wake_worker()

    def _answer(
        self, command: Command, interaction: Interaction, sentence: str, *, is_refusal: bool = False
    ) -> None:
        """Answer and record what came of it; the same refusal once a minute, everything else every time."""
        number = self._number(command, interaction)
        text, typed = about(number, sentence), as_typed(command.to_payload())
        try:
            with self.context.ledger.recording(self.context.now()) as entry:
                entry.finish_inbox(interaction.key)
                is_news = record_refusal(entry, interaction.person, command.kind.value, text, number)
                if is_news or typed or not is_refusal:
                    enqueue_answer(entry, interaction, text, typed=typed)
        except AlreadyHandled:
            return
        self.context.wake_worker()

    def _number(self, command: Command, interaction: Interaction) -> int | None:
        """Return the number of the change it is about, from the button or message; ``None``: no change."""
        if isinstance(command, RegisterCommand):
            return None
        match command:
            case CastVote() | TakeBackVote() | AnswerLookAlike():
                return command.request_id or self._targets.shown_at(interaction)
            case Withdraw() | GiveReason() | ClaimChange():
                return command.request_id
            case AskOptIn() | AskExtension() | ShortenWindow() | OptOut() | ReplyToReminder():
                return None
            case _:
                assert_never(command)

    def _look_later(self, item: Item, unplaced: NoPlaceYet, interaction: Interaction) -> None:
        """Look later at a reaction on a message whose place is not noted yet, so that it counts."""
        if self.context.now() - item.received_at >= unplaced.within:
            self._targets.answer_unmatched(unplaced.command, interaction)
        else:
            self._inbox.put_off(item, ms=LOOK_AGAIN_MS)
