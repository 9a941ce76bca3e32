"""Votes that the record does not know: they decide nothing."""

from typing import Any

from handlers.changes.record_disagreements import Subject
from storage.lifecycle import State
from tests.handlers.attacks import tamper
from tests.handlers.changes.test_record_disagreements import alarms, vote_for, written
from tests.handlers.driver import ALICE, BOB, CAROL, RULE, TWO, House


def test_a_vote_and_a_state_from_nowhere_make_nothing(both: House) -> None:
    number = both.ask(ALICE).id
    vote_for(both, number, BOB)
    with both.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE change_requests SET state = 'approved' WHERE id = {number}")
    both.run()
    assert (written(both), both.request(number).state) == ([], State.STALE)
    assert len(alarms(both, Subject.STOPPED)) == 1
    assert both.ask(ALICE).id > number, "a new one can be asked for"


def test_a_vote_from_nowhere_does_not_help_a_true_one_over_the_threshold(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    vote_for(house, number, CAROL)
    house.approve(BOB, number)
    assert house.request(number).state is State.APPROVED
    house.run()
    assert (written(house), house.request(number).state) == ([], State.STALE)


def test_a_vote_that_was_taken_back_is_not_brought_back(house: House) -> None:
    number = house.ask(ALICE).id
    house.react(BOB, number)
    house.clock.advance(seconds=1)
    house.start(TWO)
    house.start(RULE)  # the bot took it back
    vote_for(house, number, BOB)
    with house.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE change_requests SET state = 'approved' WHERE id = {number}")
    house.run()
    assert written(house) == []


def test_a_vote_that_is_gone_again_when_it_matters_made_nothing(house: House) -> None:
    """Planted before it is judged, removed before the last moment: rows and events agree then, and still
    nothing is sent."""
    number = house.ask(ALICE).id
    tamper(house.database, f"UPDATE change_requests SET state = 'approved' WHERE id = {number}")
    vote_for(house, number, BOB)
    person = house.workspace.person

    def meanwhile(user_id: str) -> Any:
        if house.votes(number):
            tamper(house.database, f"DELETE FROM decisions WHERE request_id = {number}")
        return person(user_id)

    house.workspace.person = meanwhile  # type: ignore[method-assign]
    house.run()
    assert (written(house), house.request(number).state is State.APPLYING) == ([], False)
