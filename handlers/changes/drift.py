"""Read the live value regularly, keep it as an observation and compare it with the baseline.

A difference that a second reading confirms is a change made outside the bot: recorded once, with a number of
its own, and announced at once. An unreadable value is never drift and never silence: after three failed
readings the channel hears, and hears again when it is back.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from handlers.changes.replication_lag import LATE, LOOK_BACK, lags
from handlers.changes.transitions import opt_out_again, overtaken, what_is_needed
from handlers.context.context import Context
from handlers.outgoing.news import Correction, FirstSight, Unreadable
from handlers.outgoing.notices import (
    enqueue_announcement,
    enqueue_card,
    enqueue_change,
    enqueue_ended,
    enqueue_outage,
    enqueue_overtaken,
    enqueue_recovery,
    enqueue_word,
    newest,
)
from handlers.policy.votes import approvers
from handlers.ports import Reading, Unavailable
from handlers.register.request_sync import activate
from storage.engine import PATIENCE
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import WISHES, Kind, State
from storage.records import Baseline, ChangeRequest, Door, Observation, SettingValue

AUTHOR_AFTER = timedelta(minutes=2)
"""When the audit log is first asked who it was; see ``handlers.changes.change_author``."""

CONFIRM_AFTER = timedelta(seconds=3)
"""When a value that ought not to be there is read once more: domain controllers agree late, and two readings
may meet two."""

NEVER_READ = datetime.min.replace(tzinfo=UTC)
"""The first reading is due since ever."""

LOUD_AFTER = 3
"""Failed readings in a row before the channel hears of it."""


class Drift:
    """Observes the setting and remembers nothing: the ledger holds the truth."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def is_due(self, every: timedelta) -> bool:
        """Tell whether the newest observation is older than ``every``, or asks for a second; only reads."""
        return self._context.now() >= self.next_at(every)

    def next_at(self, every: timedelta) -> datetime:
        """Return when the next reading is due; ``NEVER_READ`` before the first. Only reads."""
        with self._context.ledger.reading() as reader:
            return self._next_at(reader, every)

    def observe(self, every: timedelta) -> bool:
        """Read the live value if that is due; tells whether it read."""
        with self._context.ledger.reading() as reader:
            next_at, before = self._next_at(reader, every), reader.baseline()
        if self._context.now() < next_at:
            return False
        try:
            reading = self._context.setting.read(patience=30)
        except Unavailable as unread:
            self.unreadable(unread)
            return True
        self.keep(reading, before)
        return True

    def _next_at(self, reader: Reader, every: timedelta) -> datetime:
        now = self._context.now()
        newest = _until(now, reader.readings.newest_observations(LOOK_BACK))[:2]
        return newest[0].at + _pause(newest, reader.baseline(), every) if newest else NEVER_READ

    def seen(self, reading: Reading) -> None:
        """Keep an unexpected value that somebody else just read, and look again in seconds.

        Raises ``engine.Unreachable``; waits for the database for a second at most.
        """
        with self._context.ledger.reading() as reader:
            baseline = reader.baseline()
        if baseline is not None and baseline.since <= reading.read_at and baseline.value is not reading.value:
            self.keep(reading, baseline, patience=1.0)

    def keep(self, reading: Reading, before: Baseline | None, *, patience: float = PATIENCE) -> None:
        """Keep a reading and judge it; ``before`` is what ought to be as it was when reading began."""
        with self._context.ledger.recording(self._context.now(), patience=patience) as entry:
            self._back_again(entry)
            # else a change was made meanwhile, and what was read is no longer news
            if entry.reader.baseline() == before:
                first_seen = _first_seen(entry.reader, reading)
                entry.holding.observe(reading.observation)
                self._compare(entry, reading, first_seen)
            baseline = entry.reader.baseline()
            if baseline is not None and baseline.value is reading.value:
                _make_stale(entry, reading)
        self._wake_for(entry, is_first=before is None)

    def _compare(self, entry: Entry, reading: Reading, first_seen: datetime | None) -> None:
        """Record drift unless a change of ours is under way; the first reading sets the baseline."""
        if entry.reader.in_states({State.APPLYING, State.UNCERTAIN}):
            return
        baseline = entry.reader.baseline()
        if baseline is None:
            entry.holding.set_baseline(_first(reading), why="first reading")
            if reading.value is SettingValue.OPTED_IN:
                enqueue_announcement(entry, "first-sight", FirstSight())
            return
        if not _confirmed(baseline, reading, first_seen) or lags(entry.reader, reading, entry.now):
            return
        late = entry.reader.given_up(reading.value, entry.now - LATE)
        if late is not None and not overtaken(entry.reader, late, baseline):
            self._correct(entry, late, baseline, reading)
        elif late is None or not self._took_effect_too_late(entry, late, baseline, reading):
            self._outside(entry, baseline, reading)

    def _correct(self, entry: Entry, late: ChangeRequest, baseline: Baseline, reading: Reading) -> None:
        """Correct a change given up as failed that has shown up: its window holds."""
        end = entry.reader.holding.approved_end(late) if late.to_value is SettingValue.OPTED_IN else None
        entry.record("correction", BOT, {"value": reading.value.value}, late.id)
        enqueue_overtaken(entry, late)
        entry.holding.set_baseline(
            Baseline(value=reading.value, since=entry.now, request_id=late.id, window_end=end),
            why="correction",
        )
        activate(entry, late)
        _tell_correction(entry, late, end=end)
        enqueue_ended(entry, late, baseline)

    def _took_effect_too_late(
        self, entry: Entry, late: ChangeRequest, baseline: Baseline, reading: Reading
    ) -> bool:
        """Take back our own write that shows up after a later opt-out, once; else it is drift."""
        again = opt_out_again(self._context, entry, late, baseline)
        if again is None:
            return False
        entry.record("correction", BOT, {"value": reading.value.value, "opt_out": again.id}, late.id)
        _tell_correction(entry, late, again=again.id)
        enqueue_card(entry, again)
        return True

    def _outside(self, entry: Entry, baseline: Baseline, reading: Reading) -> None:
        detail = f"The live value changed from *{baseline.value.value}* to *{reading.value.value}*."
        approved = _still_approved(entry, reading)
        if approved is not None:
            detail += f" The window of #{approved.id} has not ended and holds: at its end the bot opts out."
        change = entry.open(
            Kind.OUTSIDE,
            requester_id=None,
            door=Door.BOT,
            from_value=baseline.value,
            to_value=reading.value,
            rule_digest=self._context.rule.digest,
            detail=detail,
        )
        end = entry.reader.holding.approved_end(approved) if approved else None
        enqueue_overtaken(entry, change, revived=approved)
        entry.holding.set_baseline(
            Baseline(value=reading.value, since=entry.now, request_id=change.id, window_end=end),
            why="changed outside the bot",
        )
        enqueue_card(entry, change)
        entry.look_again(change, at=entry.now + AUTHOR_AFTER)

    def unreadable(self, unread: Unavailable) -> None:
        """Keep that the value could not be read; the third time in a row the channel hears of it."""
        now = self._context.now()
        problem = f"{unread.sentence} {unread.mend}".strip()
        with self._context.ledger.recording(now) as entry:
            blank = Observation(
                at=now, value=None, smtp_auth_disabled=None, organization=None, problem=problem
            )
            entry.holding.observe(blank)
            failed = entry.reader.readings.failed_observations(LOUD_AFTER + 1)
            if sum(run.count for run in failed) == LOUD_AFTER:
                enqueue_outage(entry, failed[-1].since, problem)
        self._wake_for(entry)

    def _wake_for(self, entry: Entry, *, is_first: bool = False) -> None:
        """Wake the worker for an event or a message: a reading alone gives nobody anything to do.

        Nor does the first of all, unless it owes a message: of a thousand new tenants every job would be
        looked at while they are read. Its event is streamed at one of the next looks.
        """
        if entry.outbox.has_owed or (entry.has_recorded and not is_first):
            self._context.wake_worker()

    @staticmethod
    def _back_again(entry: Entry) -> None:
        """Whoever read first, the channel hears once that the outage it heard of is over."""
        outage = newest(entry.reader, Unreadable)
        if outage is not None and outage.since is not None:
            enqueue_recovery(entry, outage.since)


