"""The App Home: what it says to whom, and that a press on it is a vote like any other, on what it showed."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt import Respond
from sqlalchemy import event

from bot.sandbox.slack.blockkit import view_problems
from handlers.ports import Unavailable
from handlers.queries.home import Homes
from handlers.slack.listeners.home import Shortcut
from handlers.slack.views.home import NOT_READ_YET
from storage.app_home import MOST_OWN
from storage.lifecycle import Kind, State
from storage.records import Door, MailProtocol, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, DAVE, ERIN, MAIL, RULE, TWO, House
from tests.handlers.fakes import UNREADABLE
from tests.handlers.filled_forms import HIGH
from tests.handlers.slack.views.test_block_limits import WORST, harmless, marked_up
from tests.sentences import says

DAY = timedelta(days=1)


def words(blocks: list[dict[str, Any]]) -> str:
    """All that is read on a page."""
    return "\n".join(
        block["text"]["text"]
        if "text" in block
        else "\n".join(part["text"] for part in block["elements"] if part["type"] == "mrkdwn")
        for block in blocks
        if block["type"] in ("section", "header", "context")
    )


def buttons(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Action and value of each button."""
    found = (element for block in blocks if block["type"] == "actions" for element in block["elements"])
    return [(element["action_id"], element["value"]) for element in found]


def test_it_tells_the_newest_reading_with_its_age_and_reads_nothing(house: House) -> None:
    assert NOT_READ_YET in words(house.open_home(ERIN))
    house.observe()
    house.clock.advance(minutes=4)
    house.tenant.value = SettingValue.OPTED_IN
    reads = house.tenant.reads
    told = words(house.open_home(ERIN))
    assert house.tenant.reads == reads
    assert "*not set*" in told
    assert says("four_minutes_before_this_was_drawn") in told


def test_a_reading_that_failed_since_then_is_told(house: House) -> None:
    house.observe()
    house.tenant.unreadable = UNREADABLE
    house.clock.advance(minutes=11)
    house.observe()
    told = words(house.open_home(ERIN))
    assert "*not set*" in told
    assert says("since_then_it_could_not_be_read", problem=UNREADABLE.sentence) in told


def test_whoever_may_decide_has_the_buttons_whoever_asked_has_theirs_and_the_others_are_told(
    house: House,
) -> None:
    house.observe()
    number = house.ask(ALICE).id
    value = str(number)
    for person in (BOB, DAVE):
        page = house.open_home(person)
        assert [("approve", value), ("reject", value), ("what_if", value)] == buttons(page)[4:]
        assert says("asks_to_opt_in", number=number, person=ALICE) in words(page)
        assert "Scanners in Zürich" in words(page)
    asked = house.open_home(ALICE)
    assert buttons(asked)[4:] == [("withdraw", value)]
    assert says("request_opt_in", number=number) in words(asked)
    assert buttons(house.open_home(ERIN))[4:] == []
    assert says("nothing_waits", number=number, person=ALICE) in words(house.open_home(ERIN))


