"""Sending what is owed: at least once, one message per request, the newest drawing wins, and nothing is held
up by what fails."""

import itertools
from datetime import timedelta

import pytest

from handlers.delivery.deliver import Delivery
from handlers.ports import Place, Unavailable
from storage.lifecycle import Kind, State
from storage.messages.records import Card
from storage.records import Door
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, TWO, House
from tests.handlers.fakes import LATE
from tests.sentences import says

DOWN = Unavailable("Slack could not be reached.")
GONE = Unavailable("Slack does not know this person.", retryable=False)
REVOKED = Unavailable("The bot's token was revoked.", mend="Reinstall the app.", retryable=False)


def posts(house: House) -> set[Place]:
    return {place for place, _ in house.board.cards}


def test_a_request_has_one_message_that_is_drawn_again(both: House) -> None:
    both.start(TWO)
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.approve(CAROL, number)
    both.work()
    assert len(posts(both)) == 1
    assert both.board.cards[-1][1].request.state is State.APPLIED
    with both.ledger.reading() as reader:
        assert [card.drawn_version for card in reader.messages.cards(number)] == [
            both.request(number).version
        ]


def test_several_changes_before_the_first_post_are_one_message(house: House) -> None:
    number = house.ask(ALICE).id
    house.press("withdraw", ALICE, number, ts="")
    house.deliver()
    assert len(posts(house)) == 1
    assert house.board.cards[-1][1].request.state is State.WITHDRAWN


