"""Answer what of the deprecation is past, running, due or unannounced, and what it means. Pure.

Every answer is computed from the milestones and the day it is asked about; the file is package data, and an
operator's own file may replace or extend its entries. It never shows a day where Microsoft gave a month, and
never reminds of a superseded date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

from handlers.calendar import effects, milestone_file
from handlers.calendar.milestone import Milestone, MilestoneKind, Phase, Precision, span, spelled
from handlers.calendar.milestone_file import WrongMilestones
from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.ports import Cloud
from handlers.suggested import Suggested
from storage.records import MailProtocol, SettingValue

STALE_AFTER = 60
"""Days after which the last check of the milestones is too old to be relied on."""

_BASIC = "smtp-auth-basic"

RISK = (
    "TLS 1.0 and 1.1 were retired for known weaknesses in March 2021 (RFC 8996): what such a device sends, "
    "its password or token included, is guarded by nothing stronger."
)
"""What an approver agrees to, for somebody who was never told."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the calendar: the milestone, its phase on the day asked about, and what replaced it."""

    milestone: Milestone
    phase: Phase
    replaced_by: Milestone | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hold all milestones, when they were checked, and how new the newest source was (month or day)."""

    milestones: tuple[Milestone, ...]
    verified_on: date
    newest_source: str

    def current(self, milestone_id: str) -> Milestone | None:
        """Return the entry valid for an id today, itself or its successor; ``None`` for an unknown id."""
        by_id = self._by_id()
        found = by_id.get(milestone_id)
        while found is not None and found.superseded_by is not None:
            found = by_id.get(found.superseded_by)
        return found

    def effect(self, protocol: MailProtocol, cloud: str, today: date, value: SettingValue | None) -> str:
        """Say what the setting means today for a protocol in a cloud; ``value`` ``None``: not known."""
        return effects.effect(self, protocol, cloud, today, value)

    def removal(self, protocol: MailProtocol, cloud: str, today: date) -> str:
        """Say in a clause that a protocol's removal of legacy TLS has begun; empty before."""
        begun = effects.removal(self, protocol, cloud, today)
        return begun.words if begun else ""

    def removals(self, cloud: str, today: date) -> dict[MailProtocol, date]:
        """Return the last day of the removal of legacy TLS, for each protocol that has one stated."""
        found = {protocol: effects.ends(self, protocol, cloud, today) for protocol in MailProtocol}
        return {protocol: day for protocol, day in found.items() if day is not None}

    def hosts(self, cloud: Cloud, today: date, protocols: Iterable[MailProtocol]) -> tuple[str, ...]:
        """List the legacy hosts for devices of these protocols; none for those under removal."""
        known = dict(zip(MailProtocol, cloud.legacy_hosts, strict=False))  # in this order, or none
        chosen = set(protocols)
        return tuple(
            host
            for protocol, host in known.items()
            if protocol in chosen and effects.removal(self, protocol, cloud.name, today) is None
        )

    def in_vain(self, cloud: str, today: date, protocols: Iterable[MailProtocol]) -> str:
        """Warn where an opt-in names only protocols whose legacy TLS should be gone by now; else empty."""
        told: dict[str, list[str]] = {}
        for protocol in protocols:
            begun = effects.removal(self, protocol, cloud, today)
            if begun is None or not begun.over:
                return ""
            told.setdefault(begun.words, []).append(PROTOCOL_NAMES[protocol])
        removed = "; ".join(f"for {' and '.join(names)} {words}" for words, names in told.items())
        return (
            f"Mind: {removed}, so the setting is not expected to help any device named here."
            if removed
            else ""
        )

    def briefing(self, cloud: str, today: date, protocols: Iterable[MailProtocol]) -> tuple[str, ...]:
        """List the risks an approver has to know, a dated line each, for form and message."""
        chosen = [protocol for protocol in MailProtocol if protocol in set(protocols)]
        if cloud in effects.WITHOUT_LEGACY:
            return (effects.OFF_FOR_GOOD,)
        lines: dict[str, list[str]] = {}
        for protocol in chosen:
            lines.setdefault(self.effect(protocol, cloud, today, None), []).append(PROTOCOL_NAMES[protocol])
        told = [f"{' and '.join(names)}: {line}" for line, names in lines.items()]
        if MailProtocol.SMTP_AUTH in chosen:
            told += self._announced_for_basic(cloud, today)
        return (
            RISK,
            *told,
            self.freshness(today) or f"These dates were checked on {spelled(self.verified_on)}.",
        )

    def freshness(self, today: date) -> str | None:
        """Warn when the milestones were checked more than 60 days before ``today``; else ``None``."""
        age = (today - self.verified_on).days
        if age <= STALE_AFTER:
            return None
        return (
            f"The dates were last checked on {spelled(self.verified_on)}, {age} days ago, against sources no "
            f"newer than {_source_age(self.newest_source)}: look for news in the Microsoft 365 message "
            "center before relying on them."
        )

    def upcoming(self, cloud: str, today: date) -> tuple[Milestone, ...]:
        """List dated changes to come or under way, soonest first, without superseded ones."""
        found = [
            row.milestone
            for row in self.listing(cloud, today)
            if row.phase in {Phase.UPCOMING, Phase.RUNNING}
        ]
        return tuple(milestone for milestone in found if milestone.is_change)

    def listing(self, cloud: str, today: date) -> tuple[Listed, ...]:
        """List everything about a cloud, oldest first, undated last; superseded entries included."""
        found = [milestone for milestone in self.milestones if milestone.touches(cloud)]
        found.sort(key=lambda milestone: (milestone.first or date.max, milestone.last or date.max))
        return tuple(
            Listed(milestone, milestone.phase(today), self._successor(milestone)) for milestone in found
        )

    def _announced_for_basic(self, cloud: str, today: date) -> list[str]:
        """List what is to come for Basic authentication besides the change of its default."""
        return [
            f"{row.milestone.display[:1].upper()}{row.milestone.display[1:]}: {row.milestone.effect}"
            for row in self.listing(cloud, today)
            if row.milestone.concerns(_BASIC)
            and row.milestone.kind is not MilestoneKind.DEFAULT_CHANGE
            and row.phase in {Phase.UPCOMING, Phase.RUNNING}
        ]

    def _successor(self, milestone: Milestone) -> Milestone | None:
        return self.current(milestone.id) if milestone.superseded_by is not None else None

    def _by_id(self) -> Mapping[str, Milestone]:
        return {milestone.id: milestone for milestone in self.milestones}


