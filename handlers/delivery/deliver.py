"""Send what is owed: claim, show, note where it stands; what fails stays owed and is tried again.

Two lanes: cards and channel messages are sent by one worker at a time (under a lease), so that a request gets
one message and a late drawing loses; private answers may be sent by many. A claim is made sure of again
before a message that had to wait for others, so that a process that was frozen, or kept waiting by Slack,
does not send what somebody else has taken over.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import assert_never

import structlog

from handlers.context.context import Context
from handlers.context.rate_limits import RESTS, Pacing
from handlers.delivery.card_sync import CardSync, DeviceCards
from handlers.delivery.readiness import Readiness
from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.announcer_port import Announcer
from handlers.outgoing.device_news import DevicesWeekly
from handlers.outgoing.notices import (
    enqueue_unposted,
    typed_back,
)
from handlers.outgoing.request_view import RequestView
from handlers.ports import Place, Unavailable
from handlers.reminders.due import shown_now
from storage.engine import Unreachable
from storage.messages.outbox import Outbox
from storage.messages.records import Notice, NoticeKind

log = structlog.get_logger(__name__)

PUBLIC = (NoticeKind.CARD, NoticeKind.CHANNEL, NoticeKind.REMINDER, NoticeKind.THREAD, NoticeKind.DEVICE)
PRIVATE = (NoticeKind.ANSWER, NoticeKind.ASK_REASON, NoticeKind.OUTCOME, NoticeKind.PERSONAL)
AT_A_PLACE = (NoticeKind.REMINDER, NoticeKind.THREAD, NoticeKind.DEVICE)
"""What is shown beside, or in place of, a message that stands already."""
DRAWN_ANEW = (NoticeKind.CARD, NoticeKind.REMINDER, NoticeKind.DEVICE, NoticeKind.OUTCOME)
"""What shows how things are when it is sent, in whatever order that is."""
PRIVATE_AT_ONCE = 6
"""Private messages taken at once: while a slow Slack takes them one by one, whoever is owed something new
waits."""
LONGEST_WAIT = 60.0
"""Seconds between tries at most."""
HICCUPS = 3
"""Failed posts of a request that are not worth a word, as such trouble passes; what does not pass by itself
is told at once."""
FAILURES_ALONE = 1
"""Failures in a row that concern one message alone; from the next one on Slack itself is left alone for a
while, growing to ten seconds, however many messages are owed."""
OWED_FOR = timedelta(days=1)
"""After this an answer to one person is given up: it no longer answers anything. What nobody can mend is
given up at once."""
HERE_FOR = timedelta(minutes=5)
"""How long an answer belongs where somebody acted: Slack shows it there only to who is looking. Later it is a
direct message."""
NEVER = datetime.min.replace(tzinfo=UTC)
SURE_FOR = 2.0
"""Seconds after which a claim is made sure of before its message is sent: a call or two take thirty at the
very most."""


class Delivery:
    """Sends one tenant's notices."""

    def __init__(self, context: Context, outbox: Outbox, announcer: Announcer) -> None:
        self._context = context
        self._outbox = outbox
        self._announcer = announcer
        self._card_sync = CardSync(context, outbox, announcer)
        self._readiness, self._device_cards = Readiness(context, outbox), DeviceCards(context, announcer)
        self._paces: dict[tuple[NoticeKind, ...], Pacing] = {PUBLIC: Pacing(), PRIVATE: Pacing()}
        self._paused: dict[str, tuple[datetime, datetime]] = {}
        """From when until when Slack wants to be left alone, for each conversation: the others are not made
        to wait with it."""

    def owes_public(self) -> bool:
        """Tell whether a card or channel message is due and Slack may be called; only reads."""
        return self._may_try(PUBLIC) and self._outbox.is_due(self._context.now(), kinds=PUBLIC)

    def send_public(self) -> int:
        """Send cards and channel messages; the caller holds the lease for it."""
        return self._send(PUBLIC)

    def send_private(self, *, newest_first: bool = False) -> int:
        """Send a few answers and direct messages in turns; ``newest_first`` as in ``Outbox.claim``."""
        return self._send(PRIVATE, limit=PRIVATE_AT_ONCE, newest_first=newest_first)

    def _send(self, kinds: tuple[NoticeKind, ...], *, limit: int = 16, newest_first: bool = False) -> int:
        began = time.monotonic()
        if not self._may_try(kinds):
            return 0
        claimed = self._outbox.claim(self._context.now(), kinds=kinds, limit=limit, newest_first=newest_first)
        for notice in self._in_order(claimed, self._paces[kinds]):
            sure = time.monotonic() - began < SURE_FOR
            mine = notice if sure else self._outbox.renew(notice, self._context.now())
            if mine is not None and not self._waits(mine):
                self._send_one(mine)
        return len(claimed)

    def _in_order(self, claimed: Sequence[Notice], pace: Pacing) -> Iterator[Notice]:
        """Yield what was claimed in the order of events; while nothing gets through, what was tried least.

        What is told in words keeps its order in its conversation even then: the newest has the last word.
        """
        waiting = sorted(claimed, key=attrgetter("id"))
        while waiting:
            heads = {
                notice.id if notice.kind in DRAWN_ANEW else self._conversation(notice): notice
                for notice in reversed(waiting)
            }
            following = min(heads.values(), key=attrgetter("tries", "id")) if pace.is_stuck else waiting[0]
            waiting.remove(following)
            yield following

    def _send_one(self, notice: Notice) -> None:
        try:
            ready = self._readiness.ready(notice)
            place = self._show(ready) if ready is not None else None
        except Unavailable as failed:
            self._failed(notice, failed)
        except Unreachable:
            raise  # nothing is wrong with the message; what was claimed is free again in half a minute
        except Exception as broken:  # one message that cannot be drawn must not hold up the others
            log.error("delivery.broken", notice=notice.key, error=type(broken).__name__, exc_info=broken)
            self._keep_owed(notice, Unavailable("The message could not be drawn."))
        else:
            if ready is None:
                return
            where = {"channel": place.channel, "ts": place.ts} if place else {}
            # not when it began: whoever acts before this may act on what stood there before
            shown = self._context.now()
            self._outbox.delivered(notice, now=shown, **where)
            self._pace(notice).got_on()

    def _waits(self, notice: Notice) -> bool:
        """Put off what Slack would refuse for the same reason as the message before it; that is no try."""
        now = self._context.now()
        if not self._pace(notice).may_look(now.timestamp()):
            self._outbox.put_off(notice, until=now + timedelta(seconds=RESTS[0]))
            return True
        since, until = self._paused.get(self._conversation(notice), (NEVER, NEVER))
        # before it: the clock was set back, and the wait may be long over
        if not since <= self._context.now() < until:
            return False
        self._outbox.put_off(notice, until=until)
        return True

    def _may_try(self, kinds: tuple[NoticeKind, ...]) -> bool:
        return self._paces[kinds].may_look(self._context.now().timestamp())

    def _pace(self, notice: Notice) -> Pacing:
        return self._paces[PUBLIC if notice.kind in PUBLIC else PRIVATE]

    def _conversation(self, notice: Notice) -> str:
        """What Slack counts together: the channel, somebody's direct messages, the answers in one place."""
        return "" if notice.kind in PUBLIC else self._here(notice) or notice.recipient or ""

    def _here(self, notice: Notice) -> str | None:
        fresh = self._context.now() - notice.created_at < HERE_FOR
        return notice.channel if fresh else None

    def _show(self, notice: Notice) -> Place | None:
        match notice.kind:
            case NoticeKind.CARD:
                return self._card_sync.draw(_number(notice), notice)
            case NoticeKind.THREAD:
                return self._tell_in_thread(_number(notice), notice)
            case NoticeKind.OUTCOME:
                return self._tell_outcome(_number(notice), notice)
            case NoticeKind.CHANNEL:
                return self._announce(notice)
            case NoticeKind.DEVICE:
                return self._device_cards.draw(notice)
            case NoticeKind.PERSONAL:
                return self._announcer.tell(notice.recipient or "", self._view(notice))
            case NoticeKind.REMINDER:
                self._draw_reminder(notice)
            case NoticeKind.ANSWER:
                self._answer(notice, reason_for=None)
            case NoticeKind.ASK_REASON:
                self._answer(notice, reason_for=notice.request_id)
            case _:
                assert_never(notice.kind)
        return None

    def _announce(self, notice: Notice) -> Place | None:
        view = self._view(notice)
        place = self._announcer.announce(replace(view, number=notice.id))
        if isinstance(view.said, DevicesWeekly) and place is not None:
            self._device_cards.owe(view.said, place)
        return place

    def _answer(self, notice: Notice, *, reason_for: int | None) -> None:
        text, typed = notice.facts["text"], typed_back(notice.facts)
        self._announcer.answer(
            notice.recipient or "", self._here(notice), text, reason_for=reason_for, typed=typed
        )

    def _tell_in_thread(self, request_id: int, notice: Notice) -> Place | None:
        with self._context.ledger.reading() as reader:
            view = self._card_sync.gather(reader, reader.request(request_id))
        return self._announcer.thread(view, Place(notice.facts["channel"], notice.facts["ts"]))

    def _view(self, notice: Notice) -> AnnouncementView:
        with self._context.ledger.reading() as reader:
            return shown_now(reader, notice)

    def _draw_reminder(self, drawn: Notice) -> None:
        """Draw one copy of a reminder again, with its answer or what came after it instead of buttons."""
        with self._context.ledger.reading() as reader:
            number = int(drawn.facts["number"])
            reminder = reader.messages.notice(number)
            place = (
                (drawn.facts["channel"], drawn.facts["ts"])
                if drawn.facts["ts"]
                else reader.messages.posted_at(number)
            )
            if reminder is None or place is None:
                return
            shown = shown_now(reader, reminder)
            answers = reader.messages.reminder_answers(shown.offer.series)
        answer = next((answer for answer in answers if answer.key == reminder.key), None)
        self._announcer.announce(replace(shown, number=number, answer=answer), Place(*place))

    def _tell_outcome(self, request_id: int, notice: Notice) -> Place | None:
        with self._context.ledger.reading() as reader:
            request = reader.request(request_id)
            view = self._card_sync.gather(reader, request)
        if request.state.value != notice.facts.get("state"):
            return None  # overtaken: the newer state owes its own message
        for channel, ts in self._outbox.posted(request_id, NoticeKind.OUTCOME, notice.recipient):
            self._retire(Place(channel, ts), view)  # first: this may be repeated, the message may not
        return self._announcer.outcome(notice.recipient or "", view)

    def _retire(self, place: Place, view: RequestView) -> None:
        """A message that is gone says nothing untrue any more."""
        try:
            self._announcer.retire(place, view)
        except Unavailable as gone:
            if gone.retryable:
                raise

    def _failed(self, notice: Notice, failed: Unavailable) -> None:
        if failed.retryable or failed.mend:
            self._pace(notice).stuck(self._context.now().timestamp(), free=FAILURES_ALONE)
        self._keep_owed(notice, failed)

    def _keep_owed(self, notice: Notice, failed: Unavailable) -> None:
        """Have it tried again later, unless that is of no use."""
        now = self._context.now()
        too_late = (
            notice.kind in (NoticeKind.ANSWER, NoticeKind.ASK_REASON) and now - notice.created_at >= OWED_FOR
        )
        if too_late or self._is_hopeless(notice, failed):
            self._outbox.abandoned(notice, now=now, problem=failed.sentence)
            return
        if failed.retry_after is not None:
            self._paused[self._conversation(notice)] = (now, now + timedelta(seconds=failed.retry_after))
        wait = max(failed.retry_after or 0.0, min(2.0 ** min(notice.tries, 12), LONGEST_WAIT))
        self._outbox.postponed(notice, due_at=now + timedelta(seconds=wait), problem=failed.sentence)
        if notice.kind == NoticeKind.CARD and notice.tries >= (HICCUPS if failed.retryable else 0):
            self._tell_requester(notice, failed)

    def _is_hopeless(self, notice: Notice, failed: Unavailable) -> bool:
        """Tell whether nobody can mend it or needs to, as with a reminder in a channel the bot left."""
        if failed.retryable or notice.kind not in (*PRIVATE, *AT_A_PLACE):
            return False
        at_a_place = notice.kind in AT_A_PLACE
        left = at_a_place and notice.facts["channel"] not in ("", self._context.rule.channel)
        return left or not failed.mend

    def _tell_requester(self, notice: Notice, failed: Unavailable) -> None:
        """Note a card that cannot be posted: delivery goes on, and the requester hears of it once."""
        with self._context.ledger.recording(self._context.now()) as entry:
            request = entry.reader.request(notice.request_id or 0)
            if request.requester_id is None or entry.reader.messages.cards(request.id):
                return
            why = f"{failed.sentence} {failed.mend}".strip()
            text = (
                f"#{request.id} is on record, but its message could not be posted in the channel: {why} "
                "It is tried again until it gets through."
            )
            enqueue_unposted(entry, request, text)


def _number(notice: Notice) -> int:
    """The request that a notice is about. Raises ``ValueError`` for one that names none."""
    if notice.request_id is None:
        raise ValueError("the notice names no request")
    return notice.request_id
