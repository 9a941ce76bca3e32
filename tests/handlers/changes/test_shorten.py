"""An earlier end takes one operator or approver, at once and on record; nothing that anybody does alone
lengthens a window."""

import random
import threading
import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.policy.days import end_of_day
from handlers.policy.rule import STATE_WORDS
from handlers.slack.views import card_buttons, cards, help_and_history
from handlers.slack.views.plain_text import plain
from storage.integrity.row_comparison import baseline_differences, request_differences
from storage.lifecycle import Kind, State
from storage.record.verify import verify
from storage.records import Baseline, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, DAVE, ERIN, TENANT, TWO, House
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
    assert says("the_opt_in_ends_24_00_of", number=change.id) in both.answer(person)
    assert both.request(number).window_end == in_days(both, 20), "what was approved stays on record"


def test_it_is_on_record_and_agrees_with_the_record(both: House) -> None:
    apply(both)
    extend(both, CAROL, days=3)
    change = both.newest()
    opened = both.events("request_opened")[-1]
    assert (opened.actor, opened.request_id, opened.payload["kind"]) == (CAROL, change.id, "shortening")
    moved = both.events("baseline")[-1]
    assert (moved.request_id, moved.payload["why"], moved.payload["value"]) == (
        change.id,
        "shortened",
        "opted in",
    )
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
    assert says("one_of_the_operators") in house.answer(CAROL)
    extend(house, CAROL, days=4)
    assert window(house).window_end == in_days(house, 4)


def test_a_day_that_is_over_is_refused_in_the_form_and_when_it_is_taken_up(
    house: House, opted_in: int
) -> None:
    assert says("this_day_is_over") in extend(house, ALICE, days=-1)["errors"]["day"]  # type: ignore[index]
    house.hands.dying = True
    extend(house, ALICE, days=0)
    house.hands.dying = False
    house.clock.advance(days=1)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert house.newest().id == opted_in
    assert says("this_day_is_over_by_now") in house.answer(ALICE)


def test_two_at_once_never_lengthen_what_the_other_has_shortened(house: House, opted_in: int) -> None:
    house.hands.dying = True
    extend(house, ALICE, days=10)
    house.hands.dying = False
    extend(house, BOB, days=5)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert window(house).window_end == in_days(house, 5)
    assert says("which_is_no_later") in house.answer(ALICE) or "ends 24:00" in house.answer(ALICE)


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


STAGES = ["asked", "half approved", "approved"]


def extension(house: House, stage: str) -> int:
    """The number of an extension by sixty days that is open."""
    house.start(TWO)
    extend(house, ALICE, days=60)
    number = house.newest().id
    for person in (BOB, CAROL)[: STAGES.index(stage)]:
        house.approve(person, number)
    return number


@pytest.mark.parametrize("stage", STAGES)
def test_an_earlier_end_supersedes_the_extension_that_is_open(both: House, stage: str) -> None:
    apply(both)
    number = extension(both, stage)
    extend(both, BOB, days=2)
    assert both.request(number).state is State.SUPERSEDED
    assert both.events("moved")[-1].actor == BOB
    both.approve(DAVE, number)
    both.run()
    assert (both.request(number).state, window(both).window_end) == (State.SUPERSEDED, in_days(both, 2))


def test_an_extension_that_is_being_made_loses_against_an_earlier_end(both: House) -> None:
    apply(both)
    number = extension(both, "approved")
    both.tenant.meanwhile = lambda: extend(both, BOB, days=2)
    both.run()
    assert both.request(number).state is State.SUPERSEDED
    assert window(both).window_end == in_days(both, 2)
    assert verify(both.database, TENANT).ok


def test_an_earlier_end_that_comes_after_the_extension_was_made_holds_as_well(both: House) -> None:
    apply(both)
    number = extension(both, "approved")
    both.hands.dying = True
    extend(both, BOB, days=2)
    both.hands.dying = False
    both.run()
    assert (both.request(number).state, window(both).window_end) == (State.APPLIED, in_days(both, 60))
    both.free_leftovers()
    both.dispatch.take_up_leftovers()
    assert window(both).window_end == in_days(both, 2)


