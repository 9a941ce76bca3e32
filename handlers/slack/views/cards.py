"""Draw a change request's message in every state: from the row, never read back."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.calendar.milestone import spelled
from handlers.outgoing.request_view import RequestView, headline, missing_words, protocol_names
from handlers.policy.days import spelled_end
from handlers.policy.decided_by import why_so
from handlers.policy.forms import CLIENTS, REASON
from handlers.policy.rule import how_it_stands
from handlers.slack.views.blocks import Message, button, header, quoted, section, small, typed
from handlers.slack.views.card_buttons import (
    ENDED_UNMADE,
    EXTEND,
    IT_WAS_ME,
    OPT_OUT_NOW,
    buttons,
    failed_to_opt_out,
)
from handlers.slack.views.mrkdwn import brief, fitted, instant, people, sentence
from handlers.slack.views.outside_change import is_loud, outside
from handlers.slack.views.tickets import with_ticket
from handlers.suggested import Suggested
from storage.lifecycle import OPEN, WISHES, Kind, State
from storage.records import ChangeRequest, SettingValue, Waiting

_RESULT = {State.APPLIED, State.FAILED, State.UNCERTAIN}


def card(view: RequestView, zone: ZoneInfo) -> Message:
    """Return the request's message in the channel: it fits a screen, and its thread holds the rest."""
    request = view.request
    title = headline(request)
    others = {Kind.OPT_OUT: _opt_out, Kind.OUTSIDE: _outside, Kind.SHORTENING: _shortening}
    build: Callable[[RequestView, ZoneInfo], list[Block]] = others.get(request.kind, _request)
    text = f"{title}. {sentence(request.detail)}".strip()
    return Message(text=text, blocks=[header(title), *build(view, zone), *buttons(view), *_below(view)])


def still_ends(view: RequestView, zone: ZoneInfo) -> list[Block]:
    """Return what holds on where an extension came to nothing."""
    if not _left_as_it_was(view) or view.baseline is None:
        return []
    end = view.baseline.window_end
    ends = f"ends by itself: {until(end, zone)}" if end else f"has no end; {Suggested('disable')} ends it"
    return [section(f"The opt-in still {ends}.")]


def _request(view: RequestView, zone: ZoneInfo) -> list[Block]:
    request = view.request
    asks = "asks" if request.state in OPEN else "asked"
    value = (
        f" The live value was *{request.from_value.value}* then."
        if request.from_value and request.kind is Kind.OPT_IN
        else ""
    )
    quiet = request.state is State.PENDING and request.waiting is Waiting.DECISION and not view.in_vain
    limit = 2 * EXCERPT if quiet else EXCERPT
    lead = f"<@{request.requester_id}> {asks} to {_what(view, zone)}.{value}"
    return [
        section(with_ticket(lead, request.ticket, view.tickets)),
        *quoted(SHORT[REASON], request.reason, limit=limit),
        *named(request, most=FEW_DEVICES),
        *quoted(SHORT[CLIENTS], request.clients, limit=limit),
        *_standing(view, zone),
    ]


def named(request: ChangeRequest, *, most: int) -> list[Block]:
    """List entries a request names with approved days: ``most`` of them, and how many more."""
    lines = [f"D{one.number} until {spelled(one.due)}" for one in request.devices]
    more = f", and {len(lines) - most} more" if len(lines) > most else ""
    return [section(f"*On the register*: {', '.join(lines[:most])}{more}")] if lines else []


FEW_DEVICES, ALL_DEVICES = 5, 90
"""Entries named on the card, and in its thread: as many as fit into a section."""

EXCERPT = 63
"""Characters of what somebody typed that the card shows, twice as many while nothing else is to be said
there.

Whoever decides reads the whole in the thread.
"""

SHORT = {REASON: "Reason", CLIENTS: "Devices"}


def _left_as_it_was(view: RequestView) -> bool:
    """Tell whether an extension ended unmade while its opt-in still stands."""
    request, baseline = view.request, view.baseline
    if (
        baseline is None
        or baseline.value is not SettingValue.OPTED_IN
        or (baseline.request_id or 0) >= request.id
    ):
        return False
    return request.kind is Kind.EXTENSION and request.state in ENDED_UNMADE