def test_drawings_only_ever_get_newer(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.press("take_back", BOB, number)
    house.approve(CAROL, number, Door.REACTION)
    house.deliver()
    versions = [view.request.version for _, view in house.board.cards]
    assert versions == sorted(versions)


def test_a_late_drawing_loses(house: House) -> None:
    number = house.ask(ALICE).id
    place = Place(CHANNEL, house.card_ts(number))
    newest = house.request(number).version
    house.outbox.keep_card(Card(number, place.channel, place.ts, newest - 1))
    with house.ledger.reading() as reader:
        assert [card.drawn_version for card in reader.messages.cards(number)] == [newest]


def test_a_drawing_that_is_already_shown_is_not_sent(house: House) -> None:
    number = house.ask(ALICE).id
    house.deliver()
    drawn = len(house.board.cards)
    with house.ledger.recording(house.clock.at) as entry:
        entry.outbox.owe("card", "card:again", request_id=number)
    house.deliver()
    assert len(house.board.cards) == drawn


def test_whichever_copy_is_touched_is_drawn_again(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.approve(BOB, number)
    house.press("approve", BOB, number, ts="1763899200.777777")
    house.deliver()
    place, view = house.board.cards[-1]
    assert (place.ts, view.request.version) == ("1763899200.777777", house.request(number).version)
    house.approve(CAROL, number)
    house.deliver()
    assert {place.ts for place, view in house.board.cards if view.request.state is State.APPROVED} == {
        "1763899200.777777",
        house.card_ts(number),
    }


def test_a_post_that_failed_is_tried_again_later_and_later(house: House) -> None:
    house.ask(ALICE)
    house.board.fail("draw", *[DOWN] * 9)
    tried: list[float] = []
    began = house.clock.at
    for _ in range(300):
        left = len(house.board.trouble["draw"])
        house.deliver()
        if len(house.board.trouble["draw"]) < left:
            tried.append((house.clock.at - began).total_seconds())
        house.clock.advance(seconds=1)
    pauses = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    house.clock.advance(seconds=60)
    house.deliver()
    assert len(posts(house)) == 1


def test_slack_is_left_alone_for_as_long_as_it_asked(house: House) -> None:
    house.ask(ALICE)
    house.board.fail("draw", Unavailable("Slack asks the bot to slow down.", retry_after=30))
    house.deliver()
    house.clock.advance(seconds=29)
    house.deliver()
    assert posts(house) == set()
    house.clock.advance(seconds=1)
    house.deliver()
    assert len(posts(house)) == 1


def test_after_days_of_failures_a_message_is_still_owed_and_holds_nothing_else_up(house: House) -> None:
    number = house.ask(ALICE).id
    house.deliver_after(tries=100_000)
    house.start(TWO)
    house.board.fail("draw", GONE)
    house.delivery.send_public()
    house.clock.advance(seconds=61)
    house.deliver()
    assert [facts["what"] for facts in house.board.announced] == ["rule"]
    assert house.board.cards[-1][1].request.id == number


def test_the_requester_hears_once_that_the_card_could_not_be_posted(house: House) -> None:
    number = house.ask(ALICE).id
    house.board.fail(
        "draw", *[Unavailable("The channel is archived.", mend="Unarchive it.", retryable=False)] * 5
    )
    for _ in range(5):
        house.deliver()
        house.clock.advance(minutes=1)
    told = [
        said.text for said in house.board.said if said.person == ALICE and "could not be posted" in said.text
    ]
    assert len(told) == 1
    assert says("is_on_record", number=number) in told[0]
    assert says("unarchive_it") in told[0]
    assert house.request(number).state is State.PENDING


def test_nobody_hears_that_the_card_could_not_be_posted_once_it_has_been(house: House) -> None:
    number = house.ask(ALICE).id
    house.board.fail("draw", Unavailable("The channel is archived.", mend="Unarchive it.", retryable=False))
    house.delivery.send_public()
    house.clock.advance(minutes=1)
    house.delivery.send_public()
    house.deliver()
    assert [view.request.id for _, view in house.board.cards] == [number]
    assert not [said.text for said in house.board.said if says("could_not_be_posted") in said.text]


def test_an_answer_to_nobody_is_given_up_at_once_and_others_are_not_held_up(house: House) -> None:
    house.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    house.submit("opt_out", "U0DAVE", CHANNEL, reason="")
    house.board.fail("answer", GONE)
    house.deliver()
    assert [said.person for said in house.board.said] == ["U0DAVE"]
    house.clock.advance(days=1)
    house.deliver()
    assert len(house.board.said) == 1


@pytest.mark.parametrize("trouble", [DOWN, REVOKED])
@pytest.mark.parametrize(("hours", "told"), [(23, True), (25, False)])
def test_an_answer_stays_owed_for_a_day_while_it_may_still_get_through(
    house: House, trouble: Unavailable, hours: int, told: bool
) -> None:
    house.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    house.board.fail("answer", *[trouble] * hours)
    for _ in range(hours):
        house.deliver()
        house.clock.advance(hours=1)
    house.deliver()
    house.clock.advance(days=3)
    house.deliver()
    assert [said.person for said in house.board.said] == ["U0ERIN"] * told


def test_a_late_answer_comes_by_direct_message_because_nobody_looks_any_more(house: House) -> None:
    house.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    house.board.fail("answer", DOWN)
    house.deliver()
    house.clock.advance(minutes=6)
    house.deliver()
    assert [(said.person, said.channel) for said in house.board.said] == [("U0ERIN", None)]


def test_the_result_for_somebody_who_left_is_given_up_and_one_for_a_revoked_token_is_not(
    house: House,
) -> None:
    approved(house)
    house.board.fail("outcome", REVOKED, GONE)
    house.work()
    house.clock.advance(minutes=1)
    house.deliver()
    house.clock.advance(days=1)
    house.deliver()
    assert [person for person, _ in house.board.outcomes if person == ALICE] == []
    assert not house.board.trouble["outcome"]


def test_a_channel_that_slack_wants_left_alone_holds_up_no_other(house: House) -> None:
    house.ask(ALICE)
    house.start(TWO)
    house.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    house.board.fail("draw", Unavailable("Slack asks the bot to slow down.", retry_after=30))
    house.deliver()
    assert (house.board.announced, posts(house)) == ([], set())
    assert [said.person for said in house.board.said] == ["U0ALICE", "U0ERIN"]
    assert [row.tries for row in house.owed("channel")] == [0]
    house.clock.advance(seconds=29)
    house.deliver()
    assert house.board.announced == []
    house.clock.advance(seconds=1)
    house.deliver()
    assert ([facts["what"] for facts in house.board.announced], len(posts(house))) == (["rule"], 1)


def test_one_person_s_slow_direct_messages_hold_up_nobody_else_s(house: House) -> None:
    for person in ("U0ERIN", "U0DAVE", "U0ERIN"):
        house.submit("opt_out", person, "", reason="")
    house.board.fail("answer", Unavailable("Slack asks the bot to slow down.", retry_after=30))
    house.deliver()
    assert [said.person for said in house.board.said] == ["U0DAVE"]
    house.clock.advance(seconds=30)
    house.deliver()
    assert [said.person for said in house.board.said] == ["U0DAVE", "U0ERIN", "U0ERIN"]


def test_whoever_was_kept_waiting_leaves_what_another_took_over(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.delivery.deliver.SURE_FOR", 0.0)
    for person in ("U0ERIN", "U0DAVE"):
        both.submit("opt_out", person, CHANNEL, reason="")
    real, other = both.board.answer, Delivery(both.context, both.outbox, both.board)

    def slow(*args: object, **kwargs: object) -> None:
        monkeypatch.setattr(both.board, "answer", real)
        both.free_notices()
        other.send_private()
        real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(both.board, "answer", slow)
    both.deliver()
    assert sorted(said.person for said in both.board.said) == ["U0DAVE", "U0ERIN", "U0ERIN"]


def test_what_a_frozen_sender_learnt_undoes_nothing_that_another_did_meanwhile(both: House) -> None:
    both.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    (stale,) = both.outbox.claim(both.clock.at, kinds=["answer"])
    both.free_notices()
    both.deliver()
    both.outbox.postponed(stale, due_at=both.clock.at, problem="timed out")
    both.outbox.abandoned(stale, now=both.clock.at, problem="timed out")
    assert both.outbox.renew(stale, both.context.now()) is None
    both.deliver()
    assert [said.person for said in both.board.said] == ["U0ERIN"]
    assert [row.problem for row in both.owed("answer")] == [None]


# The message itself: deleted, barred, in another channel


def test_one_copy_that_cannot_be_drawn_holds_up_none_of_the_others(house: House) -> None:
    number = house.ask(ALICE).id
    ts = house.card_ts(number)
    for place in (Place("C0ARCHIVE", "1.1"), Place("C0OLD", "2.2")):
        house.outbox.keep_card(Card(number, place.channel, place.ts, 0))
    house.board.barred = {
        "C0ARCHIVE": Unavailable("The channel is archived.", mend="Unarchive it.", retryable=False)
    }
    house.press("withdraw", ALICE, number, ts=ts)
    house.deliver()
    shown = {place.channel: view.request.state for place, view in house.board.cards}
    assert shown == {CHANNEL: State.WITHDRAWN, "C0OLD": State.WITHDRAWN}
    assert [row.key for row in house.owed("card") if row.delivered_at is None] == []


def test_a_message_that_cannot_be_drawn_does_not_hold_up_the_next(house: House) -> None:
    house.ask(ALICE)
    house.start(TWO)
    house.board.fail("draw", KeyError("facts"))  # type: ignore[arg-type]
    house.deliver()
    assert [facts["what"] for facts in house.board.announced] == ["rule"]
    house.clock.advance(minutes=1)
    house.deliver()
    assert len(posts(house)) == 1


def test_an_outcome_that_was_overtaken_is_not_told(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(LATE)
    house.run()
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.run()
    house.deliver()
    assert [view.request.state for person, view in house.board.outcomes if person == ALICE] == [State.APPLIED]
    assert house.request(number).state is State.APPLIED


@pytest.mark.parametrize("trouble", [DOWN, Unavailable("The message was deleted.", retryable=False)])
def test_an_earlier_word_that_cannot_be_retired_is_no_reason_to_say_the_newer_one_twice(
    house: House, trouble: Unavailable
) -> None:
    approved(house)
    house.tenant.outcomes.append(LATE)
    house.work()
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.board.fail("retire", *[trouble] * 3)
    for _ in range(10):
        house.work()
        house.clock.advance(minutes=2)
    assert [view.request.state for person, view in house.board.outcomes if person == ALICE] == [
        State.UNCERTAIN,
        State.APPLIED,
    ]


def test_two_senders_never_send_the_same_notice_at_once(house: House) -> None:
    house.submit("opt_out", "U0ERIN", CHANNEL, reason="")
    first = house.outbox.claim(house.clock.at, kinds=["answer"])
    second = house.outbox.claim(house.clock.at, kinds=["answer"])
    assert (len(first), len(second)) == (1, 0)


def test_nothing_is_sent_twice_by_a_restart(house: House) -> None:
    house.ask(ALICE)
    house.deliver()
    shown = len(house.board.cards), len(house.board.said)
    house.start(house.context.rule)
    house.clock.advance(days=1)
    house.deliver()
    assert (len(house.board.cards), len(house.board.said)) == shown


def test_a_rejection_s_reason_is_told_to_the_requester_after_the_rejection(house: House) -> None:
    number = house.ask(ALICE).id
    house.reject(BOB, number)
    house.deliver()
    house.clock.advance(seconds=5)
    house.submit("rejection", BOB, str(number), reason="Too long")
    house.deliver()
    assert [view.reason_given for _, view in house.board.outcomes] == [None, "Too long"]
    assert len(house.board.retired) == 1


def test_what_is_due_later_waits(house: House) -> None:
    with house.ledger.recording(house.clock.at) as entry:
        entry.outbox.owe(
            "channel", "later", facts={"what": "readable"}, due_at=house.clock.at + timedelta(minutes=1)
        )
    house.deliver()
    assert house.board.announced == []
    house.clock.advance(minutes=1)
    house.deliver()
    assert len(house.board.announced) == 1


def test_a_clock_that_is_set_back_holds_up_neither_what_was_owed_before_nor_what_slack_made_wait(
    house: House,
) -> None:
    house.ask(ALICE)
    house.board.fail("draw", Unavailable("Slack wants to be left alone.", retry_after=30))
    house.clock.advance(hours=-1)
    house.deliver()
    assert house.board.said
    house.clock.advance(hours=-2)
    house.opt_out(BOB)
    house.deliver()
    assert Kind.OPT_OUT in [view.request.kind for _, view in house.board.cards]
