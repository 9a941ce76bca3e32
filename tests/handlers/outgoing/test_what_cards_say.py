"""A request's message claims what is so: no effect before it was read back, none where there was none, no way
that is gone."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from handlers.slack.views import cards, request_outcomes
from handlers.slack.views.card_thread import details
from storage.lifecycle import State
from storage.records import SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, TWO, House
from tests.handlers.fakes import LATE, LOST, REFUSED, Answering
from tests.journeys.words import JSON, body, buttons, words
from tests.sentences import says

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT
STOPS = says("mail_over_old_tls_is_refused")
BY_HAND = "`/legacytls help` shows how to opt out by hand"
NOTHING = (
    "Nothing was changed: the live value was read as *{}* just before and, as far as is known, still is."
)


def card(house: House, number: int) -> JSON:
    """A request's message as it was last drawn."""
    house.deliver()
    view = next(view for _, view in reversed(house.board.cards) if view.request.id == number)
    return cards.card(view, house.context.zone).arguments()


def thread(house: House, number: int) -> str:
    """What the thread of a request's message holds."""
    house.deliver()
    return words(
        details(next(view for _, view in house.board.threads if view.request.id == number)).arguments()
    )


def outcome(house: House) -> str:
    """The newest private word about how a request stands."""
    house.deliver()
    return words(request_outcomes.outcome(house.board.outcomes[-1][1], house.context.zone).arguments())


def opted_out(house: House, *answering: Answering) -> int:
    """An opt-out from opted in, by Alice, that Exchange answered like this."""
    house.tenant.value = IN
    house.observe()
    house.tenant.outcomes.extend(answering)
    number = house.opt_out(ALICE).id
    for _ in answering or (None,):
        house.run()
        house.clock.advance(minutes=2)
    return number


def test_an_opt_out_says_what_stops_working_as_a_fact_only_once_it_was_read_back(house: House) -> None:
    house.tenant.value = IN
    number = house.opt_out(ALICE).id
    assert says("once_applied_old", stops=STOPS) in words(card(house, number))
    house.run()
    assert f"Mail {STOPS}" in words(card(house, number))


def test_an_opt_out_of_unknown_outcome_does_not_say_that_anything_stopped_working(house: House) -> None:
    said = words(card(house, opted_out(house, LATE)))
    assert says("once_applied_old", stops=STOPS) in said
    assert says("nothing_was_changed_3") not in said


def test_a_failed_opt_out_says_that_nothing_was_changed_and_offers_both_ways_on(house: House) -> None:
    number = opted_out(house, REFUSED)
    assert house.request(number).state is State.FAILED
    shown = card(house, number)
    assert says("is_refused_on") not in words(shown)
    for said in (words(shown), outcome(house)):
        assert NOTHING.format("opted in") in said
        assert BY_HAND in said
    assert {name: element["text"]["text"] for name, element in buttons(shown).items()} == {
        "opt_out_now": says("opt_out_again")
    }


def test_the_button_of_a_failed_opt_out_opens_the_form_of_an_opt_out(house: House) -> None:
    number = opted_out(house, REFUSED)
    house.press("opt_out_now", BOB, number)
    assert house.windows.opened[-1]["callback_id"] == "opt_out"


