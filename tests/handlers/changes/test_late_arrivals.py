"""A write that takes effect long after it was given up, or after a later opt-out: said as what it is, and
never left standing."""

from datetime import UTC, datetime, timedelta

from handlers.slack.views import help_and_history
from storage.lifecycle import Kind, State
from storage.messages.records import NoticeKind
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import LATE, LOST, REFUSED
from tests.handlers.outgoing.test_what_cards_say import card
from tests.handlers.reminders.test_remind import remind
from tests.handlers.reminders.test_words_to_who_asked import ended, endings
from tests.journeys.words import buttons, words
from tests.sentences import says

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT


def given_up(house: House) -> int:
    """An approved opt-in whose answer was lost and which did not show up within fifteen minutes."""
    house.observe()
    house.tenant.outcomes.append(LATE)
    request = house.ask()
    house.approve(BOB, request.id)
    for _ in range(12):
        house.work()
        house.clock.advance(minutes=2)
    house.work()
    assert house.request(request.id).state is State.FAILED
    return request.id


def test_a_change_that_shows_up_after_it_was_given_up_is_a_correction_and_no_drift(house: House) -> None:
    number = given_up(house)
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    assert house.requests(Kind.OUTSIDE) == []
    corrections = [notice for notice in house.owed(NoticeKind.CHANNEL) if "correction" in notice.facts]
    assert [notice.request_id or notice.key for notice in corrections] == [f"correction:{number}"]
    assert says("correction_to", number=number) in house.answer(ALICE)


def test_the_window_of_a_corrected_opt_in_holds(house: House) -> None:
    number = given_up(house)
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, house.request(number).window_end)
    house.clock.advance(days=40)
    house.work()
    assert house.tenant.value is OUT


def test_whoever_asked_for_a_corrected_opt_in_hears_in_person_that_it_ends_and_has_ended(both: House) -> None:
    number = given_up(both)
    both.tenant.land()
    both.clock.advance(minutes=11)
    both.observe()
    both.clock.at = datetime(2026, 12, 10, 10, tzinfo=UTC)
    assert endings(both) == []
    remind(both)
    assert [(person, asked) for person, asked, _ in endings(both)] == [(ALICE, str(number))]
    both.clock.advance(days=10)
    both.work()
    assert both.tenant.value is OUT
    assert ended(both) == [(ALICE, str(number), "")]


def test_whoever_asked_for_it_hears_of_the_end_that_shows_up_after_its_opt_out_was_given_up(
    both: House,
) -> None:
    both.observe()
    asked = both.ask(ALICE).id
    both.approve(BOB, asked)
    both.work()
    both.tenant.outcomes.append(LATE)
    out = both.opt_out(BOB).id
    for _ in range(12):
        both.work()
        both.clock.advance(minutes=2)
    assert both.request(out).state is State.FAILED
    both.tenant.land()
    both.clock.advance(minutes=11)
    both.observe()
    assert ended(both) == [(ALICE, str(asked), BOB)]


def test_the_message_and_history_of_a_corrected_opt_in_say_that_it_took_effect(house: House) -> None:
    number = given_up(house)
    before = card(house, number)
    assert says("the_bot_opts_out_by_itself_then") not in words(before)
    assert list(buttons(before)) == ["again"]
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    shown = card(house, number)
    assert says("somebody_made_the_same_change_by_hand") in words(shown)
    assert says("still_not_set") not in words(shown)
    assert list(buttons(shown)) == ["extend"]
    history = words(help_and_history.history(house.dispatch.history.page(), house.context.zone).arguments())
    assert says("it_arrived_late") in history
    assert says("still_not_set") not in history


def test_a_correction_is_said_once(house: House) -> None:
    given_up(house)
    house.tenant.land()
    for _ in range(4):
        house.clock.advance(minutes=11)
        house.observe()
    assert len([notice for notice in house.owed(NoticeKind.CHANNEL) if "correction" in notice.facts]) == 1


def test_a_change_of_somebody_else_after_a_refusal_is_still_drift(house: House) -> None:
    house.observe()
    house.tenant.value = IN
    house.clock.advance(minutes=11)
    house.observe()
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [IN]


