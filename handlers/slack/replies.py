"""The answers to help, status and history, as Slack shows them; ``handlers.slack.plain`` gives the same to the command line."""

from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block

from handlers.days import spelled_end
from handlers.history import HistoryLine, HistoryPage
from handlers.notices import PROTOCOL_NAMES, headline, protocol_names
from handlers.optouts import Overdue
from handlers.policy import STATE_WORDS
from handlers.ports import Cloud
from handlers.slack.blocks import Message, actions, button, divider, header, quoted, section, small
from handlers.slack.mrkdwn import escape, fitted, instant, people, sentence
from handlers.slack.parsing import BUTTONS, SUBCOMMANDS
from handlers.status import Status
from storage.lifecycle import SETTLED, Kind, State
from storage.records import ChangeRequest, SettingValue

HISTORY_PAGE = "history_page"

MEANING = {
    SettingValue.NOT_SET: "nobody ever chose; Exchange refuses old TLS",
    SettingValue.OPTED_IN: "TLS 1.0 and 1.1 are allowed on the legacy hosts",
    SettingValue.OPTED_OUT: "Exchange refuses old TLS",
}
"""What the value means where there are legacy hosts."""

WITHOUT_HOSTS = {
    SettingValue.NOT_SET: "nobody ever chose; old TLS is refused for good in {cloud}, which has no legacy hosts",
    SettingValue.OPTED_IN: "without effect: {cloud} has no legacy hosts, and old TLS is refused there whatever the setting says",
    SettingValue.OPTED_OUT: "old TLS is refused for good in {cloud}, which has no legacy hosts",
}
"""What it means in the US-government clouds."""

BADGE = {SettingValue.NOT_SET: ":white_circle:", SettingValue.OPTED_IN: ":warning:", SettingValue.OPTED_OUT: ":lock:"}

BY_HAND = (
    "When Slack or this bot is down, opt out by hand in Exchange Online PowerShell:\n"
    "```Connect-ExchangeOnline{environment}\nSet-TransportConfig -AllowLegacyTLSClients $false\n"
    "(Get-TransportConfig).AllowLegacyTLSClients   # False```"
)


_KINDS = {Kind.OPT_IN: "opt-in", Kind.EXTENSION: "extension", Kind.SHORTENING: "earlier end", Kind.OPT_OUT: "opt-out"}


def no_such(unknown: str, nearest: str) -> Message:
    """The answer to a typing mistake: the nearest subcommand, where one is near, and the way to all of them."""
    pressed = " Use the buttons on the request's message in the channel." if unknown.lower() in BUTTONS else ""
    meant = f" Did you mean `/legacytls {nearest}`?" if nearest != "help" else ""
    text = f"There is no `{escape(unknown)}`.{pressed}{meant} `/legacytls help` shows everything."
    return Message(text=text, blocks=[section(text)])


def help_text(cloud: Cloud) -> Message:
    """Every subcommand with an example."""
    text = "Commands of /legacytls: " + ", ".join(SUBCOMMANDS)
    lines = "\n".join(f"`/legacytls {name}`  {what}" for name, what in SUBCOMMANDS.items())
    intro = "Keeps Exchange Online's `AllowLegacyTLSClients` under control: two people to opt in, one to opt out, all on record."
    environment = f" -ExchangeEnvironmentName {escape(cloud.powershell)}" if cloud.powershell else ""
    by_hand = section(BY_HAND.format(environment=environment))
    return Message(text=text, blocks=[section(intro), section(lines), by_hand])


def reading_now() -> Message:
    """The progress line after two seconds."""
    return Message(text="Reading the live value from Exchange Online…")


def status(report: Status, zone: ZoneInfo) -> Message:
    """The whole truth on one screen."""
    first = _live(report, zone)
    blocks: list[Block] = [section(first)]
    if report.overdue is not None:
        blocks.append(section(_overdue(report.overdue, zone)))
    if report.drifted:
        blocks.append(section(f":rotating_light: *Drift:* {_DRIFT} {_no_end(report)}".strip()))
    if report.lagging:
        blocks.append(section(_LAGS))
    decided = f"{_decided(report, zone)} {_end(report, zone)}".strip()
    blocks += [section(line) for line in (decided, _under_way(report, zone)) if line]
    effects = "\n".join(f"• *{PROTOCOL_NAMES[protocol]}*: {escape(effect)}" for protocol, effect in report.effects)
    blocks += [divider(), section(effects), section(_smtp_auth(report)), section(_hosts(report))]
    blocks += small([escape(report.freshness) if report.freshness else "", _tenant(report)])
    return Message(text=first, blocks=blocks)