def parse(text: str, *, extends: Calendar | None = None) -> Calendar:
    """Read a milestones file.

    References may also lead to entries of ``extends``, the calendar that it is written against. Raises
    ``WrongMilestones`` with every mistake and its line.
    """
    read = milestone_file.read_file(text)
    calendar = Calendar(read.milestones, read.verified_on, read.newest_source)
    whole = _joined(extends, calendar) if extends is not None else calendar
    mistakes = milestone_file.unlinked(whole.milestones, read.lines)
    if mistakes:
        raise WrongMilestones(mistakes)
    return calendar


def merge(base: Calendar, override: Calendar) -> Calendar:
    """Return the base with the override's entries: the same id replaces. The newer check counts.

    Raises ``WrongMilestones`` when the result refers to nothing or to itself.
    """
    whole = _joined(base, override)
    mistakes = milestone_file.unlinked(whole.milestones)
    if mistakes:
        raise WrongMilestones(mistakes)
    return whole


def load_packaged() -> Calendar:
    """Return the milestones that this version carries."""
    return parse(resources.files("handlers.calendar").joinpath("milestones.yaml").read_text(encoding="utf-8"))


def _joined(base: Calendar, override: Calendar) -> Calendar:
    entries = {milestone.id: milestone for milestone in (*base.milestones, *override.milestones)}
    newer = max(base, override, key=lambda calendar: calendar.verified_on)
    return Calendar(tuple(entries.values()), newer.verified_on, newer.newest_source)


def _source_age(stated: str) -> str:
    """A month as ``September 2026``, a day as ``7 September 2026``."""
    if len(stated) == len("2026-09"):
        return spelled(span(stated, Precision.MONTH)[0]).split(" ", 1)[1]
    return spelled(date.fromisoformat(stated))


def meanings(
    calendar: Calendar, cloud: Cloud, today: date, value: SettingValue | None
) -> tuple[tuple[MailProtocol, str], ...]:
    """Return the clause for each protocol; ``value`` is ``None`` when it is not known.

    Nothing where there are no legacy hosts.
    """
    hosts = zip(MailProtocol, cloud.legacy_hosts, strict=False)  # in this order, or none
    gone = {protocol: calendar.removal(protocol, cloud.name, today) for protocol in MailProtocol}
    return tuple(
        (protocol, f"{gone[protocol]}." if gone[protocol] else _decides(value, host))
        for protocol, host in hosts
    )


def _decides(value: SettingValue | None, host: str) -> str:
    if value is None:
        return f"the setting decides about mail over TLS 1.0 and 1.1 on {host}."
    taken = "taken" if value is SettingValue.OPTED_IN else "refused"
    return f"mail over TLS 1.0 and 1.1 is {taken} on {host}; {Suggested('calendar')} has what is announced."