def test_a_vote_on_the_page_counts_and_the_page_is_drawn_anew(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.open_home(BOB)
    house.press_home("approve", BOB, number)
    assert [vote.person_id for vote in house.votes(number)] == [BOB]
    assert says("is_counted_1_more_needed", number=number) in house.answer(BOB)
    assert ("take_back", str(number)) in buttons(house.home(BOB))
    assert house.windows.published == [BOB, BOB]
    house.open_home(CAROL)
    house.press_home("approve", CAROL, number)
    assert house.request(number).state is State.APPROVED
    assert ("approve", str(number)) not in buttons(house.home(CAROL))


def test_a_rejection_on_the_page_asks_for_the_reason(house: House) -> None:
    number = house.ask(ALICE).id
    house.open_home(BOB)
    house.press_home("reject", BOB, number)
    assert house.request(number).state is State.REJECTED
    assert [view["callback_id"] for view in house.windows.opened] == ["rejection"]


def test_a_press_on_a_page_that_showed_another_rule_or_nothing_does_not_count_until_it_was_drawn(
    house: House,
) -> None:
    number = house.ask(ALICE).id
    house.press_home("approve", BOB, number)
    assert says("your_page_did_not_show", number=number) in house.answer(BOB)
    house.open_home(BOB)
    house.clock.advance(minutes=2)
    house.start(replace(RULE, max_window=TWO.max_window * 2))
    house.deliver()
    house.clock.advance(minutes=2)
    house.press_home("approve", BOB, number)
    assert house.votes(number) == []
    house.clock.advance(minutes=2)
    house.press_home("approve", BOB, number)
    assert house.request(number).state is State.APPROVED


def test_a_press_from_before_the_page_was_drawn_anew_does_not_count(house: House) -> None:
    number = house.ask(ALICE).id
    house.open_home(BOB)
    house.clock.advance(minutes=2)
    house.start(replace(RULE, max_window=TWO.max_window * 2))
    house.deliver()
    house.clock.advance(minutes=5)
    before = house.clock.at
    house.clock.advance(seconds=1)
    house.open_home(BOB)
    house.press_home("approve", BOB, number, at=before)
    assert house.votes(number) == []
    house.press_home("approve", BOB, number)
    assert house.request(number).state is State.APPROVED


def test_a_press_that_is_faster_than_the_keeping_of_what_was_shown_counts(house: House) -> None:
    number = house.ask(ALICE).id
    seen = house.clock.at
    publish = house.windows.views_publish

    def slowly(**page: Any) -> Any:
        answer = publish(**page)
        house.clock.advance(seconds=5)
        return answer

    house.windows.views_publish = slowly  # type: ignore[method-assign]
    house.open_home(BOB)
    house.press_home("approve", BOB, number, at=seen + timedelta(milliseconds=300))
    assert house.request(number).state is State.APPROVED


def test_who_may_not_decide_is_refused_by_the_page_as_by_the_card(house: House) -> None:
    number = house.ask(ALICE).id
    for person in (ALICE, ERIN):
        house.open_home(person)
        house.press_home("approve", person, number)
    assert house.votes(number) == []
    assert says("somebody_else_has_to_decide_it") in house.answer(ALICE)
    assert says("you_are_not_one_of_the_approvers") in house.answer(ERIN)


def test_the_forms_open_from_the_page_and_answer_by_direct_message(house: House) -> None:
    house.observe()
    house.open_home(ALICE)
    for action in ("open_opt_in", "open_opt_out"):
        house.press_home(action, ALICE, 0)
    opened = [(view["callback_id"], view.get("private_metadata", "")) for view in house.windows.opened]
    assert opened == [("opt_in", ""), ("opt_out", "")]
    house.submit(
        "opt_in", ALICE, "", reason="Old", clients="One", protocols=["pop3"], day=house.clock.at.date()
    )
    house.deliver()
    assert [(said.person, said.channel) for said in house.board.said] == [(ALICE, None)]
    house.press_home("open_history", ERIN, 0)
    assert house.windows.said[-1]["channel"] == f"D{ERIN}"


TURNED_AWAY = [
    ({"is_guest": True}, says("guest_accounts_cannot_use_this")),
    ({"is_stranger": True}, says("only_members_of_this_workspace")),
    ({"deleted": True}, says("this_account_is_deactivated")),
]


@pytest.mark.parametrize(("changed", "told"), TURNED_AWAY)
def test_guests_strangers_and_the_deactivated_read_one_sentence(
    house: House, changed: dict[str, bool], told: str
) -> None:
    house.ask(ALICE)
    house.workspace.change(ERIN, **changed)
    (only,) = house.open_home(ERIN)
    assert told in only["text"]["text"]
    assert house.events("refused") == []


def test_a_page_whose_group_cannot_be_looked_up_says_so(house: House) -> None:
    house.ask(ALICE)
    house.clock.advance(minutes=2)  # for a minute what was known of the group serves
    house.workspace.silent.add(MAIL)
    assert says("could_not_be_looked_up") in words(house.open_home(DAVE))


def test_where_there_are_no_legacy_hosts_nothing_is_offered_but_history(house: House) -> None:
    house.cloud = HIGH
    house.start(RULE)
    assert [action for action, _ in buttons(house.open_home(ALICE))] == ["open_history"]


def test_a_window_shows_how_long_it_is_still_open_and_is_the_first_of_the_next_dates(house: House) -> None:
    house.observe()
    house.approve(BOB, house.ask(ALICE).id)
    house.work()
    page = house.open_home(ALICE)
    assert says("opted_in_until_20_days_left") in words(page)
    assert says("the_opt_in_ends_first") in words(page)
    assert [action for action, _ in buttons(page)] == [
        "open_extension",
        "open_opt_out",
        "open_history",
        "devices_all",
    ]


def test_it_takes_one_statement_however_much_is_on_record(house: House) -> None:
    house.observe()
    for _ in range(15):
        house.press("withdraw", ALICE, house.ask(ALICE).id)
        house.clock.advance(minutes=2)
    house.ask(ALICE)
    house.open_home(ALICE)
    spoken: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *args: spoken.append(args[2]))
    page = house.dispatch.query(Homes).page(ALICE)
    assert len([text for text in spoken if not text.startswith("PRAGMA")]) == 1
    assert len(page.rows.own) == MOST_OWN


