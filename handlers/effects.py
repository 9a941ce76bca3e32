"""What the setting means for one protocol today, in a sentence, pure.

Computed from milestones alone: no date is written here, and none is shown but by its ``display``. The live value is used where it
is known and never assumed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from handlers.milestone import Milestone, Phase
from storage.records import MailProtocol, SettingValue

WITHOUT_LEGACY = frozenset({"gcc", "gcc-high", "dod"})
"""Clouds where the legacy endpoints do not exist (Microsoft Learn, opt-in pages for SMTP AUTH and for POP3/IMAP4)."""

REMOVAL_START, REMOVAL_END = "popimap-removal-start", "popimap-removal-end"
SMTP_REMOVAL, SMTP_ENDED_21VIANET, BASIC_OFF = "smtp-legacy-tls-removal", "cn-smtp-off", "basic-smtp-default-off"

OFF_FOR_GOOD = "Legacy TLS is permanently off in the US-government clouds: without legacy endpoints the setting does nothing."

Current = Callable[[str], Milestone | None]
"""Finds the entry that holds today for an id, whatever superseded it."""

_OPEN_ENDED = {Phase.UPCOMING, Phase.UNANNOUNCED}


@dataclass(frozen=True, slots=True)
class Window:
    """A gradual removal: from the start of one milestone to the end of another."""

    start: Milestone
    end: Milestone | None

    @property
    def display(self) -> str:
        """``1 August to 31 December 2026``: both displays, the year once when it is the same."""
        if self.end is None:
            return self.start.when()
        opening, year = self.start.display, self.end.display[-5:]
        return f"{opening.removesuffix(year)} to {self.end.display}"

    def phase(self, today: date) -> Phase:
        """Where the whole window stands on ``today``."""
        phase = self.start.phase(today)
        if phase in _OPEN_ENDED:
            return phase
        ends = [milestone.last for milestone in (self.start, self.end) if milestone is not None and milestone.last is not None]
        return Phase.RUNNING if today <= max(ends) else Phase.PAST


def removal_window(current: Current) -> Window | None:
    """The announced removal for POP3 and IMAP4; ``None`` when the milestones hold none with a date."""
    start, end = current(REMOVAL_START), current(REMOVAL_END)
    if start is None or start.first is None:
        return None
    return Window(start, end if end is not None and end.last is not None else None)


def effect(current: Current, protocol: MailProtocol, cloud: str, today: date, value: SettingValue | None) -> str:
    """One sentence: what the setting means for this protocol in this cloud on this day. ``value`` is ``None`` when unknown."""
    if cloud in WITHOUT_LEGACY:
        return OFF_FOR_GOOD
    window = removal_window(current)
    if protocol is MailProtocol.SMTP_AUTH:
        return _smtp(current, window, cloud, today, value)
    return _mailbox(window, cloud, today, value)


def _mailbox(window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    lets = f"the setting {_lets(value)}"
    if window is None:
        return f"{_capital(lets)}; Microsoft has announced no removal date for legacy TLS here."
    if not window.start.touches(cloud):
        return f"{_capital(lets)}; {_elsewhere(window, today)}; whether that includes this cloud is not confirmed."
    phase = window.phase(today)
    if phase is Phase.UPCOMING:
        planned = f"Legacy TLS will be removed {window.display} whatever the setting says"
        return f"{planned}; until the rollout reaches this tenant, {lets}."
    if phase is Phase.RUNNING:
        return (
            f"Legacy TLS is being removed {window.display} whatever the setting says; "
            "nobody outside Microsoft can tell when the rollout reaches this tenant."
        )
    return f"Legacy TLS has been removed ({window.display}); the setting does nothing here any more."


def _elsewhere(window: Window, today: date) -> str:
    tense = {Phase.UPCOMING: "will remove", Phase.RUNNING: "is removing"}.get(window.phase(today), "has removed")
    return f"Microsoft {tense} legacy TLS worldwide ({window.display})"


def _smtp(current: Current, window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    ended = current(SMTP_ENDED_21VIANET)
    if ended is not None and ended.touches(cloud) and ended.phase(today) in {Phase.RUNNING, Phase.PAST}:
        first = (
            f"Microsoft ended TLS 1.0 and 1.1 here {ended.when()}, with refusals growing to all submissions, "
            "so do not count on the setting"
        )
        return "; ".join([first, *_basic(current, cloud, today)]) + "."
    removal = current(SMTP_REMOVAL)
    gone = removal is not None and removal.phase(today) is Phase.PAST
    role = [] if gone else [_role(window, cloud, today, value)]
    sentence = "; ".join([*role, _removal(removal, today), *_basic(current, cloud, today)])
    return f"{_capital(sentence)}."


def _role(window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    alone = window is not None and window.start.touches(cloud) and window.phase(today) in {Phase.RUNNING, Phase.PAST}
    return f"this is the only thing the setting still controls; it {_lets(value)}" if alone else f"the setting {_lets(value)}"


def _lets(value: SettingValue | None) -> str:
    if value is None:
        return "decides whether TLS 1.0 and 1.1 are let in on the legacy host"
    if value is SettingValue.OPTED_IN:
        return "lets TLS 1.0 and 1.1 in on the legacy host"
    return "keeps TLS 1.0 and 1.1 out"


def _removal(removal: Milestone | None, today: date) -> str:
    phase = removal.phase(today) if removal is not None else Phase.UNANNOUNCED
    if removal is None or phase in {Phase.UNANNOUNCED, Phase.SUPERSEDED}:
        return "Microsoft has announced no removal date for legacy TLS here"
    if phase is Phase.UPCOMING:
        return f"Microsoft removes legacy TLS here {removal.when()} whatever the setting says"
    if phase is Phase.RUNNING:
        return f"legacy TLS is being removed here ({removal.display}) whatever the setting says"
    return f"legacy TLS has been removed here ({removal.display}), so the setting does nothing any more"


def _basic(current: Current, cloud: str, today: date) -> list[str]:
    off = current(BASIC_OFF)
    if off is None or not off.touches(cloud):
        return []
    again = "admins may switch it on again"
    phase = off.phase(today)
    if phase is Phase.UPCOMING:
        return [f"Basic authentication goes off by default {off.when()} ({again})"]
    if phase is Phase.RUNNING:
        return [f"Basic authentication is going off by default {off.when()} ({again})"]
    return [f"Basic authentication went off by default {off.when()} ({again})"] if phase is Phase.PAST else []


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