def test_an_opt_in_that_lands_after_a_later_opt_out_is_opted_out_again_by_the_bot(house: House) -> None:
    house.observe()
    house.tenant.outcomes.append(LATE)
    asked = house.ask()
    house.approve(BOB, asked.id)
    house.run()
    assert house.request(asked.id).state is State.UNCERTAIN
    out = house.opt_out()
    house.run()
    assert house.request(out.id).state is State.APPLIED
    house.tenant.land()
    house.clock.advance(minutes=1)
    house.run()
    house.run()
    assert house.request(asked.id).state is State.APPLIED
    assert house.tenant.value is OUT
    last = house.newest()
    assert (last.kind, last.requester_id, last.state) == (Kind.OPT_OUT, None, State.APPLIED)
    assert says("the_value_of_shows_after_opt_out_2", number=asked.id, number2=out.id) in last.reason
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.value is OUT


def test_a_lost_opt_in_that_never_lands_opens_nothing(house: House) -> None:
    house.observe()
    house.tenant.outcomes.append(LOST)
    asked = house.ask()
    house.approve(BOB, asked.id)
    house.run()
    house.opt_out()
    house.run()
    house.clock.advance(minutes=20)
    house.run()
    assert house.request(asked.id).state is State.FAILED
    assert len(house.requests(Kind.OPT_OUT)) == 1


def landed_after_an_opt_out(house: House) -> tuple[int, int]:
    """An opt-in that was given up, then an opt-out, and only then the opt-in takes effect."""
    late = given_up(house)
    house.tenant.value = IN  # so that the opt-out has something to write
    out = house.opt_out()
    house.run()
    assert house.request(out.id).state is State.APPLIED
    house.tenant.land()
    house.clock.advance(minutes=11)
    house.observe()
    return late, out.id


def test_an_opt_in_that_was_given_up_and_lands_after_a_later_opt_out_is_taken_back_by_the_bot(
    both: House,
) -> None:
    late, out = landed_after_an_opt_out(both)
    assert both.tenant.value is IN
    both.work()
    again = both.newest()
    assert (again.kind, again.requester_id, again.state) == (Kind.OPT_OUT, None, State.APPLIED)
    assert says("the_value_of_shows_after_opt_out", number=late, number2=out) in again.reason
    assert both.tenant.value is OUT
    assert both.requests(Kind.OUTSIDE) == []
    assert [facts.get("again") for facts in both.board.announced] == [str(again.id)]
    assert says("the_bot_opts_out_again", number=again.id) in both.answer(ALICE)
    shown = card(both, late)
    assert says("the_same_change_by_hand_a_later", number=again.id) in words(shown)
    assert list(buttons(shown)) == ["again"]
    for _ in range(3):
        both.clock.advance(minutes=11)
        both.observe()
        both.work()
    assert both.newest().id == again.id


def test_what_still_stands_after_the_bot_could_not_take_it_back_is_told_as_drift(house: House) -> None:
    landed_after_an_opt_out(house)
    house.tenant.outcomes.append(REFUSED)
    house.work()
    assert (house.newest().state, house.tenant.value) == (State.FAILED, IN)
    house.clock.advance(minutes=11)
    house.observe()
    assert [change.to_value for change in house.requests(Kind.OUTSIDE)] == [IN]
    house.clock.advance(minutes=11)
    house.observe()
    assert len(house.requests(Kind.OUTSIDE)) == 1


def opt_out_under_way(house: House, *, given_up: bool) -> tuple[int, int]:
    """An opt-in, an opt-out of it that has not arrived (perhaps given up by now), and an extension confirmed
    meanwhile."""
    house.observe()
    house.approve(BOB, house.ask(ALICE).id)
    house.work()
    house.clock.advance(minutes=11)
    house.observe()
    house.tenant.outcomes.append(LATE)
    out = house.opt_out(BOB).id
    for _ in range(12 if given_up else 1):
        house.work()
        house.clock.advance(minutes=2 if given_up else 1)
    assert house.request(out).state is (State.FAILED if given_up else State.UNCERTAIN)
    extension = house.ask(ALICE, kind="extension", day=house.clock.at.date() + timedelta(days=50)).id
    house.approve(BOB, extension)
    house.run()
    assert house.request(extension).state is State.APPLIED
    house.tenant.land()
    return out, extension