def test_a_failed_opt_in_says_that_nothing_was_changed_and_how_to_ask_again(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(REFUSED)
    house.run()
    shown = card(house, number)
    assert NOTHING.format("not set") in words(shown)
    assert says("the_bot_opts_out_by_itself_then") not in words(shown)
    assert list(buttons(shown)) == ["again"]
    assert NOTHING.format("not set") in outcome(house)
    assert says("legacytls_enable_opens_the_form_once_more") in outcome(house)


def test_what_stood_before_is_what_was_read_before_the_write_whatever_was_read_since(house: House) -> None:
    house.observe()
    number = approved(house)
    house.tenant.outcomes.append(REFUSED)

    def others_change_it(write: object) -> None:
        house.tenant.value = IN
        house.clock.advance(minutes=1)
        house.dispatch.drift.observe(house.clock.at - house.clock.at)

    house.tenant.during_write = others_change_it
    house.run()
    assert NOTHING.format("not set") in house.request(number).detail


def test_a_change_that_was_given_up_does_not_claim_that_nothing_was_changed(house: House) -> None:
    number = opted_out(house, LOST)
    house.clock.advance(minutes=15)
    house.run()
    assert house.request(number).state is State.FAILED
    assert says("nothing_was_changed_3") not in words(card(house, number))
    assert says("announced_as_a_correction") in words(card(house, number))
    assert BY_HAND in words(card(house, number))


def test_a_card_whose_approver_left_says_that_nobody_has_approved_and_later_names_who_did(
    house: House,
) -> None:
    number = approved(house)
    house.workspace.change(BOB, deleted=True)
    house.run()
    shown = card(house, number)
    assert says("may_no_longer_approve_this_so_it", person=BOB) in words(shown)
    assert says("nobody_has_approved_yet_1_more_approval") in words(shown)
    house.approve(CAROL, number)
    house.run()
    assert says("approved_by_2", person=CAROL) in words(card(house, number))


def test_an_approver_who_left_before_the_next_one_decides_is_not_shown_as_one(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.workspace.change(BOB, deleted=True)
    house.approve(CAROL, number)
    shown = card(house, number)
    assert says("may_no_longer_approve_this_so_it", person=BOB) in words(shown)
    assert says("approved_so_far_by_1_more_approval", person=CAROL) in words(shown)
    house.approve(DAVE, number)
    assert says("approved_by_3", person=CAROL, person2=DAVE) in words(card(house, number))


def seen_outside(house: House) -> int:
    """The number of a change that nobody asked the bot for."""
    house.observe()
    house.clock.advance(minutes=11)
    house.tenant.value = IN
    house.observe()
    number = house.newest().id
    house.card_ts(number)
    return number


def test_a_rejected_card_does_not_name_its_rejecter_as_an_approver_too(house: House) -> None:
    house.start(replace(TWO, approvals_required=3))
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.approve(CAROL, number)
    house.reject(CAROL, number)
    said = words(card(house, number))
    assert says("rejected_by_2", person=CAROL) in said
    assert says("approved_by_2", person=BOB) in said


def test_a_change_made_outside_offers_its_ways_until_it_was_taken_back(house: House) -> None:
    number = seen_outside(house)
    assert list(buttons(card(house, number))) == ["opt_out_now", "extend", "it_was_me"]
    house.opt_out(BOB)
    house.run()
    shown = card(house, number)
    assert list(buttons(shown)) == ["it_was_me"]
    assert says("another_change_came_after_it") in words(shown)
    assert "*Adopt*" not in words(shown)


def test_a_change_made_outside_offers_no_way_once_it_was_adopted(house: House) -> None:
    number = seen_outside(house)
    extension = house.ask(ALICE, kind="extension").id
    house.approve(BOB, extension)
    assert "extend" in buttons(card(house, number))
    house.run()
    assert list(buttons(card(house, number))) == ["it_was_me"]
    assert says("adopted_by", number=extension) in words(card(house, number))
    assert says("another_change_came_after_it") not in words(card(house, number))


def test_a_change_made_outside_offers_no_way_once_another_one_was_noticed(house: House) -> None:
    number = seen_outside(house)
    house.clock.advance(minutes=11)
    house.tenant.value = OUT
    house.observe()
    assert list(buttons(card(house, number))) == ["it_was_me"]
    assert says("legacytls_enable_asks_for_it") in words(card(house, number + 1))


def test_a_failed_opt_out_offers_no_way_once_a_later_one_was_made(house: House) -> None:
    number = opted_out(house, REFUSED)
    house.card_ts(number)
    house.opt_out(BOB)
    house.run()
    shown = card(house, number)
    assert buttons(shown) == {}
    assert BY_HAND not in words(shown)


def test_what_lapsed_is_said_to_have_lapsed(house: House) -> None:
    number = house.ask(ALICE).id
    house.card_ts(number)
    house.clock.advance(hours=25)
    house.work()
    assert says("has_expired_nobody_decided_in_time", number=number) in words(card(house, number))
    house.approve(BOB, number)
    assert says("has_already_expired_nobody_decided_in_time", number=number) in house.answer(BOB)


def test_what_was_changed_outside_the_bot_is_said_once(house: House) -> None:
    house.observe()
    house.tenant.value = IN
    house.clock.advance(minutes=11)
    house.observe()
    shown = body(card(house, house.newest().id))
    assert says("the_live_value_changed_from_not_set") in shown
    assert shown.count("opted in") == 1


@pytest.mark.parametrize(
    ("act", "person", "said"), [("withdraw", ALICE, "withdrawn"), ("reject", BOB, "rejected")]
)
def test_who_ended_a_request_is_said_once(house: House, act: str, person: str, said: str) -> None:
    number = house.ask(ALICE).id
    house.press(act, person, number)
    shown = words(card(house, number))
    assert says("is_by", number=number, said=said, person=person) in shown
    assert f".* {said} by".lower() not in shown.lower()
    house.approve(CAROL, number)
    assert house.answer(CAROL) == says("is_already_by", number=number, said=said, person=person)


def test_the_last_approval_of_an_extension_does_not_say_that_anything_goes_to_exchange(house: House) -> None:
    seen_outside(house)
    number = house.ask(ALICE, kind="extension").id
    house.approve(BOB, number)
    assert says("the_opt_in_gets_this_end_as") in house.answer(BOB)
    assert says("goes_to_exchange") not in house.answer(BOB)


def test_opting_out_is_said_to_supersede_and_its_result_to_come_by_direct_message(house: House) -> None:
    seen_outside(house)
    house.press("opt_out_now", BOB, house.newest().id)
    assert says("supersedes_every_opt_in_that_was_not") in words(house.windows.opened[-1])
    house.opt_out(BOB)
    assert house.answer(BOB).endswith(says("opted_out_already_the_result_follows_by"))


def test_the_confirmation_of_an_opt_out_lists_the_devices_on_record_that_will_stop_each_list_once(
    house: House,
) -> None:
    number = opted_in(house)
    for day, clients in ((24, "40 scanners, owned by Dave"), (26, "One plotter\nowned by Erin")):
        extension = house.ask(ALICE, kind="extension", day=date(2027, 1, day), clients=clients).id
        house.approve(BOB, extension)
        house.run()
    house.press("opt_out_now", BOB, extension)
    said = words(house.windows.opened[-1])
    assert says("will_stop_on_record_by", number=number) in said
    assert says("will_stop_on_record_by", number=extension) in said
    assert said.count("> 40 scanners, owned by Dave") == 1
    assert "> One plotter\n> owned by Erin" in said
    assert says("written_at_once_devices_notice_later") in said


def test_the_confirmation_of_an_opt_out_lists_no_device_where_nothing_is_opted_in_by_request(
    house: House,
) -> None:
    seen_outside(house)
    house.press("opt_out_now", BOB, house.newest().id)
    assert says("will_stop") not in words(house.windows.opened[-1])


def test_an_uncertain_change_says_by_when_its_outcome_is_announced(house: House) -> None:
    number = opted_out(house, LATE)
    sent = house.request(number).sent_at
    assert sent is not None
    by = int((sent + timedelta(minutes=15)).timestamp())
    said = words(card(house, number))
    assert says("announced_about_15_minutes_after_the_sending", value=by - by % 60) in said


def test_a_second_wish_hears_how_the_first_one_ends(house: House) -> None:
    number = house.ask(ALICE).id
    house.ask(BOB)
    assert house.answer(BOB).endswith(says("it_has_to_be_approved_rejected_or"))
    house.approve(BOB, number)
    house.ask(BOB)
    assert house.answer(BOB).endswith(says("it_has_to_be_made_or_withdrawn"))
    house.tenant.outcomes.append(LOST)
    house.run()
    house.ask(BOB)
    assert house.answer(BOB).endswith(says("its_outcome_is_announced_a_new_one"))


@pytest.mark.parametrize(("disabled", "warned"), [(True, True), (False, False), (None, False)])
def test_who_decides_reads_that_smtp_auth_is_off_as_who_asks_does(
    house: House, disabled: bool | None, warned: bool
) -> None:
    house.tenant.smtp_auth_disabled = disabled
    number = house.ask(ALICE).id
    warning = says("smtp_auth_is_switched_off_for_the")
    assert (warning in thread(house, number)) is warned
    assert (warning in house.answer(ALICE)) is warned


def test_the_approver_of_an_extension_reads_the_present_end_beside_the_new_one(house: House) -> None:
    number = house.ask(ALICE, day=date(2026, 12, 25)).id
    house.approve(BOB, number)
    house.run()
    extension = house.ask(ALICE, kind="extension", day=date(2027, 1, 24)).id
    new, present = words(card(house, extension)).split(" instead of ")
    assert says("24_00_of_24_january_2027") in new
    assert present.startswith("<!date^1798243200^")
    house.approve(BOB, extension)
    house.run()
    done = words(card(house, extension))
    assert says("instead_of") not in done
    assert says("24_00_of_24_january_2027") in done.split(says("the_bot_opts_out_by_itself_then"))[0]


def opted_in(house: House) -> int:
    """The number of an opt-in that was applied, and whose message says until when it holds."""
    house.observe()
    number = approved(house)
    house.run()
    assert says("the_bot_opts_out_by_itself_then") in words(card(house, number))
    return number
