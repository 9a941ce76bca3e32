"""Once Microsoft's plan has taken old TLS from a protocol, nobody asks, decides or opts out without reading
so."""

from datetime import UTC, datetime

import pytest

from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.outgoing.test_refusals import say
from tests.handlers.outgoing.test_what_cards_say import card, thread
from tests.journeys.words import JSON, words
from tests.sentences import says

AFTER = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
REMOVED = "legacy TLS was to be removed 1 August to 31 December 2026 (as published; checked 30 November 2026)"
IN_VAIN = f"for POP3 and IMAP4 {REMOVED}, so the setting is not expected to help any device named here."


def bold(shown: JSON) -> list[str]:
    return [line for line in words(shown).splitlines() if line.startswith(":warning: *")]


def test_who_asks_for_removed_protocols_alone_and_who_decides_is_warned_and_nobody_refused(
    house: House,
) -> None:
    house.clock.at = AFTER
    number = house.ask(ALICE, protocols=["pop3", "imap4"]).id
    assert house.answer(ALICE).endswith(f" Mind: {IN_VAIN}")
    shown = card(house, number)
    assert bold(shown) == [says("the_setting_is_not_expected_to_help")]
    assert REMOVED[REMOVED.index("was") :] in thread(house, number)
    assert [block["type"] for block in shown["blocks"][-2:]] == ["actions", "context"]
    house.approve(BOB, number)
    assert "Mind" not in words(card(house, number))


@pytest.mark.parametrize(
    ("at", "protocols"), [(AFTER, ["smtp-auth", "pop3"]), (AFTER, ["smtp-auth"]), (None, ["pop3"])]
)
def test_who_asks_for_what_the_setting_may_still_help_is_not_warned(
    house: House, at: datetime | None, protocols: list[str]
) -> None:
    house.clock.at = at or house.clock.at
    number = house.ask(ALICE, protocols=protocols).id
    assert "Mind" not in house.answer(ALICE)
    assert bold(card(house, number)) == []


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (AFTER, REMOVED),
        (None, "legacy TLS is being removed 1 August to 31 December 2026 whatever the setting says"),
    ],
)
def test_who_opts_out_reads_of_each_host_what_status_says_of_its_protocol(
    house: House, at: datetime | None, told: str
) -> None:
    house.clock.at = at or house.clock.at
    say(house, "disable", BOB)
    said = words(house.windows.opened[-1]).splitlines()
    assert says("smtp_legacy_office365_com") in said
    for host in ("pop", "imap"):
        assert says("legacy_office365_com", host=host, told=told) in said


def test_status_does_not_call_smtp_auth_the_only_thing_while_others_may_still_be_cut_off(
    house: House,
) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    (_, effect), *_ = house.dispatch.status.report().effects
    assert effect.startswith(says("this_is_the_only_thing_the_setting_still_surely"))
