"""How a change request's message looks in every state: drawn from the row, never read back."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.days import spelled_end
from handlers.forms import CLIENTS, LABELS, REASON
from handlers.notices import SMTP_AUTH_OFF, Sheet, device_hosts, headline, missing_words, protocol_names
from handlers.policy import how_it_stands, why_so
from handlers.slack.blocks import Message, actions, button, divider, fields, header, section, small, typed
from handlers.slack.mrkdwn import escape, instant, people, sentence
from storage.lifecycle import OPEN, Kind, State
from storage.reading import WISHES
from storage.records import SettingValue

APPROVE, REJECT, WITHDRAW, TAKE_BACK, GIVE_REASON = "approve", "reject", "withdraw", "take_back", "give_reason"
AGAIN, EXTEND, OPT_OUT_NOW, IT_WAS_ME = "again", "extend", "opt_out_now", "it_was_me"

_ASK_AGAIN = {State.EXPIRED, State.STALE, State.WITHDRAWN, State.REJECTED, State.FAILED, State.SUPERSEDED}

_RESULT = {State.APPLIED, State.FAILED, State.UNCERTAIN}

_ENDED_UNMADE = _ASK_AGAIN
"""States that end without effect, as far as is known: nothing may be said there of what the change does."""


def card(sheet: Sheet, zone: ZoneInfo) -> Message:
    """The request's message in the channel."""
    request = sheet.request
    title = headline(request)
    others = {Kind.OPT_OUT: _opt_out, Kind.OUTSIDE: _outside, Kind.SHORTENING: _shortening}
    build: Callable[[Sheet, ZoneInfo], list[Block]] = others.get(request.kind, _wish)
    text = f"{title}. {sentence(request.detail)}".strip()
    return Message(text=text, blocks=[header(title), *build(sheet, zone), *_buttons(sheet)])


def outcome(sheet: Sheet, zone: ZoneInfo) -> Message:
    """The private message to the requester: how the request stands."""
    title = headline(sheet.request)
    body = [section(sentence(sheet.request.detail)), *_rejection(sheet), *_next_step(sheet), *_still_ends(sheet, zone)]
    if sheet.request.state is State.APPLIED and sheet.request.window_end is not None:
        body.append(section(f"The opt-in ends by itself: {_until(sheet.request.window_end, zone)}."))
        body += small([_two_parts(sheet)] if sheet.request.kind is Kind.OPT_IN else [])  # extended, the device is there already
    return Message(text=f"{title}. {sentence(sheet.request.detail)}", blocks=[header(title), *body, *small([_witness(sheet)])])


