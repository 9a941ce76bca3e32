"""What status says of an end that is not there, and of a tenant or drift that is not known yet."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.slack.views import status_view
from storage.lifecycle import State
from storage.records import ChangeRequest, SettingValue
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import LATE, UNREADABLE
from tests.handlers.queries.test_status import IN, NOT_SET, OUT, shown
from tests.sentences import says


def given_an_end(house: House) -> ChangeRequest:
    """An applied extension of an opt-in that had no end."""
    number = house.ask(ALICE, kind="extension").id
    house.approve(BOB, number)
    house.run()
    assert house.request(number).state is State.APPLIED
    return house.request(number)


@pytest.mark.parametrize("noticed", ["at first sight", "as drift", "not yet"])
def test_an_opt_in_without_an_end_says_so_until_an_extension_gives_it_one(house: House, noticed: str) -> None:
    if noticed == "as drift":
        house.observe()
    house.tenant.value = IN
    if noticed != "not yet":
        house.clock.advance(minutes=11)
        house.observe()
    assert says("no_end_is_set_legacytls_extend_asks") in shown(house)
    day = house.clock.at.date() + timedelta(days=20)
    house.submit(
        "opt_in", BOB, "C0CHANGES", reason="Scanners", clients="Dave's", protocols=["smtp-auth"], day=day
    )
    assert says("legacytls_extend_asks_to_keep_it_longer") in house.answer(BOB)
    end = given_an_end(house).window_end
    assert end is not None
    assert says("ends_by_itself_2") in shown(house)
    assert says("no_end_is_set") not in shown(house)


def test_during_drift_it_is_the_live_value_that_has_no_end_and_not_the_last_change(house: House) -> None:
    house.opt_out(BOB)
    house.work()
    house.tenant.value = IN
    told = status_view.status(house.dispatch.status.report(), house.context.zone).arguments()["blocks"]
    (endless,) = [block["text"]["text"] for block in told if "No end is set" in str(block)]
    assert endless.startswith(says("rotating_light_drift"))


@pytest.mark.parametrize("value", [OUT, NOT_SET])
def test_only_an_opt_in_is_said_to_have_no_end(house: House, value: SettingValue) -> None:
    house.tenant.value = value
    house.observe()
    assert says("no_end_is_set") not in shown(house)


def test_an_opt_in_that_is_on_its_way_is_not_said_to_have_no_end(house: House) -> None:
    house.observe()
    approved(house)
    house.tenant.outcomes.append(LATE)
    house.run()
    house.tenant.land()
    assert says("no_end_is_set") not in shown(house)


def test_the_tenant_is_named_by_the_settings_while_it_cannot_be_read(house: House) -> None:
    house.tenant.unreadable = UNREADABLE
    assert says("tenant_not_known_yet") in shown(house)
    house.dispatch.status._context = replace(house.context, organization="fabrikam.onmicrosoft.com")
    assert says("tenant_fabrikam_onmicrosoft_com") in shown(house)


def test_the_tenant_is_named_by_the_last_reading_while_it_cannot_be_read(house: House) -> None:
    house.observe()
    house.tenant.unreadable = UNREADABLE
    assert says("tenant_contoso_onmicrosoft_com") in shown(house)


def test_an_answer_that_names_no_tenant_is_shown_with_a_warning(house: House) -> None:
    house.tenant.organization = None
    text = shown(house)
    assert "*not set*" in text
    assert says("did_not_name_its_tenant_nothing_is") in text
    house.tenant.organization = "contoso.onmicrosoft.com"
    assert says("did_not_name") not in shown(house)