def test_the_whole_way_from_opening_it_to_publishing_takes_one_statement_where_nothing_is_new(
    both: House,
) -> None:
    both.observe()
    both.ask(ALICE)
    both.open_home(BOB)
    spoken: list[str] = []
    event.listen(both.database.engine, "before_cursor_execute", lambda *args: spoken.append(args[2]))
    both.open_home(BOB)
    # Every reading of PostgreSQL begins with how long it may wait for a lock.
    assert len([text for text in spoken if not text.startswith(("PRAGMA", "SET LOCAL"))]) == 1
    assert both.windows.published == [BOB, BOB]


def test_nobodys_page_is_published_for_what_others_do(house: House) -> None:
    for person in (ALICE, BOB, CAROL):
        house.open_home(person)
    number = house.ask(ALICE).id
    house.press("approve", BOB, number)
    house.work()
    assert house.windows.published == [ALICE, BOB, CAROL, ALICE, BOB]


def test_it_reads_the_same_on_both_databases(both: House) -> None:
    both.observe()
    both.start(TWO)
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    page = both.dispatch.query(Homes).page(CAROL)
    assert page.waits == both.request(number)
    assert page.tally is not None
    assert page.tally.approved_by == (BOB,)
    assert (page.rows.seen, page.rows.baseline) == (both.observation(), both.baseline())
    assert [request.id for request in both.dispatch.query(Homes).page(ALICE).rows.own] == [number]


def test_a_row_of_the_baseline_that_does_not_agree_is_not_believed(house: House) -> None:
    house.observe()
    house.approve(BOB, house.ask(ALICE).id)
    house.work()
    end = house.baseline().window_end  # type: ignore[union-attr]
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE baselines SET window_end = '2031-01-01 00:00:00.000000'")
    assert house.dispatch.query(Homes).page(ALICE).rows.baseline.window_end == end  # type: ignore[union-attr]


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_the_page_and_the_chooser_fit_and_nothing_typed_does_harm(house: House, text: str) -> None:
    house.observe()
    house.start(TWO)
    fullest = {
        "reason": text,
        "clients": text,
        "detail": text[:300],
        "protocols": tuple(MailProtocol),
        "window_end": house.clock(),
    }
    with house.ledger.recording(house.clock()) as entry:
        entry.open(
            Kind.OPT_IN, requester_id=ALICE, requester_enterprise_id=None, door=Door.COMMAND,
            to_value=SettingValue.OPTED_IN, from_value=SettingValue.NOT_SET, rule_digest=TWO.digest,
            expires_at=house.clock() + DAY, waiting=None, **fullest,
        )  # fmt: skip
    for person in (BOB, ALICE):
        house.open_home(person)
        view = {name: value for name, value in house.windows.homes[person].items() if name != "hash"}
        assert view_problems(json.loads(json.dumps(view))) == []
        for shown in marked_up(view):
            harmless(shown)
    use_shortcut(house, BOB)
    assert view_problems(json.loads(json.dumps(house.windows.opened[-1]))) == []


# The shortcut


def use_shortcut(house: House, person: str) -> None:
    body = {"type": "shortcut", "callback_id": "legacytls", "user": {"id": person}, "trigger_id": "1.2.abc"}
    Shortcut(house.edge).listen(lambda *a, **k: None, body, Respond(response_url=None, proxy=None, ssl=None))  # type: ignore[arg-type]


def test_the_shortcut_opens_what_can_be_done_and_is_refused_to_a_guest(house: House) -> None:
    house.observe()
    number = house.ask(ALICE).id
    use_shortcut(house, ERIN)
    (opened,) = house.windows.opened
    ways = ["open_opt_in", "open_opt_out", "open_history", "devices_all", "what_if"]
    assert [action for action, _ in buttons(opened["blocks"])] == ways
    assert ("what_if", str(number)) in buttons(opened["blocks"])
    house.workspace.change(BOB, is_guest=True)
    use_shortcut(house, BOB)
    assert len(house.windows.opened) == 1
    assert says("guest_accounts_cannot_use_this") in house.windows.said[-1]["text"]


def test_a_shortcut_whose_form_does_not_open_is_told(house: House) -> None:
    house.windows.trouble = Unavailable(
        "Slack's three seconds for opening a form were over.", mend="Try once more."
    )
    use_shortcut(house, ERIN)
    assert house.windows.said[-1]["text"].startswith(says("this_could_not_be_done"))
