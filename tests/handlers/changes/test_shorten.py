"""An earlier end takes one operator or approver, at once and on record; nothing that anybody does alone lengthens a window."""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.policy.days import end_of_day
from handlers.slack.views import cards, replies
from handlers.slack.views.plain import plain
from storage.integrity.comparing import baseline_differences, request_differences
from storage.lifecycle import Kind, State
from storage.record.verify import verify
from storage.records import Baseline, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, DAVE, ERIN, TENANT, House
from tests.handlers.fakes import UNREADABLE
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import fields
from tests.sentences import says

UTC_ZONE = ZoneInfo("UTC")
IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


@pytest.fixture
def opted_in(house: House) -> int:
    """The number of an opt-in with a window of twenty days."""
    return apply(house)


def apply(house: House, *, days: int = 20) -> int:
    number = house.ask(ALICE, day=house.clock.at.date() + timedelta(days=days)).id
    house.approve(BOB, number)
    house.run()
    assert house.request(number).state is State.APPLIED
    return number


def extend(house: House, person: str, *, days: int, **filled: object) -> dict[str, object]:
    """Submit the form of an extension that ends in so many days; what it is acknowledged with."""
    wished = {"reason": "The last scanner is gone", "clients": "Two scanners", "protocols": ["smtp-auth"]}
    day = house.clock.at.date() + timedelta(days=days)
    return house.submit("extension", person, CHANNEL, **wished | {"day": day} | filled)


def window(house: House) -> Baseline:
    baseline = house.baseline()
    assert baseline is not None
    return baseline


def in_days(house: House, days: int) -> datetime:
    return end_of_day(house.clock.at.date() + timedelta(days=days), UTC_ZONE)


@pytest.mark.parametrize("person", [ALICE, BOB, CAROL, DAVE])
def test_one_operator_or_approver_gives_the_window_an_earlier_end_at_once(both: House, person: str) -> None:
    number = apply(both)
    reads, writes = both.tenant.reads, len(both.tenant.writes)
    assert extend(both, person, days=3) == {}
    change = both.newest()
    assert (change.kind, change.state, change.requester_id) == (Kind.SHORTENING, State.APPLIED, person)
    assert window(both) == Baseline(IN, both.clock.at, change.id, in_days(both, 3))
    assert (both.tenant.reads, len(both.tenant.writes)) == (reads, writes)
    assert f"#{change.id}: The opt-in ends 24:00 of" in both.answer(person)
    assert both.request(number).window_end == in_days(both, 20), "what was approved stays on record"


def test_it_is_on_record_and_agrees_with_the_record(both: House) -> None:
    apply(both)
    extend(both, CAROL, days=3)
    change = both.newest()
    opened = both.events("request_opened")[-1]
    assert (opened.actor, opened.request_id, opened.payload["kind"]) == (CAROL, change.id, "shortening")
    moved = both.events("baseline")[-1]
    assert (moved.request_id, moved.payload["why"], moved.payload["value"]) == (change.id, "shortened", "opted in")
    with both.database.read() as connection:
        assert request_differences(connection, TENANT, change.id, through=True)[0] == []
        assert baseline_differences(connection, TENANT) == []
    verdict = verify(both.database, TENANT)
    assert (verdict.ok, verdict.problem) == (True, None)


def test_the_window_ends_at_its_earlier_end(house: House, opted_in: int) -> None:
    extend(house, ALICE, days=3)
    house.clock.at = in_days(house, 3) - timedelta(seconds=1)
    house.work()
    assert house.tenant.value is IN
    house.clock.at += timedelta(seconds=1)
    house.work()
    assert house.tenant.value is OUT


def test_it_works_while_exchange_slack_and_the_user_groups_do_not_answer(house: House, opted_in: int) -> None:
    house.tenant.unreadable = UNREADABLE
    house.workspace.down = True
    extend(house, BOB, days=1)
    assert window(house).window_end == in_days(house, 1)


@pytest.mark.parametrize("person", [ERIN, "U0NOBODY"])
def test_nobody_else_may(house: House, opted_in: int, person: str) -> None:
    extend(house, person, days=3)
    assert window(house).window_end == in_days(house, 20)
    assert len(house.answers(person)) == 1
    assert [event.payload["what"] for event in house.events("refused")] == ["shorten"]
    assert house.newest().id == opted_in


def test_a_later_end_still_takes_two_and_the_same_end_is_none(house: House, opted_in: int) -> None:
    assert extend(house, ALICE, days=20)["errors"] == {"day": says("the_opt_in_runs_until_24_00_of_13")}
    assert extend(house, ALICE, days=21) == {}
    assert (house.newest().kind, house.newest().state) == (Kind.EXTENSION, State.PENDING)
    assert window(house).window_end == in_days(house, 20)


def test_an_approver_who_is_no_operator_may_end_it_sooner_and_not_later(house: House, opted_in: int) -> None:
    say(house, "extend", CAROL)
    assert fields(house.windows.opened[-1])["day"]
    extend(house, CAROL, days=40)
    assert house.newest().id == opted_in
    assert "one of the operators" in house.answer(CAROL)
    extend(house, CAROL, days=4)
    assert window(house).window_end == in_days(house, 4)


