"""The stream's settings: what is refused, in which words, and that neither is ever shown."""

import json

import pytest

from bot.settings.load import WrongSettings, load
from tests.bot.checks.conftest import Setup, microsoft, setup  # noqa: F401 - fixtures
from tests.bot.drawing import drawn_once  # noqa: F401 - what they need
from tests.bot.settings.test_load import Put, put  # noqa: F401 - a fixture
from tests.bot.stream.receiving import SECRET
from tests.sentences import says

URL = "https://events.example.com/in/canary?token=canary"


def wrong(put: Put, **written: str | None) -> list[str]:  # noqa: F811
    put(**written)
    with pytest.raises(WrongSettings) as told:
        load()
    return told.value.lines


def test_both_together_are_right_and_neither_is_shown(put: Put) -> None:  # noqa: F811
    put(LEGACYTLS_EVENTS_URL=URL, LEGACYTLS_EVENTS_SECRET=SECRET)
    found = load()
    assert "canary" not in repr(found)
    assert SECRET not in repr(found)
    assert {secret.get_secret_value() for secret in found.secrets()} >= {URL, SECRET}
    on_record = json.dumps(found.on_record())
    assert "https://events.example.com" in on_record
    assert "canary" not in on_record


@pytest.mark.parametrize(
    "url",
    [
        "http://events.example.com/", "ftp://events.example.com/", "events.example.com",
        "https://me:canary@events.example.com/",
        "https://events.example.com/#canary", "http://127.0.0.1.example.com/", "http://10.0.0.1/", "https://",
        "wss://127.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_is_https_or_this_machine(put: Put, url: str) -> None:  # noqa: F811
    (line,) = wrong(put, LEGACYTLS_EVENTS_URL=url, LEGACYTLS_EVENTS_SECRET=SECRET)
    assert line.startswith("LEGACYTLS_EVENTS_URL: write an address that begins with https://")
    assert "canary" not in line


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:9/", "https://10.0.0.1/hook"]
)
def test_this_machine_may_be_plain_and_a_private_address_may_be_named(put: Put, url: str) -> None:  # noqa: F811
    put(LEGACYTLS_EVENTS_URL=url, LEGACYTLS_EVENTS_SECRET=SECRET)
    assert load().events_url is not None


@pytest.mark.parametrize(
    "secret", ["whsec_canary", SECRET.removeprefix("whsec_"), "whsec_" + "A" * 31, "whsec_!!!!" + "A" * 40]
)
def test_a_secret_has_twenty_four_bytes_or_more(put: Put, secret: str) -> None:  # noqa: F811
    (line,) = wrong(put, LEGACYTLS_EVENTS_URL=URL, LEGACYTLS_EVENTS_SECRET=secret)
    assert line.startswith("LEGACYTLS_EVENTS_SECRET: write whsec_ and 24 to 64 bytes")
    assert secret not in line


def test_one_without_the_other_is_a_mistake(put: Put) -> None:  # noqa: F811
    (line,) = wrong(put, LEGACYTLS_EVENTS_URL=URL)
    assert line == says("legacytls_events_secret_is_not_set_and")
    (line,) = wrong(put, LEGACYTLS_EVENTS_URL=None, LEGACYTLS_EVENTS_SECRET=SECRET)
    assert line == says("legacytls_events_url_is_not_set_and")


def test_check_says_how_far_the_receiver_has_got_and_posts_nothing(setup: Setup) -> None:  # noqa: F811
    setup.set(LEGACYTLS_EVENTS_URL="http://127.0.0.1:9/canary", LEGACYTLS_EVENTS_SECRET=SECRET)
    _, verdicts = setup.check()
    assert verdicts["Event stream"]["outcome"] == "ok"
    assert verdicts["Event stream"]["finding"] == says("http_127_0_0_1_9_has")
