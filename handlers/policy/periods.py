"""Read the days that evidence and history are asked for, as people write them, or say what is wrong. Pure."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

HOW = "Write it as 2026-Q4, 2026-11 or 2026-01-01..2026-03-31."
EARLIEST, LATEST = date(2000, 1, 1), date(9000, 12, 31)
"""The days that a period can have: beyond them a day more or less is no day of the calendar."""


class WrongPeriod(ValueError):
    """These days are no period that there is evidence of; the text says why, and what to write."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first, time.min, UTC)

    @property
    def ends(self) -> datetime:
        """The first instant behind it."""
        return datetime.combine(self.last, time.min, UTC) + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


def period_of(first: date, last: date, today: date) -> Period:
    """Return the period of two days. Raises ``WrongPeriod``."""
    judge_days(first, last, today)
    for day in (first, last):
        if not EARLIEST <= day <= LATEST:
            raise WrongPeriod(f"{day} is too far away: choose days from {EARLIEST} to {LATEST}.")
    return Period(first, last)


def judge_days(first: date | None, last: date | None, today: date) -> None:
    """Refuse days of which nothing can be on record; ``None`` is no bound. Raises ``WrongPeriod``."""
    if first and last and last < first:
        raise WrongPeriod(f"The last day ({last}) lies before the first ({first}).")
    if first and first > today:
        raise WrongPeriod(f"{first} (UTC) has not begun yet: nothing is on record of days to come.")


def spelled_period(text: str, today: date) -> Period:
    """Return what somebody wrote: a quarter, a month, or two days. Raises ``WrongPeriod``."""
    quarter = re.fullmatch(r"([0-9]{4})-[qQ]([1-4])", text)
    month = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
    days = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})", text)
    try:
        if quarter:
            last = 3 * int(quarter[2])
            return period_of(date(int(quarter[1]), last - 2, 1), _end_of(int(quarter[1]), last), today)
        if month:
            return period_of(
                date(int(month[1]), int(month[2]), 1), _end_of(int(month[1]), int(month[2])), today
            )
        if days:
            return period_of(date.fromisoformat(days[1]), date.fromisoformat(days[2]), today)
    except WrongPeriod:
        raise
    except ValueError:  # the 31st of February, the year 0
        raise WrongPeriod(f"There is no such day. {HOW}") from None
    raise WrongPeriod(f"That is no period. {HOW}")


def _end_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
