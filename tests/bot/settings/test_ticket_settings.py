"""The settings of change tickets: a pattern that cannot hold the bot up, and an address that leads to one
host."""

import pytest

from bot.settings.load import load
from tests.bot.settings.test_load import Put, put, refused  # noqa: F401 - a fixture

ADDRESS = "https://tickets.example/#/browse/{ticket}?a=b"


def named() -> list[str]:
    return [line.split(":")[0] for line in refused()]


@pytest.mark.parametrize("wrong", ["[a", "(a+)+", "x" * 201, r"(\d)\1"])
def test_a_pattern_that_is_none_or_too_slow_is_refused_by_name(put: Put, wrong: str) -> None:  # noqa: F811
    put(LEGACYTLS_TICKET_PATTERN=wrong)
    assert named() == ["LEGACYTLS_TICKET_PATTERN"]


@pytest.mark.parametrize(
    "wrong",
    [
        *("tickets.example/{ticket}", "https://tickets.example/", "ftp://tickets.example/{ticket}"),
        *(
            "https://{ticket}.example/",
            "https://tickets.example/{ticket}>",
            "https://canary@tickets.example/{ticket}",
        ),
        *(f"https://tickets.example/{{ticket}}/{'x' * 500}", "{ticket}"),
    ],
)
def test_an_address_needs_one_host_and_a_place_for_the_number(put: Put, wrong: str) -> None:  # noqa: F811
    put(LEGACYTLS_TICKET_PATTERN=r"CHG-\d+", LEGACYTLS_TICKET_URL=wrong)
    assert named() == ["LEGACYTLS_TICKET_URL"]


def test_a_pattern_may_stand_alone_an_address_may_not(put: Put) -> None:  # noqa: F811
    put(LEGACYTLS_TICKET_URL=ADDRESS)
    assert named() == ["LEGACYTLS_TICKET_URL"]
    put(LEGACYTLS_TICKET_URL=ADDRESS, LEGACYTLS_TICKET_PATTERN=r"(INC|CHG)\d{7}")
    found = load()
    assert (found.ticket_pattern, found.ticket_url) == (r"(INC|CHG)\d{7}", ADDRESS)
    assert found.on_record()["LEGACYTLS_TICKET_PATTERN"] == r"(INC|CHG)\d{7}"
    put(LEGACYTLS_TICKET_URL=None)
    assert load().ticket_url is None
