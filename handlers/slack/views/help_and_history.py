"""Draw the answers to help and history; ``views.plain`` turns them into text."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block

from handlers.outgoing.request_view import headline, protocol_names
from handlers.policy.days import spelled_end
from handlers.ports import Cloud
from handlers.queries.history import HistoryLine, HistoryPage, spelled
from handlers.slack.parsing import BUTTONS
from handlers.slack.views.blocks import Message, actions, button, header, quoted, section, small
from handlers.slack.views.mrkdwn import CHUNK, escape, fitted, instant, people, sentence
from handlers.slack.views.tickets import ticket
from handlers.suggested import Suggested
from storage.history_pages import EVERYTHING
from storage.lifecycle import SETTLED, Kind, State

HISTORY_PAGE = "history_page"

BY_HAND = (
    "When Slack or this bot is down, opt out by hand in Exchange Online PowerShell:\n"
    "```Connect-ExchangeOnline{environment}\nSet-TransportConfig -AllowLegacyTLSClients $false\n"
    "(Get-TransportConfig).AllowLegacyTLSClients   # False```"
)


def no_such(unknown: str, nearest: str) -> Message:
    """Answer a typing mistake with the nearest subcommand, if any, and the way to all."""
    pressed = (
        " Use the buttons on the request's message in the channel." if unknown.lower() in BUTTONS else ""
    )
    meant = f" Did you mean {Suggested(nearest)}?" if nearest != "help" else ""
    text = f"There is no `{escape(unknown)}`.{pressed}{meant} {Suggested('help')} shows everything."
    return Message(text=text, blocks=[section(text)])


OF_SEVERAL = (
    "Outside a tenant's own channel its name comes first: `/legacytls @{alias} status`. `/legacytls fleet` "
    "shows all tenants to fleet operators (`fleet csv`: as a file), `/legacytls fleet disable` opts several "
    "of yours out."
)


def help_text(cloud: Cloud, subcommands: Mapping[str, str], alias: str = "", *, which: str = "") -> Message:
    """Return every subcommand with an example; ``alias`` is the tenant's, where there are several.

    ``which`` stands first where no tenant was meant: mrkdwn that names the reader's tenants.
    """
    text = "Commands of /legacytls: " + ", ".join(subcommands)
    lines = "\n".join(f"{Suggested(name)}  {what}" for name, what in subcommands.items())
    intro = (
        "Keeps Exchange Online's `AllowLegacyTLSClients` under control: two people to opt in, one to opt "
        "out, all on record."
    )
    environment = f" -ExchangeEnvironmentName {escape(cloud.powershell)}" if cloud.powershell else ""
    by_hand = section(BY_HAND.format(environment=environment))
    several = [section(OF_SEVERAL.format(alias=escape(alias)))] if alias else []
    above = [section(which)] if which else []
    return Message(text=text, blocks=[*above, section(intro), section(lines), *several, by_hand])


def reading_now() -> Message:
    """Return the progress line after two seconds."""
    return Message(text="Reading the live value from Exchange Online…")


def history(page: HistoryPage, zone: ZoneInfo, *, not_taken: str = "") -> Message:
    """Draw a page of changes, newest first, and the way on; ``not_taken`` is a word not understood."""
    note = [section(fitted(escape(not_taken), CHUNK))] if not_taken else []
    only = _narrowed(page)
    if not page.lines and not page.unreadable:
        nothing = only or f"No change is on record yet. {Suggested('enable')} asks for the first one."
        return Message(text=nothing, blocks=[*note, section(nothing)])
    blocks: list[Block] = [
        *note,
        header("History, newest first"),
        *small([only, unreadable(page)]),
        *(block for line in page.lines for block in _history_line(line, zone)),
        *_older(page),
    ]
    first = max([*page.unreadable, *(line.request.id for line in page.lines)])
    return Message(text=f"History, newest first, beginning with #{first}.", blocks=blocks)


def unreadable(page: HistoryPage) -> str:
    """Say which changes of the page cannot be shown, if any, and what names the damage."""
    if not page.unreadable:
        return ""
    named = ", ".join(f"#{number}" for number in page.unreadable)
    return f":warning: Damaged in the database, so not shown: {named}. `legacytls verify` says what is wrong."


def _narrowed(page: HistoryPage) -> str:
    """What the page is narrowed to, if it is."""
    words = spelled(replace(page.only, person=None))
    who = people([page.only.person]) if page.only.person else ""
    if not words and not who:
        return ""
    what = ", ".join([*words, *([who] if who else [])])
    found = "Only" if page.lines or page.unreadable else "No change on record is"
    return f"{found} {what}. {Suggested('history')} shows all."


def _older(page: HistoryPage) -> list[Block]:
    """Draw the way to the next page: a button for a number, else the command with its words."""
    if page.older is None:
        return small(["That is the beginning of the record." if page.only == EVERYTHING else "That is all."])
    words = spelled(page.only)
    if not words:
        return [actions(button("Older changes", HISTORY_PAGE, page.older))]
    on = Suggested(f"history {' '.join(words)} before {page.older}")
    return small([f"Older: {on}"])


def exported(name: str, *, not_taken: str = "") -> str:
    """Return where the record is and how it is checked: only the lines of JSON prove themselves."""
    checks = "docs/audit.md has a script that checks it offline."
    if name.endswith(".csv"):
        checks = (
            "It has one row a change and is for reading: what the script of docs/audit.md checks offline is "
            f"the file of {Suggested('export')}."
        )
    no_such_form = (
        f" `{not_taken[:40]}` is not a form of the export; it is `export` or `export csv`."
        if not_taken
        else ""
    )
    return f"The record is in our direct messages, as `{name}`. {checks}{no_such_form}"


OPEN_FORM = {Kind.OPT_IN: "open_opt_in", Kind.EXTENSION: "open_extension"}
"""Buttons that open a form anew; about no change, so they carry no number."""

OPEN_OPT_OUT, OPEN_HISTORY = "open_opt_out", "open_history"
"""The other buttons that are about no change."""


def open_form(why: str, kind: Kind) -> Message:
    """Return why a form did not open at once, with the button that opens it."""
    return Message(text=why, blocks=[section(why), actions(button("Open the form", OPEN_FORM[kind], 0))])


def _history_line(line: HistoryLine, zone: ZoneInfo) -> list[Block]:
    request = line.request
    parts = [
        f"*{escape(headline(request))}*",
        f"{_asked(request.requester_id)} {instant(request.created_at, zone)}",
    ]
    if line.approved_by:
        at = f" {instant(line.approved_at, zone)}" if line.approved_at else ""
        parts.append(f"approved by {people(line.approved_by)}{at}")
    if line.rejected_by:
        parts.append(f"rejected by {people(line.rejected_by)}" + ("" if line.reason else ", no reason given"))
    if line.claimed_by is not None:
        parts.append(f"<@{line.claimed_by}> says: it was me")
    if line.read_back is not None:
        at = f" {instant(request.settled_at, zone)}" if request.settled_at else ""
        parts.append(f"read back as *{line.read_back.value}*{at}")
    if request.window_end is not None:
        parts.append(_window(line, request.window_end, zone))
    if request.protocols:
        parts.append(protocol_names(request))
    if request.ticket:
        parts.append(f"ticket {ticket(request.ticket)}")
    said = "" if _told_above(line) else request.detail
    detail = f"\n{sentence(request.detail)}" if said else ""
    refused = quoted("Rejected because", line.reason) if line.rejected_by and line.reason else []
    claimed = quoted("Reason", line.reason) if line.claimed_by and line.reason else []
    return [
        section(fitted(" · ".join(parts), 2000) + fitted(detail, 900)),
        *quoted("Reason", request.reason),
        *refused,
        *claimed,
    ]


def _told_above(line: HistoryLine) -> bool:
    """Tell whether the detail adds nothing to who ended it, its expiry, or what was read back."""
    state = line.request.state
    undecided = state is State.EXPIRED and not line.approved_by
    return (
        state in (State.REJECTED, State.WITHDRAWN)
        or undecided
        or (state is State.APPLIED and line.read_back is not None)
    )


def _window(line: HistoryLine, end: datetime, zone: ZoneInfo) -> str:
    """Until when a window is or was to be open, and what ended or extended it before its time."""
    by = line.followed_by
    extended = by is not None and by.kind is Kind.EXTENSION
    did = {Kind.EXTENSION: "extended", Kind.SHORTENING: "shortened"}.get(by.kind, "ended") if by else ""
    never = line.request.state in SETTLED - {State.APPLIED} or (by is not None and not extended)
    whose = f"<@{by.requester_id}>" if by and by.requester_id else "the bot"
    then = f", {did} by #{by.id} of {whose}" if by else ""
    return f"window {'was to end at' if never else 'until'} {spelled_end(end, zone)}{then}"


def _asked(requester_id: str | None) -> str:
    return f"asked for by <@{requester_id}>" if requester_id else "recorded by the bot"