def _pause(newest: list[Observation], baseline: Baseline | None, every: timedelta) -> timedelta:
    """Return the pause to the next reading: short if an unexpected value was seen once only."""
    last = newest[0]
    if baseline is None or last.value in (None, baseline.value):
        return every
    seen_twice = any(one.value is last.value and last.at - one.since >= CONFIRM_AFTER for one in newest)
    return every if seen_twice else min(CONFIRM_AFTER, every)


def _until(now: datetime, seen: Iterable[Observation]) -> list[Observation]:
    """Return these runs without readings stamped in the future, as by a clock set back."""
    return [known for known in (run.as_of(now) for run in seen) if known is not None]


def _first_seen(reader: Reader, reading: Reading) -> datetime | None:
    """Return since when only this value was read; ``None`` when the newest reading differs."""
    known = _until(reading.read_at, reader.readings.newest_observations(LOOK_BACK))
    readable = (seen for seen in known if seen.value is not None)
    return min(
        (seen.since for seen in takewhile(lambda seen: seen.value is reading.value, readable)), default=None
    )


def _confirmed(baseline: Baseline, reading: Reading, first_seen: datetime | None) -> bool:
    """Tell whether an unexpected value was seen before, and not just now at one controller."""
    if baseline.value is reading.value or first_seen is None:
        return False
    return not timedelta(0) <= reading.read_at - first_seen < CONFIRM_AFTER