def _still_ends(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    """What holds on where an extension came to nothing."""
    if not _left_as_it_was(sheet) or sheet.baseline is None:
        return []
    end = sheet.baseline.window_end
    ends = f"ends by itself: {_until(end, zone)}" if end else "has no end; `/legacytls disable` ends it"
    return [section(f"The opt-in still {ends}.")]


def retired(sheet: Sheet) -> Message:
    """What replaces an earlier private message about this request."""
    text = f"#{sheet.request.id} has moved on: the newer message below says how it stands."
    return Message(text=text, blocks=[section(text)])


def _wish(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    request = sheet.request
    becomes = "Was to become" if request.state in _ENDED_UNMADE and not _in_force(sheet) else "Becomes"
    blocks: list[Block] = [
        section(f"<@{request.requester_id}> asks to {_what(sheet)}."),
        fields(
            f"*Live value when asked*\n{request.from_value.value if request.from_value else 'unknown'}",
            *([f"*{becomes}*\n{request.to_value.value}"] if request.kind is Kind.OPT_IN else []),
            f"*Protocols*\n{protocol_names(request)}",
            *_ends(sheet, zone),
        ),
        *typed(LABELS[REASON], request.reason),
        *typed(LABELS[CLIENTS], request.clients),
    ]
    if request.state is State.PENDING:
        off = sheet.seen is not None and sheet.seen.smtp_auth_disabled
        warning = [section(f":warning: {escape(SMTP_AUTH_OFF)}")] if off else []
        blocks += [divider(), *warning, *small(f"• {escape(line)}" for line in sheet.briefing)]
    in_vain = [section(f":warning: *{escape(sheet.in_vain)}*")] if sheet.in_vain and request.state is State.PENDING else []
    return [*blocks, divider(), *_standing(sheet, zone), *in_vain]


def _ends(sheet: Sheet, zone: ZoneInfo) -> list[str]:
    """The end that is asked for, beside the present one until an extension is made."""
    request, end = sheet.request, _until(sheet.request.window_end, zone)
    present = sheet.baseline.window_end if sheet.baseline else None
    if request.kind is Kind.EXTENSION and request.state in OPEN:
        return [f"*Present end*\n{_until(present, zone)}", f"*New end*\n{end}"]
    if request.kind is Kind.EXTENSION and request.state in _ENDED_UNMADE:
        stays = [f"*End, unchanged by this*\n{_until(present, zone)}"] if _left_as_it_was(sheet) else []
        return [*stays, f"*End asked for*\n{end}"]
    return [f"*{'Opt-in ends' if request.state in OPEN or _in_force(sheet) else 'Opt-in was to end'}*\n{end}"]


def _left_as_it_was(sheet: Sheet) -> bool:
    """Whether an extension ended unmade and the opt-in it was to extend still stands: nothing was made or noticed since."""
    request, baseline = sheet.request, sheet.baseline
    if baseline is None or baseline.value is not SettingValue.OPTED_IN or (baseline.request_id or 0) >= request.id:
        return False
    return request.kind is Kind.EXTENSION and request.state in _ENDED_UNMADE


def _in_force(sheet: Sheet) -> bool:
    """Whether the window of a settled request is the present one; a change outside the bot may have brought it back."""
    request, baseline = sheet.request, sheet.baseline
    if baseline is None or baseline.value is not SettingValue.OPTED_IN:
        return False
    revived = request.state is State.APPLIED and request.window_end == baseline.window_end
    return baseline.request_id == request.id or revived


def _standing(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    request = sheet.request
    if request.state is not State.PENDING:
        who = f"Approved by {people(sheet.approved_by)}." if sheet.approved_by else ""
        return [section(_status_line(sheet)), *_rejection(sheet), *small([who, _witness(sheet)])]
    voted = f"Approved so far by {people(sheet.approved_by)}; " if sheet.approved_by else "Nobody has approved yet; "
    lapses = f"Lapses {instant(request.expires_at, zone)} if undecided." if request.expires_at else ""
    emoji = f"Decide with the buttons or react with :{sheet.rule.approve_emoji}: / :{sheet.rule.reject_emoji}:."
    may = f"Approvers: {people(sheet.rule.approvers)}; the requester never counts."
    note = "" if request.detail == "Waiting for approval." else sentence(request.detail)
    lines = [line for line in (note, f"*{voted}{missing_words(sheet.tally)}.* {lapses}") if line]
    return [
        section("\n".join(lines)),
        *small([emoji, may, f"Approving approves exactly this: code `{sheet.code}`, kept on record with each vote."]),
    ]


def _opt_out(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    request = sheet.request
    who = f"<@{request.requester_id}> opts out" if request.requester_id else "The bot opts out by itself"
    reason = typed("Reason", request.reason) if request.reason.strip() else []
    lead = section(f"{who} of legacy TLS for the tenant. {_effect(sheet)}".strip())
    return [lead, *reason, *_standing(sheet, zone), *_next_step(sheet)]


def _shortening(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    request = sheet.request
    lead = section(
        f"<@{request.requester_id}> has the opt-in end earlier: {_until(request.window_end, zone)}. That needs one person."
    )
    return [lead, *typed("Reason", request.reason), *_standing(sheet, zone)]


def _effect(sheet: Sheet) -> str:
    """What an opt-out does: told as a fact only where it was read back, and not at all where it changed nothing."""
    if not sheet.cloud.legacy_hosts or sheet.request.state in _ENDED_UNMADE or sheet.request.only_confirms:
        return ""
    begins = "Old" if sheet.request.state is State.APPLIED else "Once applied, old"
    return f"{begins} TLS stops working on {_hosts(sheet)}."


def _next_step(sheet: Sheet) -> list[Block]:
    """What to do about a change that failed."""
    if _failed_to_opt_out(sheet):
        return [section("`/legacytls disable` opts out again; `/legacytls help` shows how to opt out by hand.")]
    if sheet.request.kind is Kind.OPT_IN and sheet.request.state is State.FAILED:
        return [section("*Ask again* on its message in the channel, or `/legacytls enable`, opens the form once more.")]
    return []


def _failed_to_opt_out(sheet: Sheet) -> bool:
    """Whether this is an opt-out that failed, and the tenant has not been opted out since."""
    request, baseline = sheet.request, sheet.baseline
    done = baseline is not None and baseline.value is SettingValue.OPTED_OUT and (baseline.request_id or 0) >= request.id
    return request.kind is Kind.OPT_OUT and request.state is State.FAILED and not done


def _outside(sheet: Sheet, zone: ZoneInfo) -> list[Block]:
    request, stands = sheet.request, _still_stands(sheet)
    opted_in = request.to_value is SettingValue.OPTED_IN
    advice = _IF_OPTED_IN if opted_in else _IF_NOT_OPTED_IN
    who = "Nobody asked the bot for it."
    claimed: list[Block] = []
    if sheet.reason_by is not None:
        who = f"<@{sheet.reason_by}> says: it was me."
        claimed = typed("Reason", sheet.reason_given or "")
    me = [button("It was me", IT_WAS_ME, request.id)] if sheet.reason_by is None else []
    ways = [button("Opt out again", OPT_OUT_NOW, request.id), button("Adopt", EXTEND, request.id)] if opted_in and stands else []
    row = [actions(*ways, *me)] if ways or me else []
    told = [section(sentence(request.detail)), section(f"Noticed {instant(request.created_at, zone)}. {who}")]
    since = f"Adopted by #{sheet.adoption}, which gave it an end." if sheet.adoption else _CHANGED_SINCE
    last = section(advice if stands else since)
    if opted_in and stands and sheet.reason_by is None and sheet.escalate_to:
        told.append(section(f"{people(sheet.escalate_to)}: please see to it."))
    return [*told, *claimed, last, *row, *small([_witness(sheet)])]


_IF_OPTED_IN = "*Opt out again* needs one person. *Adopt* asks a second person to let it stand, with an end date."
_IF_NOT_OPTED_IN = "If old TLS is still needed, `/legacytls enable` asks for it."
_CHANGED_SINCE = "Another change came after it, so there is nothing to do here; `/legacytls status` shows how things stand."


def _still_stands(sheet: Sheet) -> bool:
    """Whether a change made outside the bot is still what ought to be: nothing was made, adopted or noticed since."""
    return sheet.baseline is not None and sheet.baseline.request_id == sheet.request.id


def _buttons(sheet: Sheet) -> list[Block]:
    request = sheet.request
    if _failed_to_opt_out(sheet):
        return [actions(button("Opt out again", OPT_OUT_NOW, request.id))]
    if request.kind not in WISHES:
        return []
    withdraw = button("Withdraw", WITHDRAW, request.id)
    if request.state is State.APPROVED:
        return [actions(withdraw)]
    if request.state in _ASK_AGAIN:
        return [actions(_another(sheet))]
    if request.state is not State.PENDING:
        return []
    approve = button("Approve", APPROVE, request.id, style="primary")
    reject = button("Reject", REJECT, request.id, style="danger")
    take_back = [button("Take back my approval", TAKE_BACK, request.id)] if sheet.tally.approved_by else []
    return [actions(approve, reject, withdraw, *take_back)]


def _another(sheet: Sheet) -> ButtonElement:
    """The way to the next request, by what was read last: what is opted in can be extended, and nothing else be asked for."""
    request = sheet.request
    opted_in = sheet.seen is not None and sheet.seen.value is SettingValue.OPTED_IN
    ended = request.state is State.STALE and request.kind is Kind.EXTENSION
    given_up = request.state is State.FAILED and not _in_force(sheet)
    if not opted_in or ended or given_up or request.state is State.SUPERSEDED:  # what may be opted in yet is not so for long
        return button("Ask again", AGAIN, request.id)
    return button("Ask again" if request.kind is Kind.EXTENSION else "Extend", EXTEND, request.id)


def _status_line(sheet: Sheet) -> str:
    request = sheet.request
    if request.state in _RESULT:
        return sentence(request.detail)
    return f"*{how_it_stands(request)}*{sentence(why_so(request))}"


def _rejection(sheet: Sheet) -> list[Block]:
    if sheet.request.state is not State.REJECTED:
        return []
    if sheet.reason_given is None:
        return [section("*Reason for the rejection*\nno reason given")]
    return typed("Reason for the rejection", sheet.reason_given)


def _what(sheet: Sheet) -> str:
    extension = sheet.request.kind is Kind.EXTENSION
    verb = "keep the tenant opted in to" if extension else "opt the tenant in to"
    if sheet.adoption:
        verb = f"adopt #{sheet.adoption}, made outside the bot and approved by nobody, and to {verb}"
    return f"{verb} TLS 1.0 and 1.1 on {_hosts(sheet)}"


def _hosts(sheet: Sheet) -> str:
    return ", ".join(f"`{host}`" for host in sheet.cloud.legacy_hosts)


def _until(end: datetime | None, zone: ZoneInfo) -> str:
    if end is None:
        return "no end"
    return f"{instant(end, zone)} ({spelled_end(end, zone)})"


def _two_parts(sheet: Sheet) -> str:
    hosts = " or ".join(f"`{host}`" for host in device_hosts(sheet.request, sheet.cloud))
    return f"The opt-in has two parts: a device also has to be pointed at {hosts}; the switch alone changes nothing for it."


def _witness(sheet: Sheet) -> str:
    seq, head = sheet.head
    return f"Record: head `{seq}:{head}`" if seq and sheet.request.state in _RESULT | {State.OBSERVED} else ""
