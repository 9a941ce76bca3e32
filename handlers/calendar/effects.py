"""Say what the setting means for one protocol today, in a sentence. Pure.

Computed from milestones alone: no date is written here, and none is shown but by its ``display``. The live
value is used where it is known and never assumed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from handlers.calendar.milestone import Milestone, Phase, spelled
from storage.records import MailProtocol, SettingValue

WITHOUT_LEGACY = frozenset({"gcc", "gcc-high", "dod"})
"""Clouds where the legacy endpoints do not exist (Microsoft Learn, opt-in pages for SMTP AUTH and for
POP3/IMAP4)."""

REMOVAL_START, REMOVAL_END = "popimap-removal-start", "popimap-removal-end"
SMTP_REMOVAL, SUPPORT_END_21VIANET, BASIC_OFF = (
    "smtp-legacy-tls-removal",
    "cn-smtp-off",
    "basic-smtp-default-off",
)
UNSUPPORTED = "tls-unsupported"

OFF_FOR_GOOD = (
    "Legacy TLS is permanently off in the US-government clouds: without legacy endpoints the setting does "
    "nothing."
)


class Dates(Protocol):
    """The milestones, and the day on which they were last checked."""

    @property
    def verified_on(self) -> date:
        """When they were last checked."""

    def current(self, milestone_id: str) -> Milestone | None:
        """Return the entry that holds today for an id, whatever superseded it."""


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
        """Return where the whole window stands on ``today``."""
        phase = self.start.phase(today)
        if phase in _OPEN_ENDED:
            return phase
        return Phase.RUNNING if today <= self.last else Phase.PAST

    @property
    def last(self) -> date:
        """The last day of the whole."""
        return max(
            milestone.last
            for milestone in (self.start, self.end)
            if milestone is not None and milestone.last is not None
        )


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal that has begun: whether its last day is over, and a clause that tells of it."""

    over: bool
    words: str


def removal_window(dates: Dates) -> Window | None:
    """Return the announced removal for POP3 and IMAP4; ``None`` when the milestones hold none with a date."""
    start, end = dates.current(REMOVAL_START), dates.current(REMOVAL_END)
    if start is None or start.first is None:
        return None
    return Window(start, end if end is not None and end.last is not None else None)


def effect(dates: Dates, protocol: MailProtocol, cloud: str, today: date, value: SettingValue | None) -> str:
    """Return one sentence: what the setting means for this protocol in this cloud on this day.

    ``value`` is ``None`` when unknown.
    """
    if cloud in WITHOUT_LEGACY:
        return OFF_FOR_GOOD
    window = removal_window(dates)
    if protocol is MailProtocol.SMTP_AUTH:
        return _smtp(dates, window, cloud, today, value)
    return _mailbox(dates, window, cloud, today, value)


def removal(dates: Dates, protocol: MailProtocol, cloud: str, today: date) -> Removal | None:
    """Return this protocol's removal of legacy TLS once begun; ``None`` while the setting decides."""
    window = _window(dates, protocol)
    if (
        window is None
        or not window.start.touches(cloud)
        or window.phase(today) not in {Phase.RUNNING, Phase.PAST}
    ):
        return None
    return Removal(over=window.phase(today) is Phase.PAST, words=f"legacy TLS {_gone(dates, window, today)}")


def ends(dates: Dates, protocol: MailProtocol, cloud: str, today: date) -> date | None:
    """Return the last day of this protocol's removal as Microsoft states it; ``None`` if unannounced.

    ``None`` as well for a plan whose last day is over and that nobody has looked at since: whether it was
    kept is not known.
    """
    window = _window(dates, protocol)
    if window is None or not window.start.touches(cloud) or window.phase(today) is Phase.UNANNOUNCED:
        return None
    return None if window.last < today and _only_planned(dates, window.last) else window.last


def _window(dates: Dates, protocol: MailProtocol) -> Window | None:
    if protocol is not MailProtocol.SMTP_AUTH:
        return removal_window(dates)
    alone = dates.current(SMTP_REMOVAL)
    return Window(alone, None) if alone is not None and alone.first is not None else None


