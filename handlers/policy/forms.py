"""Judge what people type into forms: a clean form or a sentence per wrong field. Pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from handlers.calendar.milestone import spelled
from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.policy.days import end_of_day, last_day, latest_day, local_day
from handlers.policy.invisible_characters import hidden
from handlers.policy.rule import Rule
from handlers.policy.tickets import LONGEST as LONGEST_TICKET
from handlers.policy.tickets import NO_TICKETS, Tickets
from storage.records import MailProtocol

LONGEST = 3000
"""Characters per text field; Slack's own limit for a plain text input."""

REASON, CLIENTS, PROTOCOLS, DAY, DEVICES = "reason", "clients", "protocols", "day", "devices"
TICKET = "ticket"

LABELS = {REASON: "Reason", TICKET: "Change ticket", CLIENTS: "Devices or applications, and who owns them"}
"""The fields that people type into, as they read them."""


@dataclass(frozen=True, slots=True)
class OptInForm:
    """Hold a complete request to opt in or extend: reason, devices, owners, protocols, last day."""

    reason: str
    clients: str
    protocols: tuple[MailProtocol, ...]
    day: date
    devices: tuple[int, ...] = ()
    """Numbers of the entries of the register that it names; ``clients`` may then be empty."""
    ticket: str = ""
    """Number of the change ticket; empty where the settings ask for none."""

    def window_end(self, zone: ZoneInfo) -> datetime:
        """Return 24:00 of the chosen day."""
        return end_of_day(self.day, zone)


class WrongForm(Exception):
    """The form cannot be taken; ``errors`` holds one sentence per field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


def judge_opt_in(
    *,
    reason: str,
    clients: str,
    protocols: Sequence[str],
    day: str,
    rule: Rule,
    now: datetime,
    zone: ZoneInfo,
    later_than: datetime | None = None,
    no_later_end: str = "",
    devices: Sequence[int] = (),
    removals: Mapping[MailProtocol, date] = MappingProxyType({}),
    ticket: str = "",
    tickets: Tickets = NO_TICKETS,
) -> OptInForm:
    """Check a submitted form; an extension ends ``later_than`` the window, an earlier day shortens it.

    ``no_later_end`` says why no later end can be asked for now, where another extension is open. ``removals``
    is the last day of Microsoft's removal of legacy TLS by protocol, for those of which it is known: behind
    it the setting helps nobody there.

    Raises ``WrongForm`` with every mistake at once.
    """
    shorter = shortens(day, now=now, zone=zone, present_end=later_than)
    problem = day_problem(day, rule=rule, now=now, zone=zone, later_than=None if no_later_end else later_than)
    errors = {
        REASON: text_problem(reason, "Say why old TLS is needed: approvers decide on this."),
        CLIENTS: text_problem(clients, "") if devices else devices_problem(clients),
        PROTOCOLS: "" if protocols else "Choose at least one protocol.",
        DAY: "" if shorter else problem or no_later_end,
        TICKET: ticket_problem(ticket) or tickets.problem(ticket, needed=not shorter),
    }
    if not errors[PROTOCOLS] and not errors[DAY] and not shorter:
        errors |= removal_problem(protocols, date.fromisoformat(day), removals, today=local_day(now, zone))
    found = {field: problem for field, problem in errors.items() if problem}
    if found:
        raise WrongForm(found)
    chosen = tuple(MailProtocol(name) for name in dict.fromkeys(protocols))
    return OptInForm(reason, clients, chosen, date.fromisoformat(day), tuple(sorted(set(devices))), ticket)


def ticket_problem(ticket: str) -> str:
    """Return what keeps a ticket's number from being recorded and shown; empty where nothing does."""
    if len(ticket) > LONGEST_TICKET or len(ticket.splitlines()) > 1:
        return f"Write one number, of at most {LONGEST_TICKET} characters."
    return text_problem(ticket, "")


