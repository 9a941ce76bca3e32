"""Import what somebody exported: keep what it says of senders once, compare with the register.

It adds sightings and nothing else: no entry is put on the register, ended or moved by a report.
What it says in words is the same in Slack and at the command line; nothing in it is escaped.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from handlers.policy.days import local_day
from handlers.ports import Clock
from handlers.register.files.decoding import NotRead
from handlers.register.files.kind_detection import NO_NAMES, read
from handlers.register.files.parsed_file import FileKind, Parsed, Seen, Skipped
from storage import sightings
from storage.integrity.canonical import canonical
from storage.ledger import BOT, Entry, Ledger
from storage.sightings import NewReport, Sighting

NEEDS_PROPOSER = (
    "This is a list of devices, and every entry needs somebody who proposes it: give the file to "
    "`/legacytls devices import` in Slack."
)
REVERSED = "The period ends before it begins."
TO_COME = "The period lies ahead: a report tells of days that were. Every later report would count for less."

_KEPT = (FileKind.SMTP_CLIENTS, FileKind.SIGN_INS, FileKind.MESSAGE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file says, held against the register. Addresses in small letters; entries by number."""

    kind: FileKind
    rows: int
    legacy: int
    """Senders that still send over TLS 1.0 or 1.1."""
    registered: int
    """Those of them that are on the register."""
    unregistered: tuple[str, ...]
    """Those of them that are on nobody's list."""
    unseen: tuple[int, ...]
    """Standing entries whose sender is not in it."""
    modern: tuple[int, ...]
    """Standing entries whose sender is in it, and spoke neither TLS 1.0 nor 1.1."""
    skipped: tuple[Skipped, ...]
    is_new: bool
    """Whether anything was changed by it: the same file twice changes nothing."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report speaks of, as far as whoever imports it says so."""

    first_day: date | None = None
    last_day: date | None = None


NO_PERIOD = Period()

Also = Callable[[Entry, Imported], None]

Entered = tuple[int, str]
"""The number of a standing entry, and its sender."""


class Imports:
    """Keeps reports."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo, clock: Clock) -> None:
        self._ledger = ledger
        self._zone = zone
        self._clock = clock

    def take(
        self, data: bytes, *, period: Period = NO_PERIOD, named: Mapping[str, str] = NO_NAMES
    ) -> Imported:
        """Read a file and keep what it says; ``named`` maps fields to columns.

        Raises ``NotRead`` for what is not understood, and for a list of devices: nothing is kept then.
        """
        return self.keep(read(data, named), data, period=period, named=named)

    def keep(
        self,
        parsed: Parsed,
        data: bytes,
        *,
        period: Period = NO_PERIOD,
        named: Mapping[str, str] = NO_NAMES,
        by: str = BOT,
        also: Also | None = None,
    ) -> Imported:
        """Keep what a file says that was read; ``also`` is done in the same transaction, known or new.

        Raises ``NotRead`` for a list of devices, and for a period that is none.
        """
        today = local_day(self._clock(), self._zone)
        _judge(period, today)
        if parsed.kind not in _KEPT:
            raise NotRead(NEEDS_PROPOSER)
        seen = [_sighting(one, parsed.kind, period, today) for one in parsed.seen]
        report = NewReport(
            kind=parsed.kind.value,
            first_day=period.first_day,
            last_day=period.last_day,
            digest=_digest(data, period, named),
            row_count=parsed.rows,
            tells_tls=parsed.kind is not FileKind.SIGN_INS,
        )
        with self._ledger.reading() as reader:
            standing = reader.devices.standing_senders()
            is_new = not sightings.is_known(reader.connection, self._ledger.tenant_id, report.digest)
        found = _held_against(parsed, seen, standing, is_new=is_new)
        if is_new or also is not None:
            with self._ledger.recording(self._clock()) as entry:
                found = replace(found, is_new=is_new and _keep(entry, report, seen, standing, by))
                if also is not None:
                    also(entry, found)
        return found


def _judge(period: Period, today: date) -> None:
    """Refuse a period that is none. Raises ``NotRead``."""
    if period.first_day and period.last_day and period.first_day > period.last_day:
        raise NotRead(REVERSED)
    tomorrow = today + timedelta(days=1)  # Microsoft's day may be one ahead of the tenant's
    if any(day and day > tomorrow for day in (period.first_day, period.last_day)):
        raise NotRead(TO_COME)


def _keep(
    entry: Entry, report: NewReport, seen: Sequence[Sighting], standing: Sequence[Entered], by: str
) -> bool:
    if sightings.is_known(entry.connection, entry.tenant_id, report.digest):
        return False
    by_sender = {one.sender: one for one in seen}
    registered = [_told(number, by_sender[sender]) for number, sender in standing if sender in by_sender]
    sightings.keep(entry, report, seen, by=by, registered=registered)
    return True


def _digest(data: bytes, period: Period, named: Mapping[str, str]) -> str:
    """SHA-256 (hex) of the file and of how it is read: another period or mapping makes it another report."""
    days = [day.isoformat() if day else None for day in (period.first_day, period.last_day)]
    return hashlib.sha256(canonical([*days, dict(named)]).encode("ascii") + b"\n" + data).hexdigest()


def _sighting(one: Seen, kind: FileKind, period: Period, today: date) -> Sighting:
    """Return the last day seen: the period's end, or today, as reports name no day by sender."""
    last_seen = one.last_seen
    if last_seen is None and kind is FileKind.SMTP_CLIENTS and one.messages != 0:
        last_seen = period.last_day or today
    shares = (one.tls10, one.tls11, one.tls12, one.messages)
    return Sighting(one.sender, *shares, is_legacy=one.is_legacy, last_seen=last_seen)