def _tenant(report: Status) -> str:
    if report.reading is None or report.reading.organization:
        return f"Tenant: {escape(report.organization or 'not known yet')}"
    return ":warning: This answer did not name its tenant. Nothing is written until one does."


_DRIFT = (
    "this is not the value the bot last applied or saw. It is read once more now; if it stays so, the channel hears that it was "
    "changed outside the bot. `/legacytls disable` opts out; `/legacytls history` shows what is on record."
)
"""Without the earlier value: its words are kept for the live one."""

_NO_END = "No end is set: `/legacytls extend` asks to give it one, `/legacytls disable` opts out now."

_LAGS = "The server that answered does not know of the bot's newest change yet; ask again in a few minutes."


def history(page: HistoryPage, zone: ZoneInfo, *, not_taken: str = "") -> Message:
    """One page of changes, newest first, with a button for the next; says so where words came with it that it does not take."""
    note = [section(_NOT_TAKEN.format(words=escape(not_taken[:40])))] if not_taken else []
    if not page.lines:
        nothing = "No change is on record yet. `/legacytls enable` asks for the first one."
        return Message(text=nothing, blocks=[*note, section(nothing)])
    blocks: list[Block] = [
        *note,
        header("History, newest first"),
        *(block for line in page.lines for block in _history_line(line, zone)),
    ]
    if page.older is not None:
        blocks.append(actions(button("Older changes", HISTORY_PAGE, page.older)))
    else:
        blocks += small(["That is the beginning of the record."])
    return Message(text=f"History, newest first, beginning with #{page.lines[0].request.id}.", blocks=blocks)


_NOT_TAKEN = (
    "`/legacytls history` takes nothing more, so `{words}` was not heeded: it shows the newest changes, and *Older changes* "
    "below them leads to the first one. `/legacytls export` gives the whole record as a file."
)


def exported(name: str, *, not_taken: str = "") -> str:
    """Where the record is and how it is checked: only the lines of JSON prove themselves."""
    checks = "docs/audit.md has a script that checks it offline."
    if name.endswith(".csv"):
        checks = "It is for reading: what the script of docs/audit.md checks offline is the file of `/legacytls export`."
    unheeded = f" Beside it only `csv` is taken, so `{not_taken[:40]}` was not heeded." if not_taken else ""
    return f"The record is in our direct messages, as `{name}`. {checks}{unheeded}"


OPEN_FORM = {Kind.OPT_IN: "open_opt_in", Kind.EXTENSION: "open_extension"}
"""Buttons that open a form anew; about no change, so they carry no number."""


def open_form(why: str, kind: Kind) -> Message:
    """Why a form did not open at once, with the button that opens it."""
    return Message(text=why, blocks=[section(why), actions(button("Open the form", OPEN_FORM[kind], 0))])


def _live(report: Status, zone: ZoneInfo) -> str:
    if report.reading is None:
        last = ""
        if report.last_seen is not None and report.last_seen.value is not None:
            last = f"\nThe last successful reading was {instant(report.last_seen.at, zone)}; what it is now is unknown."
        return f":grey_question: The live value *could not be read*: {sentence(report.problem or '')}{last}"
    value = report.reading.value
    meanings = MEANING if report.cloud.offers_legacy else WITHOUT_HOSTS
    meaning = meanings[value].format(cloud=escape(report.cloud.display))
    age = "" if report.age is None else f" ({round(report.age)} s ago: you asked often, so it was not read again)"
    return f"{BADGE[value]} *{value.value}*: {meaning}. Read {instant(report.reading.read_at, zone)}{age}."


def _decided(report: Status, zone: ZoneInfo) -> str:
    if not report.on_record:
        return ":grey_question: The bot's record *could not be read*: what was decided, is open or is due cannot be told now."
    request, baseline = report.decided, report.baseline
    if request is None or baseline is None:
        return "No change was made through this bot yet."
    again, made_at = "", baseline.since
    if report.confirmed is not None:
        again = f" Confirmed by {_by(report.confirmed)}, {instant(baseline.since, zone)}."
        made_at = request.settled_at or request.created_at
    if request.kind is Kind.OUTSIDE:
        return f"Last change: #{request.id}, made outside the bot, noticed {instant(request.created_at, zone)}.{again}"
    if request.only_confirms:
        return f"Confirmed by {_by(request)}, {instant(made_at, zone)}; nothing had to be changed."
    approved = f", approved by {people(report.approved_by)}" if report.approved_by else ""
    return f"Last change: {_by(request)} ({_KINDS[request.kind]}){approved}, {instant(made_at, zone)}.{again}"


def _by(request: ChangeRequest) -> str:
    return f"#{request.id} by " + (f"<@{request.requester_id}>" if request.requester_id else "the bot itself")


