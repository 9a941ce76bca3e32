"""Whatever is said about a change names its number, refusals and troubles too; what ended unmade can be asked
for again."""

import pytest

from handlers.slack.views import cards, status_view
from storage.lifecycle import Kind, State
from storage.records import SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, CAROL, ERIN, House
from tests.handlers.filled_forms import HIGH
from tests.sentences import says


@pytest.fixture
def number(house: House) -> int:
    pending = house.ask(ALICE).id
    house.card_ts(pending)
    return pending


@pytest.mark.parametrize("act", ["approve", "reject", "withdraw", "take_back"])
@pytest.mark.parametrize("person", [ALICE, ERIN])
def test_a_refused_click_names_the_change(house: House, number: int, act: str, person: str) -> None:
    if (act, person) == ("withdraw", ALICE):
        house.press(act, person, number)
    house.press(act, person, number)
    assert f"#{number}" in house.answer(person)


def test_a_person_who_cannot_be_checked_hears_of_which_change(house: House, number: int) -> None:
    house.workspace.silent.add(BOB)
    house.approve(BOB, number)
    assert house.answer(BOB).startswith(says("nothing_was_changed", number=number))
    house.react(BOB, number)
    assert house.answers(BOB)[-1].startswith(says("nothing_was_changed", number=number))


@pytest.mark.parametrize("action", ["again", "extend", "opt_out_now", "it_was_me"])
def test_a_refused_button_names_the_change(house: House, number: int, action: str) -> None:
    house.press(action, ERIN, number)
    assert f"#{number}" in house.windows.said[-1]["text"]


def again(house: House, number: int) -> list[str]:
    """The actions behind "Ask again" on a request's message as it was last drawn."""
    house.deliver()
    view = next(view for _, view in reversed(house.board.cards) if view.request.id == number)
    blocks = cards.card(view, house.context.zone).arguments()["blocks"]
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row if element["text"]["text"] == "Ask again"]


def test_a_lapsed_extension_is_asked_for_again_as_an_extension(house: House) -> None:
    approved(house)
    house.work()
    extension = house.ask(
        ALICE, kind="extension", day=house.clock.at.date().replace(year=2027, month=1, day=5)
    )
    assert extension.kind is Kind.EXTENSION
    house.clock.advance(hours=25)
    house.work()
    assert house.request(extension.id).state is State.EXPIRED
    assert again(house, extension.id) == ["extend"]


def test_what_an_opt_out_superseded_is_asked_for_again_as_an_opt_in(house: House, number: int) -> None:
    house.opt_out(CAROL)
    house.work()
    assert house.request(number).state is State.SUPERSEDED
    assert again(house, number) == ["again"]
    house.press("again", ALICE, number)
    assert house.windows.opened[-1]["callback_id"] == "opt_in"


@pytest.mark.parametrize("value", list(SettingValue))
def test_where_there_are_no_legacy_hosts_the_value_means_something_else(
    house: House, value: SettingValue
) -> None:
    house.tenant.value = value
    house.cloud = HIGH
    house.start(house.context.rule)
    said = status_view.status(house.dispatch.status.report(), house.context.zone).text
    assert f"*{value.value}*" in said
    assert "GCC High" in said
    assert says("are_allowed") not in said