def devices_problem(text: str) -> str:
    """Return what is wrong with a list of devices, or an empty string: it has to name something.

    A short text with fewer than three letters or digits ("x", "-", "...") names no device in any script.
    """
    short = len(text.strip()) < LONG_ENOUGH and sum(character.isalnum() for character in text) < SHORTEST_NAME
    return text_problem(text, NAME_THEM) or (f"This names no device. {NAME_THEM}" if short else "")


SHORTEST_NAME, LONG_ENOUGH = 3, 20
"""Letters of the shortest name; characters from which a text is left to the approvers' judgement."""

NAME_THEM = "Name the devices or applications and who owns them."


def removal_problem(
    protocols: Sequence[str], day: date, removals: Mapping[MailProtocol, date], *, today: date
) -> dict[str, str]:
    """Say by field what is wrong with a window in which all chosen protocols lose legacy TLS."""
    chosen = [MailProtocol(name) for name in protocols]
    ends = [removals[protocol] for protocol in chosen if protocol in removals]
    if len(ends) < len(chosen) or not ends or day <= max(ends):
        return {}
    names = " and ".join(PROTOCOL_NAMES[protocol] for protocol in dict.fromkeys(chosen))
    if max(ends) < today:
        return {
            PROTOCOLS: f"Microsoft has removed legacy TLS from {names}, so an opt-in helps no device there."
        }
    return {
        DAY: f"Microsoft removes legacy TLS from {names} by {spelled(max(ends))}: choose a day until then."
    }


def text_problem(text: str, when_empty: str) -> str:
    """Return what is wrong with a typed text, or an empty string."""
    if not any(_shows(character) for character in text):
        return when_empty
    if len(text) > LONGEST:
        return f"At most {LONGEST:,} characters; this has {len(text):,}."
    if any(_unprintable(character) for character in text):
        return (
            "This contains control characters, which would not show; remove them (often they come with a "
            "paste)."
        )
    if any(character in _BIDI for character in text):
        return (
            "This contains marks that turn the order of the text around, so that it would read as "
            "something else; remove them."
        )
    return hidden(text)


_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's ``Bidi_Control``: text of either direction reads well without them."""


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs without any ink: the fillers of Hangul, and Braille without a dot."""


def _shows(character: str) -> bool:
    """Tell whether text shows anything: a letter, digit or sign; combining marks need a base."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t"


def shortens(day: str, *, now: datetime, zone: ZoneInfo, present_end: datetime | None) -> bool:
    """Tell whether a chosen day (ISO 8601), today or later, would end the present window earlier."""
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        return False
    return (
        present_end is not None and local_day(now, zone) <= chosen and end_of_day(chosen, zone) < present_end
    )


def day_problem(day: str, *, rule: Rule, now: datetime, zone: ZoneInfo, later_than: datetime | None) -> str:
    """Return what is wrong with a chosen day (ISO 8601), or an empty string."""
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        return "Choose the last day on which old TLS is needed."
    latest = latest_day(now, rule.max_window, zone)
    if chosen < local_day(now, zone):
        return "This day is over. The window has to end today or later."
    if chosen > latest:
        return f"Too late: an opt-in may last {words(rule)} at most, so {latest:%-d %B %Y} is the latest day."
    if later_than is not None and end_of_day(chosen, zone) <= later_than:
        runs = f"The opt-in runs until 24:00 of {last_day(later_than, zone):%-d %B %Y} already"
        possible = end_of_day(latest, zone) > later_than
        return f"{runs}. {ANOTHER_DAY}" if possible else f"{runs}, and today no later day can be chosen."
    return ""


ANOTHER_DAY = "Choose a later day, or an earlier one to end it sooner."


def words(rule: Rule) -> str:
    """Return the maximum window in words."""
    minutes = int(rule.max_window.total_seconds() // 60)
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = minutes // 60
    if hours % 24:
        return f"{hours} hours" if hours != 1 else "1 hour"
    days = hours // 24
    return "1 day" if days == 1 else f"{days} days"
