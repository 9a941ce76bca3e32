"""How people write a period, and what is refused."""

from datetime import date

import pytest

from handlers.policy.periods import WrongPeriod, period_of, spelled_period

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-01-01..2026-03-31", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-11-30..2026-11-30", TODAY, TODAY),
    ],
)
def test_a_quarter_a_month_and_two_days_are_periods(text: str, first: date, last: date) -> None:
    period = spelled_period(text, TODAY)
    assert (period.first, period.last) == (first, last)
    assert (period.ends - period.begins).days == (last - first).days + 1


@pytest.mark.parametrize(
    "text",
    [
        "", "2026", "2026-Q5", "2026-13", "Q4", "2026-1", "2026-02-30..2026-03-01", "2026-03-31..2026-01-01",
        "2026-12", "2027-Q1", "2026-01-01...2026-03-31", "0000-Q1", "2026-Q4 ", "last quarter", "٢٠٢٦-11",
        "9999-Q4",
    ],
)  # fmt: skip
def test_everything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(WrongPeriod) as refused:
        spelled_period(text, TODAY)
    assert str(refused.value).endswith(".")


def test_a_period_that_is_not_over_is_one() -> None:
    assert period_of(TODAY, date(2027, 1, 1), TODAY).last == date(2027, 1, 1)


@pytest.mark.parametrize("far", [date.min, date(1999, 12, 31), date(9001, 1, 1), date.max])
def test_a_day_beyond_the_calendar_of_records_is_named(far: date) -> None:
    days = (far, TODAY) if far < TODAY else (TODAY, far)
    with pytest.raises(
        WrongPeriod, match=f"{far} is too far away: choose days from 2000-01-01 to 9000-12-31"
    ):
        period_of(*days, TODAY)