def _told(number: int, one: Sighting) -> dict[str, object]:
    last_seen = one.last_seen.isoformat() if one.last_seen else None
    shares = {"tls10": one.tls10, "tls11": one.tls11, "tls12": one.tls12, "messages": one.messages}
    return {"device": number, **shares, "last_seen": last_seen}


def _held_against(
    parsed: Parsed, seen: Sequence[Sighting], standing: Sequence[Entered], *, is_new: bool
) -> Imported:
    by_sender, senders = {one.sender: one for one in seen}, {sender for _, sender in standing}
    legacy = [one.sender for one in seen if one.is_legacy]
    whole = parsed.kind is not FileKind.MESSAGE
    tells_tls = parsed.kind is not FileKind.SIGN_INS

    def entries(which: Callable[[str], bool]) -> tuple[int, ...]:
        return tuple(number for number, sender in standing if which(sender))

    return Imported(
        kind=parsed.kind,
        rows=parsed.rows,
        legacy=len(legacy),
        registered=sum(sender in senders for sender in legacy),
        unregistered=tuple(sorted(sender for sender in legacy if sender not in senders)),
        unseen=entries(lambda sender: whole and sender not in by_sender),
        modern=entries(lambda sender: tells_tls and sender in by_sender and not by_sender[sender].is_legacy),
        skipped=parsed.skipped,
        is_new=is_new,
    )


NAMED = 20
"""Senders, entries and rows that are named of each sort."""


def imported_lines(found: Imported) -> list[str]:
    """Return the same for a person, the answer first."""
    again = "" if found.is_new else " It was imported before, so nothing was changed."
    lines = [f"{found.rows} rows read ({found.kind.value}).{again}"]
    lines.append(f"Still on old TLS and registered: {found.registered}")
    lines.append(_named("Still on old TLS and on nobody's list", found.unregistered))
    lines.append(_named("Registered and not seen", [f"D{number}" for number in found.unseen]))
    lines.append(_named("Registered and modern by now", [f"D{number}" for number in found.modern]))
    lines += [f"Row {one.row} was not understood: {one.why}" for one in found.skipped[:NAMED]]
    more = len(found.skipped) - NAMED
    return [*lines, f"and {more} more rows"] if more > 0 else lines


def _named(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}: {len(names)}" + (f" ({', '.join(names[:NAMED])}{more})" if names else "")
