"""What was told of a window is drawn again once that window is over: no alert stays, and no button that leads
nowhere."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from handlers.ports import Unavailable
from storage.messages.records import NoticeKind
from storage.records import SettingValue
from tests.handlers.changes.test_windows import apply, end_of
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import CHANNEL, LATE, REFUSED
from tests.handlers.reminders.test_remind import remind
from tests.handlers.saying import announcement
from tests.journeys.words import JSON, buttons, words
from tests.sentences import says

MORNING = datetime(2026, 12, 10, 10, tzinfo=UTC)
"""A working day within the last week of the opt-in."""


def drawn(house: House, facts: Mapping[str, str]) -> JSON:
    return announcement(facts, house.context.zone).arguments()


def posted(house: House, what: str) -> JSON:
    """The newest message of a kind in the channel, as it was posted."""
    house.deliver()
    return drawn(house, next(facts for facts in reversed(house.board.announced) if facts["what"] == what))


def drawn_again(house: House, what: str) -> dict[str, JSON]:
    """The messages of a kind as they read since they were drawn again, by conversation."""
    house.deliver()
    return {
        place.channel: drawn(house, facts)
        for place, facts in house.board.drawn_again
        if facts["what"] == what
    }


def overdue(house: House) -> int:
    """The number of the opt-out, without a clear outcome yet, of a window that has ended."""
    number = apply(house)
    house.clock.at = end_of(house, number)
    house.tenant.outcomes.append(LATE)
    house.work()
    house.dispatch.optouts.end_window()
    return house.newest().id


def arrive(house: House) -> None:
    """The opt-out shows up."""
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.run()
    assert house.tenant.value is SettingValue.OPTED_OUT


def test_the_alert_of_an_overdue_window_does_not_contradict_itself_while_the_outcome_is_not_clear(
    house: House,
) -> None:
    number = overdue(house)
    alert = posted(house, "overdue")
    assert says("not_done_yet_got_no_clear_answer", number=number) in words(alert)
    assert says("not_sent_again") not in words(alert)
    assert says("the_bot_keeps_trying") in words(alert)
    assert list(buttons(alert)) == ["opt_out_now"]


def test_the_alert_of_an_overdue_window_says_each_day_when_the_next_try_is(house: House) -> None:
    number = apply(house)
    house.clock.at = end_of(house, number)
    house.tenant.outcomes.extend([REFUSED] * 40)
    house.work()
    for day in range(1, 4):
        while len(alerts := [facts for facts in house.board.announced if facts["what"] == "overdue"]) < day:
            house.clock.advance(minutes=30 if day == 1 else 120)
            house.work()
        late = house.dispatch.status.report().overdue
        assert late is not None
        assert late.next_try is not None
        assert late.next_try > house.clock.at
        assert says("the_bot_tries_again", at=int(late.next_try.timestamp())) in words(
            drawn(house, alerts[-1])
        )


def test_the_alert_of_an_overdue_window_says_once_it_is_done_what_ended_it(both: House) -> None:
    number = overdue(both)
    both.deliver()
    arrive(both)
    alert = drawn_again(both, "overdue")[CHANNEL]
    assert says("and_the_opt_out_was_late_since", number=number) in words(alert)
    assert says("not_done_yet") not in words(alert)
    assert buttons(alert) == {}


def test_an_alert_that_is_posted_only_when_the_window_is_over_does_not_say_that_it_is_not(
    house: House,
) -> None:
    overdue(house)
    house.board.fail("announce", Unavailable("Slack could not be reached."))
    house.deliver()
    arrive(house)
    assert says("since_then") in words(posted(house, "overdue"))


def test_an_alert_whose_place_was_not_known_yet_when_the_window_was_over_is_drawn_again_as_well(
    house: House,
) -> None:
    overdue(house)
    (owed,) = [notice for notice in house.owed(NoticeKind.CHANNEL) if notice.key.startswith("overdue:")]
    claimed = house.outbox.claim(house.clock.at, kinds=(NoticeKind.CHANNEL,))
    arrive(house)
    house.outbox.delivered(
        next(one for one in claimed if one.id == owed.id), now=house.clock.at, channel=CHANNEL, ts="1.5"
    )
    assert says("since_then") in words(drawn_again(house, "overdue")[CHANNEL])


def test_the_word_that_an_opt_in_ends_soon_is_drawn_again_for_everybody_once_it_was_extended(
    both: House,
) -> None:
    apply(both)
    both.clock.at = MORNING
    remind(both)
    assert list(buttons(posted(both, "ending"))) == ["extend", "opt_out_now"]
    extension = both.ask(BOB, kind="extension", day=date(2027, 1, 24)).id
    both.approve(ALICE, extension)
    assert drawn_again(both, "ending") == {}
    both.run()
    again = drawn_again(both, "ending")
    assert set(again) == {CHANNEL, "D" + ALICE[1:]}
    for message in again.values():
        assert says("was_to_end") in words(message)
        assert says("since_then_has_extended_the_opt_in", number=extension) in words(message)
        assert buttons(message) == {}


def test_the_weekly_question_of_an_opt_in_that_nobody_asked_for_loses_its_buttons_too(house: House) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    house.observe()
    house.clock.at = MORNING
    house.observe()
    remind(house)
    assert says("still_opted_in") in words(posted(house, "weekly"))
    number = house.opt_out(BOB).id
    house.run()
    question = drawn_again(house, "weekly")[CHANNEL]
    assert says("was_still_opted_in_to_legacy_tls", number=number) in words(question)
    assert buttons(question) == {}


def test_what_changed_outside_the_bot_ends_a_window_as_well(house: House) -> None:
    apply(house)
    house.clock.at = MORNING
    remind(house)
    house.deliver()
    house.tenant.value = SettingValue.OPTED_OUT
    house.observe()
    message = drawn_again(house, "ending")[CHANNEL]
    assert says("since_then_the_live_value_was_changed", number=house.newest().id) in words(message)
