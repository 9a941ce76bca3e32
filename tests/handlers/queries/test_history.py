"""History: newest first, by key, with who asked, who decided, what was read back; nothing is counted or
forgotten."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.slack.views import help_and_history
from storage.records import SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, RULE, TWO, House
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import words
from tests.sentences import says


def walked(house: House, limit: int) -> list[list[int]]:
    pages: list[list[int]] = []
    before = None
    while True:
        page = house.dispatch.history.page(before=before, limit=limit)
        pages.append([line.request.id for line in page.lines])
        if page.older is None:
            return pages
        before = page.older


def told(house: House) -> str:
    """The newest page as Slack shows it."""
    return words(help_and_history.history(house.dispatch.history.page(), house.context.zone).arguments())


def several(house: House, count: int) -> None:
    for _ in range(count):
        number = house.ask(ALICE).id
        house.press("withdraw", ALICE, number)


def test_nothing_on_record_is_one_empty_page(house: House) -> None:
    assert walked(house, 5) == [[]]


def test_pages_are_newest_first_without_gap_or_overlap(both: House) -> None:
    several(both, 7)
    assert walked(both, 3) == [[7, 6, 5], [4, 3, 2], [1]]


def test_a_last_page_that_is_exactly_full_offers_no_older_one(house: House) -> None:
    several(house, 4)
    assert walked(house, 2) == [[4, 3], [2, 1]]


def test_what_is_opened_meanwhile_does_not_shift_the_next_page(house: House) -> None:
    several(house, 4)
    page = house.dispatch.history.page(limit=2)
    several(house, 1)
    assert [line.request.id for line in house.dispatch.history.page(before=page.older, limit=2).lines] == [
        2,
        1,
    ]


def test_a_line_tells_who_asked_who_approved_and_what_was_read_back(house: House) -> None:
    approved(house)
    house.run()
    line = house.dispatch.history.page().lines[0]
    assert (line.request.requester_id, list(line.approved_by), list(line.rejected_by)) == (ALICE, [BOB], [])
    assert line.read_back is SettingValue.OPTED_IN


def test_a_line_tells_who_rejected_and_why(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.reject(CAROL, number)
    house.submit("rejection", CAROL, str(number), reason="Too long")
    line = house.dispatch.history.page().lines[0]
    assert (list(line.approved_by), list(line.rejected_by), line.reason) == ([BOB], [CAROL], "Too long")
    assert line.read_back is None


def test_whoever_rejected_after_approving_is_no_approver_any_more(house: House) -> None:
    house.start(replace(TWO, approvals_required=3))
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.approve(CAROL, number)
    house.reject(CAROL, number)
    line = house.dispatch.history.page().lines[0]
    assert (list(line.approved_by), list(line.rejected_by)) == ([BOB], [CAROL])


def test_a_vote_that_the_rule_s_change_voided_approved_nothing(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.start(RULE)
    house.approve(CAROL, number)
    house.run()
    assert list(house.dispatch.history.page().lines[0].approved_by) == [CAROL]
    assert house.dispatch.status.report().approved_by == (CAROL,)


def test_a_vote_that_lost_its_eligibility_approved_nothing(house: House) -> None:
    number = approved(house)
    house.workspace.change(BOB, deleted=True)
    house.run()
    house.approve(CAROL, number)
    house.run()
    assert list(house.dispatch.history.page().lines[0].approved_by) == [CAROL]
    assert house.dispatch.status.report().approved_by == (CAROL,)


def test_a_vote_taken_back_approved_nothing(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.press("take_back", BOB, number)
    assert list(house.dispatch.history.page().lines[0].approved_by) == []


def test_a_window_that_never_was_is_told_as_one_that_was_to_end(house: House) -> None:
    several(house, 1)
    assert says("window_was_to_end_at_24_00_of_13") in told(house)
    number = house.ask(ALICE).id
    assert told(house).count(says("window_until_24_00_of_13_december")) == 1
    house.approve(BOB, number)
    house.run()
    assert told(house).count(says("window_until_24_00_of_13_december")) == 1


UNTIL, WAS_TO = (
    "window until 24:00 of 13 December 2026, UTC",
    "window was to end at 24:00 of 13 December 2026, UTC",
)


def test_a_window_that_was_ended_early_or_extended_names_the_change_that_did_it(house: House) -> None:
    approved(house)
    house.run()
    assert f"{UNTIL} ·" in told(house)
    extension = house.ask(ALICE, kind="extension", day=date(2026, 12, 25)).id
    house.approve(BOB, extension)
    house.run()
    assert says("extended_by", until=UNTIL, number=extension) in told(house)
    opt_out = house.opt_out(BOB).id
    house.run()
    assert says("window_was_to_end_at_24_00", number=opt_out) in told(house)
    assert says("extended_by", until=UNTIL, number=extension) in told(house)


def test_a_window_that_ran_to_its_end_was_ended_by_nothing_else(house: House) -> None:
    approved(house)
    house.run()
    house.clock.at = datetime(2026, 12, 14, 0, 1, tzinfo=UTC)
    house.work()
    assert house.newest().kind.value == "opt_out"
    assert f"{UNTIL} ·" in told(house)


def test_a_window_that_was_ended_outside_and_brought_back_holds_again(house: House) -> None:
    house.observe()
    approved(house)
    house.run()
    for value, ended in ((SettingValue.OPTED_OUT, True), (SettingValue.OPTED_IN, False)):
        house.clock.advance(minutes=11)
        house.tenant.value = value
        house.observe()
        assert (says("ended_by_2", was_to=WAS_TO) in told(house)) is ended
        assert (f"{UNTIL} ·" in told(house)) is not ended


def test_who_rejected_is_told_once(house: House) -> None:
    number = house.ask(ALICE).id
    house.reject(BOB, number)
    assert told(house).lower().count(says("rejected_by", person=BOB).lower()) == 1


def test_opt_outs_and_changes_made_outside_are_in_it(house: House) -> None:
    house.observe()
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(minutes=10)
    house.observe()
    house.opt_out(BOB)
    house.run()
    assert [line.request.kind.value for line in house.dispatch.history.page().lines] == ["opt_out", "outside"]


@pytest.mark.parametrize("on_record", [True, False])
def test_history_says_what_it_does_not_take_and_shows_the_page_all_the_same(
    house: House, on_record: bool
) -> None:
    if on_record:
        house.ask(ALICE)
    say(house, "history oldest *first*", ALICE)
    told = words(house.windows.said[-1])
    assert says("legacytls_history_takes_nothing_more_so_oldest") in told
    assert ("#1" if on_record else says("no_change_is_on_record_yet")) in told
    say(house, "history", ALICE)
    assert says("nothing_that_history_takes") not in words(house.windows.said[-1])


def test_a_line_tells_when_it_was_approved_when_it_was_read_back_and_who_ended_it(house: House) -> None:
    approved(house)
    cast = house.clock.at
    house.clock.advance(minutes=5)
    house.run()
    house.clock.advance(hours=1)
    house.opt_out(CAROL)
    house.run()
    shown = told(house)
    assert says("approved_by_date", bob=BOB, timestamp=int(cast.timestamp())) in shown
    assert says("read_back_as_opted_in_at", at=int((cast + timedelta(minutes=5)).timestamp())) in shown
    assert says("ended_by_of", number=2, person=CAROL) in shown
    assert says("written_and_read_back") not in shown


def test_a_line_about_a_change_made_outside_tells_whose_it_was_and_why(house: House) -> None:
    house.observe()
    house.clock.advance(minutes=11)
    house.tenant.value = SettingValue.OPTED_IN
    house.observe()
    number = house.newest().id
    house.submit("claim", CAROL, str(number), reason="A test of the plotter")
    assert says("says_it_was_me_2", person=CAROL) in told(house)
    assert "> A test of the plotter" in told(house)