def _mailbox(dates: Dates, window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    holds = _holds(value, MailProtocol.IMAP4)
    if window is None:
        return f"{_capital(holds)}; {_undated(dates, cloud, today)}."
    if not window.start.touches(cloud):
        return (
            f"{_capital(holds)}; {_elsewhere(dates, window, today)}; whether that includes this cloud is "
            "not confirmed."
        )
    phase = window.phase(today)
    if phase is Phase.UPCOMING:
        return f"Legacy TLS will be removed {window.display} whatever the setting says; until then, {holds}."
    gone = f"Legacy TLS {_gone(dates, window, today)}"
    if phase is Phase.RUNNING:
        return f"{gone}." if _refuses(value) else f"{gone}; it may be refused here already."
    if _only_planned(dates, window.last):
        return f"{gone}; from then on the setting does nothing here."
    return f"{gone}; the setting does nothing here any more."


def _gone(dates: Dates, window: Window, today: date) -> str:
    """What goes on, or is over, in a window that has begun."""
    if window.phase(today) is Phase.RUNNING:
        return f"is being removed {window.display} whatever the setting says"
    only_planned = _only_planned(dates, window.last)
    return (
        f"was to be removed {window.display} ({only_planned})"
        if only_planned
        else f"has been removed ({window.display})"
    )


def _only_planned(dates: Dates, last: date | None) -> str:
    """Say that nobody checked whether a past plan was kept; empty where somebody has."""
    kept = last is not None and dates.verified_on > last
    return "" if kept else f"as published; checked {spelled(dates.verified_on)}"


def _elsewhere(dates: Dates, window: Window, today: date) -> str:
    only_planned = _only_planned(dates, window.last)
    over = "was to remove" if only_planned else "has removed"
    tense = {Phase.UPCOMING: "will remove", Phase.RUNNING: "is removing"}.get(window.phase(today), over)
    checked = f", {only_planned}" if only_planned and tense == over else ""
    return f"Microsoft {tense} legacy TLS worldwide ({window.display}{checked})"


def _smtp(dates: Dates, window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    announced = dates.current(SUPPORT_END_21VIANET)
    if (
        announced is not None
        and announced.touches(cloud)
        and announced.phase(today) in {Phase.RUNNING, Phase.PAST}
    ):
        first = (
            f"Microsoft announced that support for TLS 1.0 and 1.1 would end here {announced.when()}, with "
            "refusals growing to all submissions; whether that was completed is not confirmed, so do not "
            "count on the setting"
        )
        return "; ".join([first, *_basic(dates, cloud, today)]) + "."
    removal = dates.current(SMTP_REMOVAL)
    gone = removal is not None and removal.phase(today) is Phase.PAST
    role = [] if gone else [_role(window, cloud, today, value)]
    told = [] if _refuses(value) and not gone else [_removal(dates, removal, cloud, today)]
    return f"{_capital('; '.join([*role, *told, *_basic(dates, cloud, today)]))}."


def _role(window: Window | None, cloud: str, today: date, value: SettingValue | None) -> str:
    holds = _holds(value, MailProtocol.SMTP_AUTH)
    if _refuses(value):
        return f"{holds}, though a device may send its password or token all the same"
    alone = (
        window is not None
        and window.start.touches(cloud)
        and window.phase(today) in {Phase.RUNNING, Phase.PAST}
    )
    if alone:
        return (
            "this is the only thing the setting still surely controls: "
            f"{_holds(value, MailProtocol.SMTP_AUTH, decides='')}"
        )
    return holds


def _holds(
    value: SettingValue | None, protocol: MailProtocol, *, decides: str = "the setting decides "
) -> str:
    """What becomes of mail over old TLS, or what ``decides`` about it where the value is not known.

    On SMTP AUTH the refusal comes after the sign-in, so of mail alone can it be said. Microsoft's
    SmtpClientDiag module (1.4.0.6, November 2025) looks for the 421 only after AUTH: the server learns the
    tenant from the credentials.
    """
    mail = "mail over TLS 1.0 and 1.1"
    if protocol is MailProtocol.SMTP_AUTH:
        takes, refuses = f"Exchange takes {mail} on the legacy host", f"Exchange refuses {mail}"
    else:
        takes, refuses = f"Exchange hands out {mail} on the legacy host", f"Exchange hands out no {mail}"
    if value is None:
        return f"{decides}whether {takes}"
    return refuses if _refuses(value) else takes


def _refuses(value: SettingValue | None) -> bool:
    """Whether the value is known to have old TLS refused; not set does as opted out does."""
    return value is not None and value is not SettingValue.OPTED_IN


def _undated(dates: Dates, cloud: str, today: date) -> str:
    """Say that no date is announced, and what that is worth (Exchange Team Blog 2659652)."""
    end = dates.current(UNSUPPORTED)
    over = end is not None and end.touches(cloud) and end.phase(today) is Phase.PAST
    since = f"unsupported since {end.display}" if end is not None and over else "no longer supported"
    return f"legacy TLS has no removal date here, but is {since} and may end without warning"


def _removal(dates: Dates, removal: Milestone | None, cloud: str, today: date) -> str:
    phase = removal.phase(today) if removal is not None else Phase.UNANNOUNCED
    if removal is None or phase in {Phase.UNANNOUNCED, Phase.SUPERSEDED}:
        return _undated(dates, cloud, today)
    if phase is Phase.UPCOMING:
        return f"Microsoft removes legacy TLS here {removal.when()} whatever the setting says"
    if phase is Phase.RUNNING:
        return f"legacy TLS is being removed here ({removal.display}) whatever the setting says"
    only_planned = _only_planned(dates, removal.last)
    if only_planned:
        return (
            f"legacy TLS was to be removed here {removal.when()} ({only_planned}); from then on the "
            "setting does nothing"
        )
    return f"legacy TLS has been removed here ({removal.display}), so the setting does nothing any more"


def _basic(dates: Dates, cloud: str, today: date) -> list[str]:
    off = dates.current(BASIC_OFF)
    if off is None or not off.touches(cloud):
        return []
    again = "admins may switch it on again"
    phase = off.phase(today)
    if phase is Phase.UPCOMING:
        return [f"Basic authentication goes off by default {off.when()} ({again})"]
    if phase is Phase.RUNNING:
        return [f"Basic authentication is going off by default {off.when()} ({again})"]
    if phase is not Phase.PAST:
        return []
    only_planned = _only_planned(dates, off.last)
    if only_planned:
        return [f"Basic authentication was to go off by default {off.when()} ({only_planned}; {again})"]
    return [f"Basic authentication went off by default {off.when()} ({again})"]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