def watch(house: House) -> None:
    house.clock.advance(minutes=11)
    house.observe()


def test_an_opt_out_that_lands_after_an_extension_was_confirmed_is_the_bot_s_own(both: House) -> None:
    out, _ = opt_out_under_way(both, given_up=False)
    both.clock.advance(minutes=1)
    both.run()
    watch(both)
    assert both.request(out).state is State.APPLIED
    assert both.requests(Kind.OUTSIDE) == []
    baseline = both.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.request_id, baseline.window_end) == (OUT, out, None)


def test_an_opt_out_that_lands_after_it_was_given_up_and_extended_is_corrected_once(both: House) -> None:
    out, _ = opt_out_under_way(both, given_up=True)
    watch(both)
    assert both.requests(Kind.OUTSIDE) == []
    assert "Corrected" in both.request(out).detail
    for value in (IN, OUT):
        both.tenant.value = value
        watch(both)
    assert [change.to_value for change in both.requests(Kind.OUTSIDE)] == [IN, OUT]


def test_the_end_of_a_corrected_opt_in_holds_when_the_value_was_changed_and_is_back(house: House) -> None:
    number = given_up(house)
    house.tenant.land()
    watch(house)
    for value in (OUT, IN):
        house.tenant.value = value
        watch(house)
    baseline = house.baseline()
    assert baseline is not None
    assert (baseline.value, baseline.window_end) == (IN, house.request(number).window_end)


def test_a_corrected_opt_out_has_ended_the_window_before_it(house: House) -> None:
    house.observe()
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.work()
    house.tenant.outcomes.append(LATE)
    house.opt_out(BOB)
    for _ in range(12):
        house.work()
        house.clock.advance(minutes=2)
    house.tenant.land()
    watch(house)
    house.tenant.value = IN
    watch(house)
    baseline = house.baseline()
    assert baseline is not None
    assert (house.newest().kind, baseline.window_end) == (Kind.OUTSIDE, None)
    assert f"#{number}" not in house.newest().detail


def test_a_write_whose_answer_was_lost_is_not_called_written(house: House) -> None:
    house.observe()
    house.tenant.outcomes.append(LATE)
    number = house.ask().id
    house.approve(BOB, number)
    house.run()
    house.tenant.land()
    house.clock.advance(seconds=6)
    house.run()
    assert house.request(number).state is State.APPLIED
    assert house.request(number).detail.startswith(says("sent_and_read_back_as_opted_in"))


def test_a_write_that_a_later_one_overtook_is_not_called_written_when_the_value_shows(house: House) -> None:
    house.tenant.value = IN
    house.observe()
    house.tenant.outcomes.append(LOST)
    first = house.opt_out(BOB).id
    house.run()
    assert house.request(first).state is State.UNCERTAIN
    second = house.opt_out(ALICE).id
    house.run()
    house.clock.advance(seconds=6)
    house.run()
    assert [house.request(number).state for number in (first, second)] == [State.APPLIED] * 2
    assert house.request(second).detail.startswith(says("written_and_read_back"))
    assert says("came_later_so_which_of_the_two", number=second) in house.request(first).detail


def test_the_bot_s_own_opt_out_supersedes_what_waits_for_approval(both: House) -> None:
    given_up(both)
    both.opt_out()
    both.run()
    both.clock.advance(minutes=1)
    asked = both.ask(BOB).id
    both.tenant.land()
    watch(both)
    assert (both.newest().kind, both.newest().requester_id) == (Kind.OPT_OUT, None)
    assert both.request(asked).state is State.SUPERSEDED


def test_what_is_given_up_does_not_call_a_value_still_so_that_was_not_so_before(house: House) -> None:
    house.observe()
    house.tenant.outcomes.append(LATE)
    number = house.ask().id
    house.approve(BOB, number)
    house.run()
    house.tenant.land()
    house.clock.advance(seconds=1)
    house.tenant.value = OUT
    for _ in range(12):
        house.work()
        house.clock.advance(minutes=2)
    assert says("the_live_value_is_opted_out") in house.request(number).detail
