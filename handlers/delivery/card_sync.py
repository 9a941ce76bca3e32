"""Keep a request's message true: draw every copy of it, and post it anew when it was deleted.

Copies are drawn one by one, and one that fails holds none of the others up. A request that is not settled, or
whose result nobody was shown yet, always has a copy in the present channel: where somebody deleted it, where
Slack lets nobody edit it any more, or where the settings name another channel now, it is posted once more.
"""

from datetime import datetime

from handlers.context.context import Context
from handlers.outgoing.announcer_port import Announcer
from handlers.outgoing.device_news import DevicesWeekly
from handlers.outgoing.notices import enqueue_redraw, enqueue_thread
from handlers.outgoing.request_view import RequestView
from handlers.policy.overdue import overdue
from handlers.policy.votes import Tally, approvers, rejecter, standing_approvals, tally
from handlers.ports import Place, Unavailable
from handlers.register.redrawing import card_key
from storage.errors import NoSuchDevice
from storage.ledger_reader import Reader
from storage.lifecycle import OPEN, Kind, State
from storage.messages.outbox import Outbox
from storage.messages.records import Card, Notice, NoticeKind
from storage.records import ChangeRequest
from storage.sightings import SightingReader

RESULTS = frozenset({State.APPLIED, State.FAILED})
"""Settled states that the channel is told of even where the earlier message is gone; how the others end is
the requester's."""

Copy = tuple[str, str]
"""Channel and ``ts`` of one message."""


class CardSync:
    """Draws the messages of one tenant's requests; the caller holds the lease for it."""

    def __init__(self, context: Context, outbox: Outbox, announcer: Announcer) -> None:
        self._context = context
        self._outbox = outbox
        self._announcer = announcer

    def draw(self, request_id: int, notice: Notice) -> Place | None:
        """Bring every copy up to date; tells where a new one was posted.

        Raises ``Unavailable`` once all were tried.
        """
        with self._context.ledger.reading() as reader:
            # before the row
            copies = {
                (copy.channel, copy.ts): copy.drawn_version for copy in reader.messages.cards(request_id)
            }
            view = self.gather(reader, reader.request(request_id))
        behind = [copy for copy, drawn in copies.items() if drawn < view.request.version]
        touched = (notice.facts.get("channel", ""), notice.facts.get("ts", ""))
        if all(touched) and touched not in behind:
            behind.append(touched)
        gone, stuck, troubles = self._draw_copies(view, notice, copies, behind)
        place = None
        if self._needs_another(view.request, copies, gone, stuck, touched=all(touched)):
            place = self._announcer.draw(view, None)
            assert place is not None
            self._owe_thread(view.request, place)
            self._outbox.keep_card(Card(request_id, place.channel, place.ts, view.request.version))
            link = self._announcer.permalink(place)
            if link is not None:
                self._outbox.keep_permalink(request_id, link)
        self._forget(view.request, copies, gone, replaced=place is not None)
        if troubles:
            raise troubles[0]
        return place

    def gather(self, reader: Reader, request: ChangeRequest) -> RequestView:
        """Return everything one message about ``request`` needs; no network.

        Who is still eligible is judged when deciding and when applying, and a vote lost then is on record as
        taken back; a card shows the votes that stand under the present content.
        """
        context, decisions = self._context, reader.decisions([request.id])
        if request.state is State.PENDING:
            counted = tally(request, decisions, rule=context.rule, eligible=standing_approvals(decisions))
        else:
            counted = Tally(approved_by=approvers(decisions), void=(), missing=0)
        today = context.today()
        reason_by, reason = reader.reason_given(request.id) or (None, None)
        return RequestView(
            request=request,
            rule=context.rule,
            tally=counted,
            reason_given=reason,
            reason_by=reason_by,
            rejected_by=rejecter(decisions),
            briefing=context.calendar.briefing(context.cloud.name, today, request.protocols),
            cloud=context.cloud,
            head=reader.head(),
            seen=reader.readings.newest_observation(readable=True),
            in_vain=context.calendar.in_vain(context.cloud.name, today, request.protocols),
            adoption=_adoption(reader, request),
            baseline=reader.baseline(),
            escalate_to=context.escalate_to,
            followed_by=reader.windows.undone_by(request) if request.state is State.APPLIED else None,
            tried_again=_tried_again(reader, request, context.now()),
            hosts=context.calendar.hosts(context.cloud, today, request.protocols),
            tickets=context.tickets,
        )

    def _draw_copies(
        self, view: RequestView, notice: Notice, copies: dict[Copy, int], behind: list[Copy]
    ) -> tuple[list[Copy], list[Copy], list[Unavailable]]:
        """Sort what came of the copies: gone, fixed for good (``edit_window_closed``), or failed.

        Trouble in a channel we have left for good is none.
        """
        gone: list[Copy] = []
        stuck: list[Copy] = []
        troubles: list[Unavailable] = []
        for copy in behind:
            try:
                drawn = self._announcer.draw(view, Place(*copy))
            except Unavailable as failed:
                ours = copy[0] == self._context.rule.channel
                if failed.retryable or (ours and failed.mend):
                    troubles.append(failed)
                elif ours:
                    stuck.append(copy)
                continue
            if drawn is None:
                gone.append(copy)
            elif not self._outbox.keep_card(
                Card(view.request.id, *copy, view.request.version), seen=copies.get(copy)
            ):
                self._draw_again(view.request, notice, copy)
        return gone, stuck, troubles

    def _needs_another(
        self,
        request: ChangeRequest,
        copies: dict[Copy, int],
        gone: list[Copy],
        stuck: list[Copy],
        *,
        touched: bool,
    ) -> bool:
        if not copies:
            # a copy was touched whose place is not known: the post of the first one is still owed
            return not touched
        if any(copy[0] == self._context.rule.channel and copy not in (*gone, *stuck) for copy in copies):
            return False
        untold = (request.state in RESULTS or bool(stuck)) and max(copies.values()) < request.version
        return request.state in OPEN or untold

    def _forget(
        self, request: ChangeRequest, copies: dict[Copy, int], gone: list[Copy], *, replaced: bool
    ) -> None:
        """Stop drawing a deleted copy; the last one stays noted, so the request has had its message."""
        kept = [copy for copy in copies if copy not in gone]
        for copy in gone:
            if replaced or kept:
                self._outbox.forget_card(*copy)
            elif copy in copies:
                self._outbox.keep_card(Card(request.id, *copy, request.version), seen=copies[copy])

    def _owe_thread(self, request: ChangeRequest, place: Place) -> None:
        """Post the thread before noting the copy: one that is not noted is posted again, with its thread."""
        with self._context.ledger.recording(self._context.now()) as entry:
            enqueue_thread(entry, request, channel=place.channel, ts=place.ts)

    def _draw_again(self, request: ChangeRequest, notice: Notice, copy: Copy) -> None:
        """Draw again where another replica drew this copy meanwhile, as ours may be the older drawing."""
        channel, ts = copy
        with self._context.ledger.recording(self._context.now()) as entry:
            enqueue_redraw(entry, request, channel=channel, ts=ts, key=f"{notice.key}:again")
        self._context.wake_worker()


