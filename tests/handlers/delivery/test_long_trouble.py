"""While a channel takes nothing for long, everything that is owed has its turn, and what stands elsewhere is
told."""

from datetime import timedelta

import pytest

from handlers.outgoing.news import Unreadable
from handlers.outgoing.notices import enqueue_announcement
from handlers.ports import Unavailable
from tests.handlers.driver import ALICE, House
from tests.sentences import says

ARCHIVED = Unavailable("The channel is archived.", mend="Unarchive it.", retryable=False)
LIMITED = Unavailable("Slack asks the bot to slow down.", retry_after=30)


@pytest.mark.parametrize(("trouble", "pause"), [(ARCHIVED, 10), (LIMITED, 30)])
def test_a_requester_hears_that_nothing_can_be_posted_however_much_is_owed_before(
    house: House, trouble: Unavailable, pause: int
) -> None:
    for method in ("draw", "announce"):
        house.board.fail(method, *[trouble] * 1000)
    for number in range(8):
        with house.ledger.recording(house.clock.at) as entry:
            since = house.clock.at - timedelta(minutes=number)
            enqueue_announcement(entry, f"outage {number}", Unreadable(problem="No answer.", since=since))
    for _ in range(20):
        house.deliver()
        house.clock.advance(seconds=pause)
    house.ask(ALICE)
    for _ in range(40):
        house.deliver()
        house.clock.advance(seconds=pause)
    told = [said.text for said in house.board.said if said.person == ALICE]
    assert any(says("could_not_be_posted") in text for text in told)


@pytest.mark.parametrize("rounds", [6, 7, 8])
def test_what_came_last_is_told_last_once_messages_get_through(house: House, rounds: int) -> None:
    since = [house.clock.at - timedelta(minutes=number) for number in range(3)]
    for at in since:
        with house.ledger.recording(house.clock.at) as entry:
            enqueue_announcement(entry, f"outage {at}", Unreadable(problem="No answer.", since=at))
    house.board.fail("announce", *[ARCHIVED] * 1000)
    for _ in range(rounds):
        house.deliver()
        house.clock.advance(minutes=2)
    house.board.trouble.clear()
    house.deliver()
    told = [facts["since"] for facts in house.board.announced]
    assert (len(told), told[-1]) == (3, since[-1].isoformat())
