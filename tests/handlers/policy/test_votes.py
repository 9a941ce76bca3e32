"""Votes as Slack tells of them: twice, late, in the wrong order, taken back; each act is answered, nothing is
counted twice."""

from datetime import timedelta

import pytest

from handlers.changes.authorise import ENOUGH_STAND
from storage.inbox import Inbox
from storage.ledger import BOT
from storage.lifecycle import State
from storage.records import Door
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, DAVE, ERIN, MAIL, TENANT, TWO, House
from tests.handlers.fakes import member
from tests.sentences import says


@pytest.fixture
def pending(house: House) -> int:
    """A request that needs two approvals."""
    house.start(TWO)
    number = house.ask(ALICE).id
    house.card_ts(number)
    return number


def counted(house: House, number: int) -> set[str]:
    """Whose approvals stand, as the card shows them."""
    house.deliver()
    return set(house.board.cards[-1][1].tally.approved_by)


def test_the_same_click_delivered_again_is_one_vote_and_one_answer(house: House, pending: int) -> None:
    at = house.clock.at
    for _ in range(4):
        house.approve(BOB, pending, at=at)
    assert len(house.votes(pending)) == 1
    assert len(house.answers(BOB)) == 1


def test_the_same_event_delivered_again_is_one_vote_and_one_answer(house: House, pending: int) -> None:
    for _ in range(4):
        house.react(BOB, pending, event_id="Ev1", at=house.clock.at)
    assert len(house.votes(pending)) == 1
    assert len(house.answers(BOB)) == 1


def test_a_second_click_is_answered_and_not_counted_again(house: House, pending: int) -> None:
    house.approve(BOB, pending)
    house.approve(BOB, pending)
    assert len(house.votes(pending)) == 1
    assert says("already_counts") in house.answer(BOB)
    assert [event.actor for event in house.events("refused")] == [BOB]


@pytest.mark.parametrize(("first", "silent"), [(BOB, BOB), (DAVE, MAIL)], ids=["a person", "a group"])
def test_somebody_who_cannot_be_looked_up_holds_up_nobody_else_s_vote(
    both: House, first: str, silent: str
) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.approve(first, number)
    both.workspace.silent.add(silent)
    both.approve(CAROL, number)
    assert [vote.person_id for vote in both.votes(number)] == [first, CAROL]
    assert both.request(number).state is State.PENDING
    unchecked = f"@{first} could not be looked up just now, so their approval does not count yet."
    assert says("is_counted_1_more_approval_is_needed", unchecked=unchecked) in both.answer(CAROL)
    assert both.request(number).detail.startswith(unchecked)


def test_enough_others_complete_it_and_who_could_not_be_looked_up_is_not_named_as_an_approver(
    house: House,
) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(DAVE, number)
    house.workspace.silent.add(MAIL)
    house.approve(CAROL, number)
    house.approve(BOB, number)
    assert house.request(number).detail == says("approved_by_and", person=CAROL, person2=BOB)
    assert counted(house, number) == {CAROL, BOB}
    house.run()
    assert house.request(number).state is State.APPLIED


