"""The one object Slack's edge and the worker call: it keeps what was delivered, hands it to its use case, and answers for all.

A delivery is kept before it is acknowledged and finished in the transaction of what it caused; whatever is left over by a process
that died is taken up by the worker.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from handlers.agreement import Subject, tell
from handlers.context import Context
from handlers.decisions import Decisions
from handlers.drift import Drift
from handlers.exports import Exports
from handlers.forms import OptInForm
from handlers.history import History
from handlers.interaction import Interaction, interaction_of
from handlers.look_alikes import LookAlikes
from handlers.lost_copies import LostCopies
from handlers.optouts import OptOuts
from handlers.owed import as_typed, owe_answer
from handlers.policy import ALLOWED, Verdict, about
from handlers.ports import Copies, Lookups, Unavailable
from handlers.reasons import Reasons
from handlers.refusals import Refusals, record_refusal
from handlers.reminder_replies import ReminderReplies
from handlers.requests import Requests
from handlers.rules import Rules
from handlers.status import StatusReports
from handlers.why import Locks
from storage.comparing import WHOLE, Difference
from storage.correlation import correlated
from storage.engine import Busy, Unreachable
from storage.errors import AlreadyHandled, Conflict, NoSuchRequest
from storage.inbox import Inbox, Item
from storage.lifecycle import Kind
from storage.records import MailProtocol, ReminderReply, Vote

log = structlog.get_logger(__name__)

BEFORE_ACK = 1.0
"""Seconds a listener may wait for the database before it acknowledges (Slack allows three in all)."""

REMEMBERED = 60.0
"""Seconds for which a full member may read on without being looked up again; whoever changes something is always looked up."""

TRIES = 5

BROKEN = (
    "Something went wrong inside the bot, and nothing was changed by this. Try again; should it happen once more, have whoever "
    "runs the bot look at its log."
)
"""For a defect: its details are in the log and nobody else's business."""

PLACING = timedelta(minutes=1)
"""How long a reaction on an unknown message is kept while an open request's own message has no known place yet."""

NOTING = timedelta(seconds=5)
"""How long one on a message of the bot's own is kept that is not known: it may have been posted this moment."""

LOOK_AGAIN_MS = 250
"""Milliseconds before such a reaction is looked at again."""

SHOWN = ("request", "vote")
"""What a log line tells of an act, beside its kind."""