def _still_approved(entry: Entry, reading: Reading) -> ChangeRequest | None:
    """Return the last approved change if its value is back before its window has ended."""
    newest = entry.reader.windows.newest_made()
    if reading.value is not SettingValue.OPTED_IN or newest is None or newest.to_value is not reading.value:
        return None
    end = entry.reader.holding.approved_end(newest)
    return newest if end is not None and entry.now < end else None


def _tell_correction(
    entry: Entry, late: ChangeRequest, *, end: datetime | None = None, again: int | None = None
) -> None:
    """Tell of the correction in the channel, to the requester, and on the request's message."""
    told = Correction(request=late.id, value=late.to_value, end=end, again=again)
    enqueue_announcement(entry, f"correction:{late.id}", told)
    later = f" A later opt-out holds, so the bot opts out again (#{again})." if again else ""
    heard = [late.requester_id, *approvers(entry.reader.decisions([late.id]))]
    for person in dict.fromkeys(person for person in heard if person):
        text = (
            f"Correction to #{late.id}: it was given up as failed, but the live value is "
            f"*{late.to_value.value}* now.{later}"
        )
        own = "" if person == late.requester_id else f":{person}"
        enqueue_word(entry, f"correction:{late.id}{own}", person, text, late.id)
    shown = (
        f"Corrected: it was given up as failed, but the live value was read as *{late.to_value.value}* "
        "since: it arrived late, or somebody made the same change by hand."
    )
    holds = " Its window holds: at its end the bot opts out." if end else ""
    enqueue_card(entry, entry.say(late, detail=shown + holds + later))


def _make_stale(entry: Entry, reading: Reading) -> None:
    """End requests whose starting value has gone; approved ones are judged before sending."""
    for request in entry.reader.in_states({State.PENDING}, kinds=WISHES):
        if (
            request.from_value is None
            or request.from_value is reading.value
            or reading.read_at <= request.created_at
        ):
            continue
        detail = (
            f"The live value is *{reading.value.value}* now, but this was asked for while it was "
            f"*{request.from_value.value}*. Nothing was sent. {what_is_needed(reading.value)}"
        )
        enqueue_change(entry, entry.move(request, State.STALE, actor=BOT, detail=detail))


def _first(reading: Reading) -> Baseline:
    return Baseline(value=reading.value, since=reading.read_at, request_id=None, window_end=None)
