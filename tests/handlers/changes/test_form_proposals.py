"""What a form holds when it opens: what was asked before, the window that it replaces, and a day that can be
taken."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from storage.records import MailProtocol, SettingValue
from tests.handlers.driver import ALICE, BOB, RULE, House
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import JSON, fields, words
from tests.sentences import says

CLIENTS = "Ricoh MP 301, owner: Facilities"


def form(house: House) -> JSON:
    """What is filled into the form that was opened last, by field; the day's hint as well."""
    blocks = fields(house.windows.opened[-1])
    options = blocks["protocols"]["element"]["initial_options"]
    return {
        "reason": blocks["reason"]["element"].get("initial_value", ""),
        "clients": blocks["clients"]["element"].get("initial_value", ""),
        "protocols": [option["value"] for option in options],
        "day": blocks["day"]["element"]["initial_date"],
        "hint": blocks["day"]["hint"]["text"],
    }


def opted_in(house: House, **filled: object) -> int:
    """The number of an opt-in that was applied."""
    number = house.ask(ALICE, **{"clients": CLIENTS, "protocols": [MailProtocol.POP3.value]} | filled).id
    house.approve(BOB, number)
    house.run()
    return number


def test_the_command_to_extend_opens_what_was_asked_before_and_says_until_when_it_runs(house: House) -> None:
    opted_in(house, day=date(2026, 12, 25))
    say(house, "extend", ALICE)
    filled = form(house)
    assert (filled["clients"], filled["protocols"], filled["day"]) == (CLIENTS, ["pop3"], "2027-01-24")
    assert filled["reason"]
    assert filled["hint"].startswith(says("the_opt_in_runs_until_24_00"))


def test_what_is_proposed_for_an_extension_can_be_taken(house: House) -> None:
    opted_in(house, day=date(2027, 2, 10), protocols=[MailProtocol.SMTP_AUTH.value])
    say(house, "extend", ALICE)
    assert form(house)["day"] == "2027-02-20"  # the maximum, as the default would be later
    extension = house.ask(ALICE, kind="extension", day=date.fromisoformat(form(house)["day"]))
    assert extension.kind.value == "extension"


def test_where_no_later_day_can_be_chosen_the_form_proposes_an_earlier_one(house: House) -> None:
    opted_in(house, day=date(2027, 2, 20), protocols=[MailProtocol.SMTP_AUTH.value])
    say(house, "extend", ALICE)
    assert form(house)["day"] == "2027-02-19"


def test_where_no_other_day_can_be_chosen_no_form_opens(house: House) -> None:
    opted_in(house, day=date(2027, 2, 20), protocols=[MailProtocol.SMTP_AUTH.value])
    house.clock.at = datetime(2027, 2, 20, 12, tzinfo=UTC)
    house.start(replace(RULE, max_window=timedelta(hours=13)))
    opened = len(house.windows.opened)
    say(house, "extend", ALICE)
    assert says("runs_until_24_00_of_20_february") in house.windows.said[-1]["text"]
    assert len(house.windows.opened) == opened


def test_a_change_made_outside_is_adopted_with_an_empty_form(house: House) -> None:
    house.observe()
    house.clock.advance(minutes=11)
    house.tenant.value = SettingValue.OPTED_IN
    house.observe()
    house.press("extend", ALICE, house.newest().id)
    filled = form(house)
    assert (filled["reason"], filled["clients"], filled["protocols"]) == ("", "", ["smtp-auth"])
    assert filled["day"] == "2026-12-23"
    assert says("runs_until") not in filled["hint"]
    assert house.windows.opened[-1]["title"]["text"] == says("adopt_the_opt_in")


@pytest.mark.parametrize(
    ("asked", "later", "proposed"), [("2026-12-01", 1, "2026-12-01"), ("2026-12-01", 9, "2027-01-01")]
)
def test_asking_again_keeps_the_day_as_long_as_it_can_be_taken(
    house: House, asked: str, later: int, proposed: str
) -> None:
    number = house.ask(ALICE, day=date.fromisoformat(asked)).id
    house.card_ts(number)
    house.clock.advance(days=later)
    house.work()
    house.press("again", ALICE, number)
    assert form(house)["day"] == proposed


def test_asking_again_for_an_extension_keeps_its_day(house: House) -> None:
    opted_in(house, day=date(2026, 12, 25))
    number = house.ask(ALICE, kind="extension", day=date(2027, 1, 5)).id
    house.card_ts(number)
    house.press("withdraw", ALICE, number)
    house.press("extend", ALICE, number)
    assert form(house)["day"] == "2027-01-05"


def test_who_opts_out_of_what_was_never_set_reads_that_old_tls_is_refused_already(house: House) -> None:
    house.observe()
    say(house, "disable", BOB)
    said = words(house.windows.opened[-1])
    assert says("the_live_value_was_not_set_when") in said
    assert says("if_it_still_is_old_tls_is") in said
    assert says("not_set_can_probably_not_be_restored") in said


@pytest.mark.parametrize("value", [None, SettingValue.OPTED_IN])
def test_who_opts_out_of_what_is_opted_in_or_unknown_reads_no_caveat(
    house: House, value: SettingValue | None
) -> None:
    if value is not None:
        house.tenant.value = value
        house.observe()
    say(house, "disable", BOB)
    assert says("when_it_was_last_read") not in words(house.windows.opened[-1])