def _tried_again(reader: Reader, request: ChangeRequest, now: datetime) -> ChangeRequest | datetime | None:
    """What follows where the bot itself could not end a window."""
    if request.kind is not Kind.OPT_OUT or request.state is not State.FAILED:
        return None
    late = overdue(reader, now) if request.requester_id is None else None
    return reader.opt_out_after(request.id) or (late.next_try if late else None)


def _adoption(reader: Reader, request: ChangeRequest) -> int | None:
    if request.kind is Kind.EXTENSION:
        return reader.windows.adopted(request)
    return reader.windows.adopted_by(request) if request.kind is Kind.OUTSIDE else None


class DeviceCards:
    """Show entries, and owe those that a message names."""

    def __init__(self, context: Context, announcer: Announcer) -> None:
        self._context = context
        self._announcer = announcer

    def draw(self, notice: Notice) -> Place | None:
        """Show one entry, or draw its copy again; an entry that cannot be read is not shown."""
        number, place = int(notice.facts["device"]), Place(notice.facts["channel"], notice.facts["ts"])
        ledger = self._context.ledger
        try:
            with ledger.reading() as reader:
                device = reader.devices.device(number)
                seen = (
                    SightingReader(reader.connection, ledger.tenant_id).of([device.sender]).get(device.sender)
                )
        except NoSuchDevice:
            return None
        again = "again" in notice.facts
        shown = self._announcer.device(device, seen, self._context.today(), place, again=again)
        return None if again else shown

    def owe(self, said: DevicesWeekly, place: Place) -> None:
        """Owe what a message names before its place is noted: a second copy has its own thread."""
        with self._context.ledger.recording(self._context.now()) as entry:
            for number in said.devices:
                facts = {"device": str(number), "channel": place.channel, "ts": place.ts}
                entry.outbox.owe(NoticeKind.DEVICE, card_key(said.monday, number), facts=facts)
        self._context.wake_worker()