class Desk:
    """Everything that can be asked of the bot: its use cases, and the way by which a kept delivery finds its own."""

    def __init__(self, context: Context, inbox: Inbox, lookups: Lookups, copies: Copies) -> None:
        self.context = context
        self.locks = Locks(context, lookups)
        self.requests = Requests(context)
        self.optouts = OptOuts(context)
        self.decisions = Decisions(context)
        self.reasons = Reasons(context)
        self.look_alikes = LookAlikes(context)
        self.rules = Rules(context)
        self.refusals = Refusals(context)
        self.drift = Drift(context)
        self.replies = ReminderReplies(context)
        self.history = History(context.ledger)
        self.exports = Exports(context)
        self.status = StatusReports(context, after=self.drift.seen)
        self._lost_copies = LostCopies(context, copies)
        self._inbox = inbox
        self._members: dict[str, datetime] = {}
        self._use_cases: dict[str, Callable[[Interaction, Mapping[str, str]], bool | None]] = {
            "opt_in": self._ask_opt_in,
            "opt_out": lambda interaction, said: self.optouts.opt_out(interaction, reason=said.get("reason", "")),
            "vote": self._vote,
            "take_back": self._take_back,
            "look_alike": self._look_alike,
            "withdraw": lambda interaction, said: self.requests.withdraw(int(said["request"]), interaction),
            "reason": lambda interaction, said: self.reasons.give(int(said["request"]), said["reason"], interaction),
            "claim": lambda interaction, said: self.drift.claim(int(said["request"]), said["reason"], interaction),
            "reply": lambda interaction, said: self.replies.reply(int(said["request"]), ReminderReply(said["vote"]), interaction),
        }

    @cached_property
    def channels(self) -> frozenset[str]:
        """Where messages about requests stand: the settings' channel, and those of earlier settings. Raises ``Unreachable``."""
        with self.context.ledger.reading() as reader:
            return reader.card_channels() | {self.context.rule.channel}

    def may_read(self, person: str) -> Verdict:
        """Whether somebody may see help, status and history: every full member. Raises ``Unavailable``."""
        now = self.context.now()
        known = self._members.get(person)
        if known is not None and 0 <= (now - known).total_seconds() < REMEMBERED:
            return ALLOWED
        verdict = self.context.people.member(person)
        if verdict.allowed:
            self._members[person] = now
        return verdict

    def take(self, kind: str, key: str, payload: Mapping[str, str]) -> Item | None:
        """Keep one delivery before it is acknowledged; ``None`` when it is known already.

        Raises ``Unreachable`` when it was not kept, and ``NotKnown`` when even that cannot be found out.
        """
        try:
            return self._inbox.put(key, kind, payload, now=self.context.now(), patience=BEFORE_ACK)
        except Busy:
            raise  # nothing was written
        except Unreachable as lost:
            return self._look_up(key, lost)

    def is_first(self, key: str) -> bool:
        """Whether what this command asks for was not begun before, by whichever copy of the bot. Raises ``Unreachable``."""
        return self._inbox.note(key, now=self.context.now())

    def owe_word(self, person: str, text: str) -> None:
        """Owe somebody a sentence that Slack did not take just now; it goes out by direct message. Raises ``Unreachable``."""
        now = self.context.now()
        with self.context.ledger.recording(now) as entry:
            owe_answer(entry, f"word:{person}:{now.isoformat()}", person=person, text=text)
        self.context.nudge()

    def handle(self, item: Item) -> bool:
        """Do what was delivered; tells whether the person should now be asked for the reason of a rejection."""
        interaction = interaction_of(item)
        if interaction is None or item.kind not in self._use_cases:
            self._set_aside(item)
            return False
        with correlated(item.correlation_id):
            rejected = self._handle(item, interaction)
            log.info("act.handled", kind=item.kind, **{name: item.payload[name] for name in SHOWN if name in item.payload})
        return rejected

    def _handle(self, item: Item, interaction: Interaction) -> bool:
        for _ in range(TRIES):
            try:
                return bool(self._use_cases[item.kind](interaction, item.payload))
            except AlreadyHandled:
                return False
            except Conflict:
                continue
            except _NoPlaceYet as unplaced:
                self._look_later(item, interaction, unplaced.within)
            except NoSuchRequest as unknown:
                self._answer(interaction, item.kind, str(unknown), item.payload)
            except Unavailable as away:
                self._answer(interaction, item.kind, f"Nothing was changed: {away.sentence} {away.mend}".strip(), item.payload)
            except Unreachable:
                raise  # it is kept, and taken up again
            except Exception:
                self._answer(interaction, item.kind, BROKEN, item.payload)  # what was begun is rolled back
                raise
            return False
        crowded = "Others acted in the same moment, so nothing was changed. Look again, then decide."
        self._answer(interaction, item.kind, crowded, item.payload)
        return False

    def take_up_leftovers(self) -> int:
        """Handle what a process that died had acknowledged but not finished; returns how many."""
        waiting = self._inbox.claim_waiting(self.context.now())
        with ExitStack() as each:  # one that cannot be handled is raised in the end and holds none of the others up
            for item in reversed(waiting):
                each.callback(self.handle, item)
        return len(waiting)

    def _set_aside(self, item: Item) -> None:
        """Finish a delivery that no listener of ours can have written, so that it is not taken up again and again."""
        with suppress(AlreadyHandled), self.context.ledger.recording(self.context.now()) as entry:
            entry.finish_inbox(item.key)
            tell(entry, Subject.UNREADABLE, f"inbox:{item.id}", [Difference("inbox", str(item.id), WHOLE)])
        self.context.nudge()

    def _look_up(self, key: str, lost: Unreachable) -> Item:
        """The answer to a commit may be lost with the connection, and the commit not."""
        try:
            kept = self._inbox.kept(key)
        except Unreachable:
            raise NotKnown(str(lost)) from lost
        if kept is None:
            raise lost
        return kept

    def _answer(self, interaction: Interaction, kind: str, sentence: str, payload: Mapping[str, str]) -> None:
        text = about(number := self._number(interaction, kind, payload), sentence)
        try:
            with self.context.ledger.recording(self.context.now()) as entry:
                entry.finish_inbox(interaction.key)
                is_news, typed = record_refusal(entry, interaction.person, kind, text, number), as_typed(payload)
                if is_news or typed:
                    owe_answer(
                        entry, interaction.key, person=interaction.person, text=text, channel=interaction.answers_in, typed=typed
                    )
        except AlreadyHandled:
            return
        self.context.nudge()

    def _number(self, interaction: Interaction, kind: str, payload: Mapping[str, str]) -> int | None:
        """Which change it is about: a button says it, a reaction stands on its message; a reminder is no change."""
        if kind == "reply" or "request" in payload:
            return int(payload["request"]) if kind != "reply" else None
        with self.context.ledger.reading() as reader:
            card = reader.card_at(interaction.channel, interaction.ts)
        return card.request_id if card else None

    def _ask_opt_in(self, interaction: Interaction, payload: Mapping[str, str]) -> None:
        protocols = tuple(MailProtocol(name) for name in payload["protocols"].split(","))
        day = datetime.fromisoformat(payload["day"]).date()
        form = OptInForm(reason=payload["reason"], clients=payload["clients"], protocols=protocols, day=day)
        self.requests.ask(Kind(payload.get("kind", Kind.OPT_IN)), form, interaction)

    def _vote(self, interaction: Interaction, payload: Mapping[str, str]) -> bool:
        request_id = self._request_id(interaction, payload)
        if request_id is not None:
            return self.decisions.decide(request_id, Vote(payload["vote"]), interaction)
        self._unmatched(interaction, payload)
        return False

    def _take_back(self, interaction: Interaction, payload: Mapping[str, str]) -> None:
        if (request_id := self._request_id(interaction, payload)) is None:
            return self._ignore(interaction)
        return self.decisions.take_back(request_id, interaction)

    def _look_alike(self, interaction: Interaction, payload: Mapping[str, str]) -> None:
        if (request_id := self._request_id(interaction, payload)) is None:
            return self._ignore(interaction)
        return self.look_alikes.answer(request_id, payload["emoji"], interaction)

    def _request_id(self, interaction: Interaction, payload: Mapping[str, str]) -> int | None:
        """A button carries the number; a reaction is matched to our own message by its place."""
        if "request" in payload:
            return int(payload["request"])
        with self.context.ledger.reading() as reader:
            wish = reader.open_wish()
            unplaced = wish is not None and not reader.cards(wish.id)  # before the place itself, which may be noted meanwhile
            card = reader.card_at(interaction.channel, interaction.ts)
            if card is None and unplaced:
                raise _NoPlaceYet(PLACING)
            if card is None and _awaits_a_word(payload) and not reader.announced_at(interaction.channel, interaction.ts):
                raise _NoPlaceYet(NOTING)
        return card.request_id if card else None

    def _look_later(self, item: Item, interaction: Interaction, within: timedelta) -> None:
        """Slack shows a message before we have noted where it stands; who reacts in that moment must not be overheard."""
        if self.context.now() - item.received_at >= within:
            self._unmatched(interaction, item.payload)
        else:
            self._inbox.put_off(item, ms=LOOK_AGAIN_MS)

    def _unmatched(self, interaction: Interaction, payload: Mapping[str, str]) -> None:
        """A vote on a message that is no known copy: on the bot's own it deserves a word, unless it is about no request."""
        with self.context.ledger.reading() as reader:
            is_ours = _awaits_a_word(payload) and not reader.announced_at(interaction.channel, interaction.ts)
        if is_ours:
            self._lost_copies.answer(interaction)
        else:
            self._ignore(interaction)

    def _ignore(self, interaction: Interaction) -> None:
        """A reaction on somebody else's message is none of our business."""
        with self.context.ledger.recording(self.context.now()) as entry:
            entry.finish_inbox(interaction.key)


class NotKnown(Unreachable):
    """Whether a delivery was kept cannot be told: the database went away while it was written."""


class _NoPlaceYet(Exception):
    """A reaction on a message we do not know, while one of ours may just have been posted; looked at again ``within`` a time."""

    def __init__(self, within: timedelta) -> None:
        super().__init__()
        self.within = within


def _awaits_a_word(payload: Mapping[str, str]) -> bool:
    """Whether somebody decided on a message that the bot itself posted."""
    return "vote" in payload and "ours" in payload