def _end(report: Status, zone: ZoneInfo) -> str:
    """When the opt-in ends, or that it does not; nothing while that is overdue, or the live value is not what was decided."""
    if report.overdue is not None:
        return ""
    baseline = report.baseline
    if baseline is not None and baseline.window_end is not None:
        return f"Ends by itself {instant(baseline.window_end, zone)} ({spelled_end(baseline.window_end, zone)})."
    return "" if report.drifted else _no_end(report)


def _no_end(report: Status) -> str:
    """That what is opted in has no end, and what to do about that; nothing while that is not for sure."""
    opted_in = report.on_record and report.reading is not None and report.reading.value is SettingValue.OPTED_IN
    endless = report.baseline is None or report.baseline.value is SettingValue.OPTED_IN or report.drifted
    return _NO_END if opted_in and endless and report.cloud.offers_legacy else ""


def _overdue(late: Overdue, zone: ZoneInfo) -> str:
    """The red block: shown until the opt-out is done."""
    of = f" of #{late.window_of}" if late.window_of else ""
    tried = "" if not late.failures else "Tried once. " if late.failures == 1 else f"Tried {late.failures} times. "
    if late.under_way is not None:
        following = f"Opt-out #{late.under_way.id} is under way."
        following += f" Next try {instant(late.under_way.retry_at, zone)}." if late.under_way.retry_at else ""
    else:
        following = f"Next try {instant(late.next_try, zone)}." if late.next_try else "The opt-out begins in a moment."
    problem = f"Last trouble: {sentence(late.problem)} " if late.problem else ""
    return (
        f":red_circle: *Overdue:* the window{of} ended {instant(late.ended_at, zone)}, and the opt-out is not done yet. "
        f"{tried}{problem}{following}"
    )


def _under_way(report: Status, zone: ZoneInfo) -> str:
    lines = [f"#{request.id} is {STATE_WORDS[request.state]}: {sentence(request.detail)}" for request in report.unsettled]
    wish = report.open_wish
    if wish is not None and wish not in report.unsettled:
        lapses = f" Lapses {instant(wish.expires_at, zone)}." if wish.expires_at else ""
        lines.append(f"Open request: #{wish.id} by <@{wish.requester_id}>, {STATE_WORDS[wish.state]}.{lapses}")
    return "\n".join(lines)


def _smtp_auth(report: Status) -> str:
    if report.reading is None or report.reading.smtp_auth_disabled is None:
        return "SMTP AUTH for the organisation: unknown."
    if report.reading.smtp_auth_disabled:
        return ":warning: SMTP AUTH is *switched off* for the organisation: opting in helps only mailboxes that are allowed it."
    return "SMTP AUTH for the organisation: switched on."


def _hosts(report: Status) -> str:
    if not report.cloud.offers_legacy:
        return f"{escape(report.cloud.display)} has no legacy hosts: opting in is not possible there."
    return "Legacy hosts: " + ", ".join(f"`{host}`" for host in report.cloud.legacy_hosts)


def _history_line(line: HistoryLine, zone: ZoneInfo) -> list[Block]:
    request = line.request
    parts = [f"*{escape(headline(request))}*", f"{_asked(request.requester_id)} {instant(request.created_at, zone)}"]
    if line.approved_by:
        parts.append(f"approved by {people(line.approved_by)}")
    if line.rejected_by:
        parts.append(f"rejected by {people(line.rejected_by)}" + ("" if line.reason else ", no reason given"))
    if line.read_back is not None:
        parts.append(f"read back as *{line.read_back.value}*")
    if request.window_end is not None:
        parts.append(_window(line, request.window_end, zone))
    if request.protocols:
        parts.append(protocol_names(request))
    said = request.detail and request.state is not State.REJECTED  # who rejected it is told above
    detail = f"\n{sentence(request.detail)}" if said else ""
    refused = quoted("Rejected because", line.reason) if line.rejected_by and line.reason else []
    return [
        section(fitted(" · ".join(parts), 2000) + fitted(detail, 900)),
        *quoted("Reason", request.reason),
        *refused,
    ]


def _window(line: HistoryLine, end: datetime, zone: ZoneInfo) -> str:
    """Until when a window is or was to be open, and what ended or extended it before its time."""
    by = line.followed_by
    extended = by is not None and by.kind is Kind.EXTENSION
    did = {Kind.EXTENSION: "extended", Kind.SHORTENING: "shortened"}.get(by.kind, "ended") if by else ""
    never = line.request.state in SETTLED - {State.APPLIED} or (by is not None and not extended)
    then = f", {did} by #{by.id}" if by else ""
    return f"window {'was to end at' if never else 'until'} {spelled_end(end, zone)}{then}"


def _asked(requester_id: str | None) -> str:
    return f"asked for by <@{requester_id}>" if requester_id else "recorded by the bot"