@pytest.mark.parametrize("lead", [0.0, 0.005, 0.02])
def test_whoever_is_faster_the_earlier_end_holds(both: House, lead: float) -> None:
    apply(both)
    number = extension(both, "approved")
    start = threading.Barrier(2)

    def make() -> None:
        start.wait(timeout=20)
        both.run()

    maker = threading.Thread(target=make)
    maker.start()
    start.wait(timeout=20)
    time.sleep(lead)
    extend(both, BOB, days=2)
    maker.join(timeout=30)
    assert window(both).window_end == in_days(both, 2)
    assert both.request(number).state in (State.SUPERSEDED, State.APPLIED)
    assert verify(both.database, TENANT).ok


def test_the_form_opens_for_an_earlier_end_while_an_extension_is_open(house: House, opted_in: int) -> None:
    number = extension(house, "asked")
    say(house, "extend", CAROL)
    form = house.windows.opened[-1]
    assert form["title"]["text"] == says("shorten_the_opt_in")
    assert (
        says("only_an_earlier_end_in_the_form", number=number, person=ALICE)
        in form["blocks"][0]["text"]["text"]
    )
    assert date.fromisoformat(
        fields(form)["day"]["element"]["initial_date"]
    ) == house.clock.at.date() + timedelta(days=19)
    assert extend(house, CAROL, days=19) == {}
    assert window(house).window_end == in_days(house, 19)
    say(house, "extend", ALICE)
    assert house.windows.opened[-1]["title"]["text"] == says("extend_the_opt_in")


@pytest.mark.parametrize("days", [20, 21, 60])
@pytest.mark.parametrize("stage", STAGES)
def test_a_later_end_is_refused_in_the_form_while_an_extension_is_open(
    house: House, opted_in: int, stage: str, days: int
) -> None:
    number = extension(house, stage)
    (error,) = extend(house, BOB, days=days)["errors"].items()  # type: ignore[attr-defined]
    assert error == (
        "day",
        says("only_an_earlier_end", number=number, state=STATE_WORDS[house.request(number).state]),
    )
    assert len(house.requests(Kind.EXTENSION)) == 1


def test_a_day_that_cannot_be_chosen_anyway_is_told_for_what_it_is(house: House, opted_in: int) -> None:
    extension(house, "asked")
    assert says("this_day_is_over") in extend(house, BOB, days=-1)["errors"]["day"]  # type: ignore[index]
    assert says("too_late_2") in extend(house, BOB, days=95)["errors"]["day"]  # type: ignore[index]


def test_on_the_last_day_there_is_no_earlier_end_and_the_form_stays_shut(house: House, opted_in: int) -> None:
    house.clock.at = in_days(house, 20) - timedelta(hours=1)
    extend(house, ALICE, days=1)
    number = house.newest().id
    say(house, "extend", BOB)
    assert house.windows.opened == []
    assert f"#{number}" in house.windows.said[-1]["text"]


def test_whoever_asked_for_the_extension_hears_and_can_ask_again(house: House, opted_in: int) -> None:
    number = extension(house, "half approved")
    house.observe()
    extend(house, CAROL, days=2)
    house.deliver()
    told = [
        view.request.detail
        for person, view in house.board.outcomes
        if person == ALICE and view.request.id == number
    ]
    assert told == [says("superseded_by_a_shortening", number=number + 1)]
    view = next(view for _, view in reversed(house.board.cards) if view.request.id == number)
    buttons = [
        one for block in cards.card(view, UTC_ZONE).arguments()["blocks"] for one in block.get("elements", [])
    ]
    assert card_buttons.EXTEND in [one.get("action_id") for one in buttons]


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
    assert house.newest().kind is Kind.EXTENSION, (
        "giving an end to what nobody approved lets it stand: that takes two"
    )
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
    assert says("shortened_by_2") in card_of(house, opted_in)
    page = " ".join(plain(help_and_history.history(house.dispatch.history.page(), UTC_ZONE)))
    assert says("window_was_to_end_at_24_00_2", number=change.id) in page
    assert [facts["what"] for person, facts in house.board.told if person == ALICE] == ["shortened"]


def test_the_form_proposes_a_later_day_where_there_is_one_and_else_an_earlier(house: House) -> None:
    number = apply(house, days=89)
    say(house, "extend", ALICE)
    day = fields(house.windows.opened[-1])["day"]
    assert says("an_earlier_end_holds_at_once") in day["hint"]["text"]
    assert (
        date.fromisoformat(day["element"]["initial_date"])
        < (house.request(number).window_end or house.clock.at).date()
    )


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
