"""Windows whose rows disagree with the record: they end when the record says."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.changes.record_disagreements import Subject
from storage.lifecycle import Kind
from tests.handlers.attacks import tamper
from tests.handlers.changes.test_record_disagreements import (
    AT,
    FAR,
    IN,
    OUT,
    alarms,
    approved,
    opted_in,
    plant,
    watch,
    written,
)
from tests.handlers.driver import ALICE, House

ENDS = {"gone": "NULL", "far": f"'{FAR}'", "no time": "'soon'"}


@pytest.mark.parametrize("end", ENDS)
def test_a_window_ends_when_the_record_says(both: House, end: str) -> None:
    opted_in(both)
    ends = "'infinity'" if end == "no time" and not both.database.is_sqlite else ENDS[end]
    tamper(both.database, f"UPDATE baselines SET window_end = {ends}")
    assert "baselines" in str(watch(both))
    assert [told["end"] != "" for told in alarms(both, Subject.WINDOW)] == [True]
    asked = both.requests(Kind.OPT_IN)[0]
    assert asked.window_end is not None
    both.clock.at = asked.window_end - timedelta(seconds=1)
    both.work()
    assert written(both) == [IN]
    both.clock.at = asked.window_end
    both.work()
    assert written(both) == [IN, OUT]


@pytest.mark.parametrize("state", ["failed", "uncertain", "applying", "approved"])
def test_an_opt_out_from_nowhere_delays_no_end(house: House, state: str) -> None:
    number = opted_in(house)
    end = house.request(number).window_end
    assert end is not None
    house.clock.at = end
    plant(house, state, "opt_out", "opted out")
    at = f"{end:%Y-%m-%d %H:%M:%S.%f}"
    stamps = f"created_at = '{at}', sent_at = '{FAR}', settled_at = '{at}'"
    tamper(house.database, f"UPDATE change_requests SET {stamps} WHERE id > {number}")
    for _ in range(3):
        watch(house)
        house.work()
    assert written(house) == [IN, OUT]


def test_a_window_that_was_approved_is_the_one_that_holds_whatever_the_row_says_meanwhile(
    house: House,
) -> None:
    """Altered between the sending and the reading back."""
    house.observe()
    number = approved(house)
    end = house.request(number).window_end
    house.tenant.meanwhile = lambda: None
    write = house.tenant.write

    def then(value: bool, **named: Any) -> Any:
        answer = write(value, **named)
        tamper(house.database, f"UPDATE change_requests SET window_end = '{FAR}' WHERE id = {number}")
        return answer

    house.tenant.write = then  # type: ignore[method-assign]
    house.run()
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.window_end == end


def test_an_opt_out_whose_row_was_damaged_is_asked_for_once_more(house: House) -> None:
    opted_in(house)
    opt_out = house.opt_out(ALICE)
    tamper(house.database, f"UPDATE change_requests SET door = 'window' WHERE id = {opt_out.id}")
    watch(house)
    house.work()
    assert written(house) == [IN, OUT]


def test_an_opt_out_goes_on_though_its_row_was_altered(house: House) -> None:
    opted_in(house)
    opt_out = house.opt_out(ALICE)
    changed = f"reason = 'another', expires_at = '{AT}', from_value = 'opted out', retry_at = '{FAR}'"
    tamper(house.database, f"UPDATE change_requests SET {changed} WHERE id = {opt_out.id}")
    house.clock.advance(hours=2)
    watch(house)
    house.work()
    assert written(house) == [IN, OUT]
    assert [told["subject"] for told in alarms(house)] == [Subject.GOES_ON]
