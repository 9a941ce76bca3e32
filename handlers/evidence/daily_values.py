"""Keep each day's value: the setting at the day's end, and how long nobody could read it.

Readings are pruned; the event that closes a day stays, and is the head of the record that is stamped for that
day.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from handlers.evidence.recorded_facts import known_facts
from storage.ledger import BOT, Ledger
from storage.record.evidence_queries import began_at
from storage.records import Observation

AT_ONCE = 31
"""Days that are closed in one go, after the bot was away for long."""

DAY = timedelta(days=1)


class Days:
    """Closes the days of one tenant's record."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._next: date | None = None
        """A day before which all are closed, once one is known: another replica may have closed more."""

    def close(self, now: datetime) -> int:
        """Record every day that is over and is not on record yet; returns how many.

        Raises ``Unreachable``.
        """
        today = now.astimezone(UTC).date()
        if self._next is not None and self._next >= today:
            return 0
        first = self._next = self._first_open()
        if first is None:
            return 0
        over = [first + number * DAY for number in range(AT_ONCE) if first + (number + 1) * DAY <= today]
        for day in over:
            said = self.said(day, now)
            with self._ledger.recording(now) as entry:
                entry.record("day", BOT, {**said, "over": True})
            self._next = day + DAY
        return len(over)

    def said(self, day: date, now: datetime) -> dict[str, object]:
        """Return what is on record of one day's readings, as far as it has come. Raises ``Unreachable``."""
        begins, ends = _begin(day), min(_begin(day) + DAY, now)
        began = began_at(self._ledger.database, self._ledger.tenant_id)
        margin = self._ledger.unbroken
        with self._ledger.reading() as reader:
            runs = [
                seen
                for seen in reader.readings.observed_between(begins - margin, ends + margin)
                if seen.value is not None
            ]
        seen = [run for run in runs if run.since < ends and run.at >= begins]
        unobserved = unobserved_in(runs, max(begins, began or begins), ends, margin)
        value = seen[-1].value if seen else None
        minutes = int(unobserved.total_seconds() // 60)
        return {
            "day": day.isoformat(),
            "value": value.value if value else None,
            "minutes_unobserved": minutes,
        }

    def _first_open(self) -> date | None:
        """The day after the last one on record, else the one on which the record began."""
        closed = known_facts(self._ledger).day_heads
        if closed:
            return date.fromisoformat(max(closed)) + DAY
        began = began_at(self._ledger.database, self._ledger.tenant_id)
        return began.astimezone(UTC).date() if began is not None else None


def unobserved_in(
    runs: Iterable[Observation], begins: datetime, ends: datetime, unbroken: timedelta
) -> timedelta:
    """Return how long the value was unknown: gaps longer than ``unbroken``, and at either end."""
    known = sorted((run.since, run.at) for run in runs)
    gaps: Sequence[tuple[datetime, datetime]] = list(
        zip([begins, *(at for _, at in known)], [*(at for at, _ in known), ends], strict=True)
    )
    within = [(max(since, begins), min(until, ends)) for since, until in gaps if until - since > unbroken]
    return sum((until - since for since, until in within if until > since), timedelta())


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