def test_whoever_could_not_be_looked_up_counts_again_when_somebody_presses_again(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.workspace.silent.add(BOB)
    for _ in range(2):
        both.approve(CAROL, number)
        assert says("u0bob_could_not_be_looked_up_just") in both.answer(CAROL)
    both.workspace.silent.clear()
    both.approve(CAROL, number)
    assert both.answer(CAROL) == says(
        "your_approval_already_counts_for", number=number, enough_stand=ENOUGH_STAND
    )
    assert both.request(number).detail == says("approved_by_and", person=BOB, person2=CAROL)
    assert both.events("moved")[-1].actor == BOT


def test_a_late_reaction_that_was_taken_back_casts_nothing_when_enough_others_count_again(
    house: House, pending: int
) -> None:
    house.approve(BOB, pending)
    house.workspace.silent.add(BOB)
    house.approve(CAROL, pending)
    house.workspace.silent.clear()
    early = house.clock.at
    house.react(DAVE, pending, at=early + timedelta(seconds=2), removed=True)
    house.react(DAVE, pending, at=early + timedelta(seconds=1))
    assert house.request(pending).detail == says("approved_by_and", person=BOB, person2=CAROL)
    assert house.answer(DAVE) == says(
        "this_vote_was_taken_back_later_so_it_is", number=pending, enough_stand=ENOUGH_STAND
    )


def test_an_approver_too_many_who_left_before_the_change_is_made_is_not_named_as_one(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.workspace.silent.add(BOB)
    house.approve(CAROL, number)
    house.workspace.silent.clear()
    house.approve(DAVE, number)
    assert counted(house, number) == {BOB, CAROL, DAVE}
    house.workspace.change(BOB, deleted=True)
    for _ in range(2):
        house.run()
    assert house.request(number).state is State.APPLIED
    assert counted(house, number) == {CAROL, DAVE}


def test_a_late_reaction_that_was_taken_back_casts_nothing_and_brings_no_lost_vote_back(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.approve(BOB, number)
    house.approve(CAROL, number)
    house.workspace.change(CAROL, is_guest=True)
    house.run()
    assert house.request(number).state is State.PENDING
    house.workspace.people[CAROL] = member(CAROL)
    early = house.clock.at
    house.react(DAVE, number, at=early + timedelta(seconds=2), removed=True)
    house.react(DAVE, number, at=early + timedelta(seconds=1))
    assert house.request(number).state is State.PENDING
    assert counted(house, number) == {BOB}
    assert house.answer(DAVE) == says("this_vote_was_taken_back_later_so", number=number)


def test_a_vote_kept_before_a_crash_is_counted_after_it(house: House, pending: int) -> None:
    house.hands.dying = True
    house.approve(BOB, pending)
    house.approve(CAROL, pending, Door.REACTION)
    house.hands.dying = False
    house.start(TWO)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 2
    assert house.request(pending).state is State.APPROVED
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0


def test_a_leftover_that_no_listener_wrote_is_set_aside_and_holds_no_vote_up(
    house: House, pending: int
) -> None:
    said = {"person": ALICE, "door": "button", "at": house.clock.at.isoformat()}
    Inbox(house.database, TENANT).put("key", "nonsense", said, now=house.clock.at, patience=1)
    house.hands.dying = True
    house.approve(BOB, pending)
    house.approve(CAROL, pending)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 3
    assert house.request(pending).state is State.APPROVED
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0


def test_votes_that_come_and_go_without_a_pause_keep_nobody_from_deciding(both: House) -> None:
    both.start(TWO)
    number, ask = both.ask(ALICE).id, both.workspace._ask
    both.card_ts(number)

    def restless(who: str) -> None:
        """Whenever Bob is looked up, Carol votes and takes it back in that very moment."""
        ask(who)
        if who == BOB:
            both.react(CAROL, number)
            both.react(CAROL, number, removed=True)

    both.workspace._ask = restless  # type: ignore[method-assign]
    both.approve(BOB, number)
    assert counted(both, number) == {BOB}
    assert len(both.votes(number)) == 3, "and it was judged once"
    both.workspace._ask = ask  # type: ignore[method-assign]
    both.approve(DAVE, number)
    assert both.request(number).state is State.APPROVED


def test_an_approval_that_came_while_people_were_looked_up_is_looked_up_as_well(both: House) -> None:
    both.start(TWO)
    number, ask = both.ask(ALICE).id, both.workspace._ask
    both.card_ts(number)

    def meanwhile(who: str) -> None:
        both.workspace._ask = ask  # type: ignore[method-assign]
        ask(who)
        both.approve(CAROL, number)

    both.workspace._ask = meanwhile  # type: ignore[method-assign]
    both.approve(BOB, number)
    assert both.request(number).state is State.APPROVED
    assert counted(both, number) == {BOB, CAROL}


def test_the_requester_s_reactions_that_come_and_go_leave_no_vote_and_draw_nothing(
    house: House, pending: int
) -> None:
    house.approve(ALICE, pending, Door.REACTION)
    house.deliver()
    drawn, version = len(house.board.cards), house.request(pending).version
    house.workspace.asked.clear()
    for _ in range(5):
        house.react(ALICE, pending, removed=True)
        house.react(ALICE, pending)
    house.deliver()
    assert (house.votes(pending), house.request(pending).version, len(house.board.cards)) == (
        [],
        version,
        drawn,
    )
    assert house.workspace.asked == [], "nor is anybody looked up for it"


def test_a_message_that_many_touch_before_it_is_drawn_is_drawn_once_for_all(
    house: House, pending: int
) -> None:
    ts, drawn = house.card_ts(pending), len(house.board.cards)
    for person in (ALICE, ERIN, *(f"U0OTHER{number}" for number in range(20))):
        house.press("approve", person, pending, ts=ts)
    house.deliver()
    assert len(house.board.cards) == drawn + 1


@pytest.mark.parametrize("emoji", ["eyes", "white_check_mark2", "WHITE_CHECK_MARK", "whіte_check_mark"])
def test_other_reactions_are_ignored(house: House, pending: int, emoji: str) -> None:
    house.react(BOB, pending, emoji)
    assert house.votes(pending) == []
    assert house.answers(BOB) == []


def test_a_reaction_on_another_message_is_ignored(house: House, pending: int) -> None:
    house.react(BOB, pending, ts="1763899200.123456", author="U0DAVE")
    assert house.votes(pending) == []
    assert house.answers(BOB) == []


def test_a_vote_raises_the_version_and_the_card_is_drawn_from_it(house: House, pending: int) -> None:
    before = house.request(pending).version
    house.approve(BOB, pending)
    house.deliver()
    assert house.request(pending).version > before
    assert house.board.cards[-1][1].request.version == house.request(pending).version


def test_a_rejection_asks_for_its_reason_and_keeps_it_once(house: House, pending: int) -> None:
    house.reject(BOB, pending)
    assert house.windows.opened[-1]["callback_id"] == "rejection"
    house.submit("rejection", BOB, str(pending), reason="Too long a window")
    house.submit("rejection", BOB, str(pending), reason="Another reason")
    assert house.answers(BOB)[1:] == [
        says("thank_you_your_reason_for_rejecting_is", number=pending),
        says("a_reason_for_rejecting_is_on_record", number=pending),
    ]
    assert house.board.outcomes[-1][1].reason_given == "Too long a window"


def test_the_form_of_a_reason_opens_for_the_rejecter_once(house: House, pending: int) -> None:
    house.reject(BOB, pending, Door.REACTION)
    house.press("give_reason", CAROL, pending)
    assert house.windows.opened == []
    house.press("give_reason", BOB, pending)
    house.submit("rejection", BOB, str(pending), reason="Too long a window")
    house.press("give_reason", BOB, pending)
    assert len(house.windows.opened) == 1
    assert [said["text"] for said in house.windows.said] == [
        says("only_the_person_who_rejected_can_say", number=pending),
        says("a_reason_for_rejecting_is_on_record", number=pending),
    ]
    assert [event.payload["what"] for event in house.events("refused")] == ["reason", "reason"]


def test_a_rejection_by_reaction_asks_for_its_reason_by_direct_message(house: House, pending: int) -> None:
    house.reject(BOB, pending, Door.REACTION)
    house.deliver()
    said = house.board.said[-1]
    assert (said.person, said.channel, said.reason_for) == (BOB, None, pending)


@pytest.mark.parametrize("person", [ALICE, CAROL, ERIN])
def test_only_who_rejected_says_why(house: House, pending: int, person: str) -> None:
    house.reject(BOB, pending)
    house.submit("rejection", person, str(pending), reason="I say")
    assert says("only_the_person_who_rejected") in house.answer(person)
    with house.ledger.reading() as reader:
        assert reader.reason_given(pending) is None


@pytest.mark.parametrize("reason", ["", "  ", "a\x00b", "\ud800", "x" * 3001])
def test_a_reason_that_cannot_be_kept_is_told_and_the_rejection_stands(
    house: House, pending: int, reason: str
) -> None:
    house.reject(BOB, pending)
    said = house.submit("rejection", BOB, str(pending), reason=reason)
    assert list(said["errors"]) == ["reason"]
    assert house.request(pending).state is State.REJECTED
    with house.ledger.reading() as reader:
        assert reader.reason_given(pending) is None


def test_the_answer_to_a_click_is_ephemeral_and_to_a_reaction_a_direct_message(
    house: House, pending: int
) -> None:
    house.approve(BOB, pending)
    house.press("take_back", BOB, pending)
    house.react(CAROL, pending)
    house.react(CAROL, pending, removed=True)
    house.deliver()
    places = [(said.person, said.channel) for said in house.board.said if said.person != ALICE]
    assert places == [(BOB, CHANNEL), (BOB, CHANNEL), (CAROL, None), (CAROL, None)]


def test_a_vote_that_was_taken_back_before_the_last_one_came_is_undone_although_its_removal_arrives_later(
    both: House,
) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.card_ts(number)
    began = both.clock.at
    both.react(BOB, number, at=began + timedelta(seconds=1))
    both.clock.advance(seconds=5)
    both.react(CAROL, number, at=began + timedelta(seconds=4))
    assert both.request(number).state is State.APPROVED
    both.react(BOB, number, removed=True, at=began + timedelta(seconds=2))
    assert both.request(number).state is State.PENDING
    assert says("never_stood_together") in both.request(number).detail
    both.run()
    assert both.tenant.writes == []
    both.approve(DAVE, number)
    both.run()
    assert both.request(number).state is State.APPLIED


def test_a_vote_that_stood_beside_the_last_one_is_not_undone_by_a_later_removal(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.card_ts(number)
    began = both.clock.at
    both.react(BOB, number, at=began + timedelta(seconds=1))
    both.clock.advance(seconds=5)
    both.react(CAROL, number, at=began + timedelta(seconds=2))
    both.react(BOB, number, removed=True, at=began + timedelta(seconds=3))
    assert both.request(number).state is State.APPROVED