def test_a_day_that_is_over_is_refused_in_the_form_and_when_it_is_taken_up(house: House, opted_in: int) -> None:
    assert "This day is over" in extend(house, ALICE, days=-1)["errors"]["day"]  # type: ignore[index]
    house.hands.dying = True
    extend(house, ALICE, days=0)
    house.hands.dying = False
    house.clock.advance(days=1)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert house.newest().id == opted_in
    assert "this day is over by now" in house.answer(ALICE)


def test_two_at_once_never_lengthen_what_the_other_has_shortened(house: House, opted_in: int) -> None:
    house.hands.dying = True
    extend(house, ALICE, days=10)
    house.hands.dying = False
    extend(house, BOB, days=5)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert window(house).window_end == in_days(house, 5)
    assert "which is no later" in house.answer(ALICE) or "ends 24:00" in house.answer(ALICE)


def test_an_extension_form_that_was_sent_before_somebody_extended_shortens_nothing(
    house: House, opted_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.hands.dying = True
    extend(house, ALICE, days=25)  # later than the present end
    house.hands.dying = False
    extend(house, BOB, days=60)
    house.approve(CAROL, house.newest().id)
    house.run()
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert window(house).window_end == in_days(house, 60)
    assert house.requests(Kind.SHORTENING) == []


def test_it_may_be_done_while_an_extension_is_open_which_then_counts_from_there(house: House, opted_in: int) -> None:
    extend(house, ALICE, days=60)
    asked = house.newest()
    house.deliver()
    assert "14 December 2026" in card_of(house, asked.id), "24:00 of the day before"
    extend(house, BOB, days=2)
    house.deliver()
    assert "14 December 2026" not in card_of(house, asked.id)
    assert window(house).window_end == in_days(house, 2)
    house.approve(CAROL, asked.id)
    house.run()
    assert window(house).window_end == in_days(house, 60), "approved by a second person"


def test_a_value_that_is_brought_back_outside_keeps_the_earlier_end(house: House, opted_in: int) -> None:
    extend(house, ALICE, days=3)
    for value in (OUT, IN):
        house.tenant.value = value
        for _ in range(2):
            house.clock.advance(minutes=10)
            house.observe()
    assert window(house).window_end == in_days(house, 3)


def test_an_opt_out_that_is_on_its_way_is_not_overtaken(house: House, opted_in: int) -> None:
    house.opt_out(BOB)
    extend(house, ALICE, days=2)
    house.run()
    assert (house.tenant.value, window(house).value) == (OUT, OUT)


def test_there_is_nothing_to_shorten_without_a_window(house: House) -> None:
    house.observe()
    house.tenant.value = IN
    for _ in range(2):
        house.clock.advance(minutes=10)
        house.observe()
    assert window(house).window_end is None
    extend(house, ALICE, days=3)
    assert house.newest().kind is Kind.EXTENSION, "giving an end to what nobody approved lets it stand: that takes two"
    say(house, "extend", CAROL)
    assert house.windows.opened == []


def test_the_message_the_history_and_who_asked_say_so(house: House, opted_in: int) -> None:
    house.work()
    extend(house, BOB, days=3)
    house.work()
    change = house.newest()
    lines = card_of(house, change.id)
    assert f"Applied: #{change.id} shorten the opt-in to legacy TLS" in lines
    assert "> The last scanner is gone" in lines
    assert "; shortened by #2 " in card_of(house, opted_in)
    page = " ".join(plain(replies.history(house.dispatch.history.page(), UTC_ZONE)))
    assert f"window was to end at 24:00 of 13 December 2026, UTC, shortened by #{change.id}" in page
    assert [facts["what"] for person, facts in house.board.told if person == ALICE] == ["shortened"]


def test_the_form_proposes_a_later_day_where_there_is_one_and_else_an_earlier(house: House) -> None:
    number = apply(house, days=89)
    say(house, "extend", ALICE)
    day = fields(house.windows.opened[-1])["day"]
    assert "An earlier end holds at once" in day["hint"]["text"]
    assert date.fromisoformat(day["element"]["initial_date"]) < (house.request(number).window_end or house.clock.at).date()


@pytest.mark.parametrize("seed", range(4))
def test_nobody_alone_ever_lengthens_a_window(house: House, seed: int) -> None:
    chance = random.Random(seed)
    apply(house, days=85)
    for _ in range(40):
        before = window(house).window_end
        person = chance.choice([ALICE, BOB, CAROL, DAVE, ERIN])
        if chance.random() < 0.3:
            withdraw_all(house)
        extend(house, person, days=chance.randint(-2, 95))
        house.run()
        after = window(house).window_end
        assert before is not None
        assert after is not None
        assert after <= before
        house.clock.advance(hours=chance.randint(0, 12))
        if house.clock.at >= after:
            break
    assert house.requests(Kind.SHORTENING) != []


def withdraw_all(house: House) -> None:
    for request in house.requests(Kind.EXTENSION):
        if request.state is State.PENDING and request.requester_id:
            house.press("withdraw", request.requester_id, request.id)


def card_of(house: House, number: int) -> str:
    """The newest drawing of a change's message."""
    view = next(view for _, view in reversed(house.board.cards) if view.request.id == number)
    return " ".join(plain(cards.card(view, UTC_ZONE)))