def _standing(view: RequestView, zone: ZoneInfo) -> list[Block]:
    request = view.request
    if request.state is not State.PENDING:
        who = f"Approved by {people(view.approved_by, most=FEW)}." if view.approved_by else ""
        given = rejection(view, limit=EXCERPT)
        return [section(_status_line(view, zone)), *given, *still_ends(view, zone), *small([who])]
    voted = (
        f"Approved so far by {people(view.approved_by, most=FEW)}; "
        if view.approved_by
        else "Nobody has approved yet; "
    )
    expires = f"Expires {instant(request.expires_at, zone)} if undecided." if request.expires_at else ""
    note = (
        ""
        if request.waiting is Waiting.DECISION
        else brief(fitted(sentence(request.detail), NOTE), NOTE // 25)
    )
    in_vain = IN_VAIN if view.in_vain else ""
    lines = [line for line in (in_vain, note, f"*{voted}{missing_words(view.tally)}.* {expires}") if line]
    return [section("\n".join(lines))]


FEW = 3
"""People named on the card, where more would fill it."""

NOTE = 300
"""Characters of what happened to a request that the card shows, the longest words aside."""

IN_VAIN = ":warning: *The setting is not expected to help any device named here:* see the thread."


def _below(view: RequestView) -> list[Block]:
    """Draw small print: the other way to decide and where the rest is; the head with a result."""
    request, (seq, head) = view.request, view.head
    if request.kind in WISHES and request.state is State.PENDING:
        ways = f"Or react with :{view.rule.approve_emoji}: to approve, :{view.rule.reject_emoji}: to reject."
        may = f"{people(view.rule.approvers, most=FEW)} can decide."
        return small([f"{ways} {may} Code `{view.code}`. *In the thread:* {_REST}."])
    told = {
        Kind.OPT_OUT: request.reason,
        Kind.SHORTENING: request.reason,
        Kind.OUTSIDE: view.reason_given or "",
    }
    return [
        *typed("Reason", told.get(request.kind, "")),
        *small(
            [f"Record: head `{seq}:{head}`"] if seq and request.state in _RESULT | {State.OBSERVED} else []
        ),
    ]


_REST = "the whole reason, the devices and the risks"


def _opt_out(view: RequestView, zone: ZoneInfo) -> list[Block]:
    request = view.request
    who = f"<@{request.requester_id}>" if request.requester_id else "The bot itself"
    does = "opted" if request.state is State.APPLIED else "opts"
    lead = f"{who} {does} the tenant out of legacy TLS. {_effect(view)}".strip()
    return [
        section(with_ticket(lead, request.ticket, view.tickets)),
        *_standing(view, zone),
        *next_step(view, zone),
    ]


def _shortening(view: RequestView, zone: ZoneInfo) -> list[Block]:
    request = view.request
    # else the detail says until when
    earlier = f": {until(request.window_end, zone)}" if view.followed_by else ""
    lead = f"<@{request.requester_id}> gave the opt-in an earlier end{earlier}. That takes one person."
    return [section(with_ticket(lead, request.ticket, view.tickets)), *_standing(view, zone)]


def _effect(view: RequestView) -> str:
    """Say what an opt-out did: a fact only where read back, nothing where it changed nothing."""
    if (
        not view.cloud.legacy_hosts
        or view.request.state in ENDED_UNMADE
        or view.request.only_confirms
        or view.followed_by
    ):
        return ""
    begins = "Mail" if view.request.state is State.APPLIED else "Once applied, mail"
    return f"{begins} over TLS 1.0 or 1.1 is refused on {_hosts(view)}."


BY_HAND = f"{Suggested('help')} shows how to opt out by hand."


def next_step(view: RequestView, zone: ZoneInfo) -> list[Block]:
    """Return what to do about a change that failed or expired."""
    if failed_to_opt_out(view):
        return [section(f"{_tried_again(view, zone)} {BY_HAND}")]
    asks = _ASKS_AGAIN.get((view.request.kind, view.request.state))
    if asks is None:
        return []
    return [section(f"*Ask again* on its message in the channel, or {asks}, opens the form once more.")]


_ASKS_AGAIN = {
    (Kind.OPT_IN, State.FAILED): Suggested("enable"),
    (Kind.OPT_IN, State.EXPIRED): Suggested("enable"),
    (Kind.EXTENSION, State.EXPIRED): Suggested("extend"),
}
"""The command that asks for the same once more, beside the button."""


def _tried_again(view: RequestView, zone: ZoneInfo) -> str:
    """Say once when a failed opt-out is tried again: by the next one, the bot, or the reader."""
    again = view.tried_again
    if isinstance(again, ChangeRequest):
        return f"Tried again by #{again.id}."
    if again is not None:
        return f"The bot tries again {instant(again, zone)}; *Opt out again* does so now."
    return f"{Suggested('disable')} opts out again."


def _outside(view: RequestView, zone: ZoneInfo) -> list[Block]:
    """Draw a change made outside with its ways on; the first is the one primary button."""
    number, ways = view.request.id, list[ButtonElement]()
    if is_loud(view):
        ways = [
            button("Opt out again", OPT_OUT_NOW, number, style="primary"),
            button("Adopt", EXTEND, number),
        ]
    if view.reason_by is None:
        ways.append(button("It was me", IT_WAS_ME, number))
    return outside(view, zone, ways)


def _status_line(view: RequestView, zone: ZoneInfo) -> str:
    """Say how a decided request stands: what was applied, what holds no more, what came after."""
    request, later = view.request, view.followed_by
    if later is not None:
        was = f"Was applied {instant(request.settled_at or request.created_at, zone)}"
        return f"{was}; {_came_after(view, later)} {instant(later.settled_at or later.created_at, zone)}."
    if request.state is State.APPLIED and request.kind in WISHES:
        return f"{brief(sentence(request.detail), 30)} At the window's end the bot opts out by itself."
    stands = f"*{how_it_stands(request)}*{sentence(why_so(request, view.rejected_by))}"
    return brief(fitted(sentence(request.detail) if request.state in _RESULT else stands, 2 * NOTE), 30)


def _came_after(view: RequestView, later: ChangeRequest) -> str:
    if later.kind in (Kind.EXTENSION, Kind.SHORTENING):
        return f"{'extended' if later.kind is Kind.EXTENSION else 'shortened'} by #{later.id}"
    if later.kind is Kind.OUTSIDE:
        return f"changed outside the bot (#{later.id})"
    return f"{'reversed' if view.request.kind is Kind.OPT_OUT else 'ended'} by #{later.id}"


def rejection(view: RequestView, limit: int = 0) -> list[Block]:
    """Return why it was rejected, whole or its beginning."""
    if view.request.state is not State.REJECTED:
        return []
    if view.reason_given is None:
        return small(["Reason for the rejection: no reason given"])
    label = "Reason for the rejection"
    return quoted(label, view.reason_given, limit=limit) if limit else typed(label, view.reason_given)


def _what(view: RequestView, zone: ZoneInfo) -> str:
    """What is asked for, over which protocols, until when."""
    request, end = view.request, until(view.request.window_end, zone)
    if request.kind is Kind.OPT_IN:
        return f"opt the tenant in to TLS 1.0 and 1.1 for {protocol_names(request)} until {end}"
    if view.adoption:
        return f"adopt #{view.adoption}, made outside the bot and approved by nobody, and to end it {end}"
    present = view.baseline.window_end if view.baseline else None
    instead = (
        f" instead of {instant(present, zone) if present else 'no end'}" if request.state in OPEN else ""
    )
    return f"keep the tenant opted in for {protocol_names(request)} until {end}{instead}"


def _hosts(view: RequestView) -> str:
    return ", ".join(f"`{host}`" for host in view.cloud.legacy_hosts)


def until(end: datetime | None, zone: ZoneInfo) -> str:
    """Return an end for people: in the reader's zone, and by the clock of the zone in which it was chosen."""
    if end is None:
        return "no end"
    return f"{instant(end, zone)} ({spelled_end(end, zone)})"
