"""A value that cannot be read: no value, no drift, and one word about the outage."""

from tests.handlers.changes.test_drift import NOT_SET, announced, look
from tests.handlers.driver import ALICE, House
from tests.handlers.fakes import UNREADABLE
from tests.sentences import says


def test_a_failed_reading_is_no_value_and_no_drift(house: House) -> None:
    look(house)
    house.tenant.unreadable = UNREADABLE
    look(house)
    observation = house.observation()
    assert observation is not None
    assert observation.value is None
    assert says("could_not_be_reached") in (observation.problem or "")
    assert house.requests() == []
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.value is NOT_SET


def test_the_third_failure_in_a_row_is_told_once_and_so_is_the_recovery(both: House) -> None:
    look(both)
    both.tenant.unreadable = UNREADABLE
    told = []
    for _ in range(6):
        look(both)
        told.append(len(announced(both)))
    assert told == [0, 0, 1, 1, 1, 1]
    both.tenant.unreadable = None
    look(both)
    look(both)
    assert announced(both) == ["unreadable", "readable"]


def test_two_failures_are_no_news_and_neither_is_their_end(house: House) -> None:
    for _ in range(3):
        house.tenant.unreadable = UNREADABLE
        look(house)
        look(house)
        house.tenant.unreadable = None
        look(house)
    assert announced(house) == []


def test_every_outage_is_told(house: House) -> None:
    for _ in range(2):
        house.tenant.unreadable = UNREADABLE
        for _ in range(4):
            look(house)
        house.tenant.unreadable = None
        look(house)
    assert announced(house) == ["unreadable", "readable"] * 2


def test_the_recovery_is_told_even_when_somebody_s_request_was_the_first_to_read_again(house: House) -> None:
    house.tenant.unreadable = UNREADABLE
    for _ in range(4):
        look(house)
    house.tenant.unreadable = None
    house.ask(ALICE)
    look(house)
    assert announced(house) == ["unreadable", "readable"]
